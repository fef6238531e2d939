import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { startThrough, type Through } from "./through.ts";
import { Wire } from "./wire.ts";

for (const version of serverVersions) {
  describe(`ends of sessions through the relay to PostgreSQL ${version}`, () => {
    let server: TestServer;
    let through: Through;
    before(async () => {
      server = await startServer({ version });
      await server.asSuperuser("create table t (a int)");
      through = await startThrough(server);
    });
    after(async () => {
      await through.listener.stop();
      await server.stop();
    });
    const count = async (sql: string): Promise<number> =>
      Number((await server.asSuperuser<{ n: string }>(`select count(*) as n from ${sql}`))[0]?.n);
    /** Waits until the condition holds; the test's own time limit ends it otherwise. */
    const eventually = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
      while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const idOf = (marker: string) => {
      const found = through.guard.admissions.findLast(({ text }) => text.includes(marker));
      assert.ok(found !== undefined);
      return found.id;
    };
    const running = (marker: string) =>
      count(`pg_stat_activity where query like '%${marker}%' and state <> 'idle' and pid <> pg_backend_pid()`);

    test("a client that is lost takes its statement with it", { timeout: 20_000 }, async () => {
      const wire = await Wire.connect(through.url());
      wire.send("Q insert into t select 1 from pg_sleep(600) /* marker_one */");
      await eventually(async () => (await running("marker_one")) === 1);
      wire.close();
      await eventually(async () => (await running("marker_one")) === 0);
      assert.equal(await count("t"), 0);
      const id = idOf("marker_one");
      await eventually(() => through.guard.settled.has(id));
      assert.equal(through.guard.settled.get(id)?.status, "unknown");
    });

    test("a client that is lost while it is not read, because it waits for the server", { timeout: 30_000 }, async () => {
      const wire = await Wire.connect(through.url());
      wire.send("Q insert into t select 1 from pg_sleep(600) /* marker_paused */");
      await eventually(async () => (await running("marker_paused")) === 1);
      wire.send(...Array.from({ length: 2000 }, (_, i) => `Q select '${"x".repeat(1000)}', ${i}`));
      await new Promise((resolve) => setTimeout(resolve, 300));
      wire.close();
      await eventually(async () => (await running("marker_paused")) === 0);
      assert.equal(await count("t"), 0);
    });

    test("a client that is lost inside a transaction: rolled back", { timeout: 20_000 }, async () => {
      const wire = await Wire.connect(through.url());
      wire.send("Q begin", "Q insert into t values (1)");
      await wire.until("Z", 2);
      wire.close();
      await eventually(async () => (await count("pg_stat_activity where state = 'idle in transaction'")) === 0);
      assert.equal(await count("t"), 0);
      await eventually(() => through.guard.ended.at(-1)?.end === "rolled_back");
    });

    test("a client that is lost while its text is judged: nothing is run later", { timeout: 20_000 }, async () => {
      through.guard.slow = true;
      const wire = await Wire.connect(through.url());
      wire.send("Q insert into t values (2)");
      wire.close();
      await eventually(() => through.guard.closed.length >= 3);
      await new Promise((resolve) => setTimeout(resolve, 100));
      through.guard.slow = false;
      const act = through.guard.admissions.findLast(({ text }) => text.includes("values (2)"));
      if (act !== undefined) assert.ok(through.guard.settled.has(act.id));
    });

    test("a server that ends the session: its own words, then the end", { timeout: 20_000 }, async () => {
      const wire = await Wire.connect(through.url());
      wire.send("Q select pg_sleep(600) /* marker_two */");
      await eventually(async () => (await running("marker_two")) === 1);
      await server.asSuperuser(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%marker_two%' and pid <> pg_backend_pid()",
      );
      assert.match(await wire.until("never"), /E:57P01 \(closed\)$/);
      const id = idOf("marker_two");
      await eventually(() => through.guard.settled.get(id)?.status === "unknown");
    });

    test("a cancel request reaches the statement", { timeout: 20_000 }, async () => {
      const wire = await Wire.connect(through.url());
      wire.send("Q select pg_sleep(600) /* marker_three */");
      await eventually(async () => (await running("marker_three")) === 1);
      through.handovers.at(-1)?.cancelServer();
      assert.match(await wire.until("Z"), /E:57014 Z:I$/);
      wire.close();
    });

    test("a slow reader of a large result does not fill our memory", { timeout: 60_000 }, async () => {
      const wire = await Wire.connect(through.url());
      wire.pause();
      wire.send("Q select repeat('x', 20000) from generate_series(1, 8000)");
      await new Promise((resolve) => setTimeout(resolve, 300));
      const early = process.memoryUsage().arrayBuffers;
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.ok(process.memoryUsage().arrayBuffers - early < 8 * 1024 * 1024);
      wire.resume();
      assert.match(await wire.until("Z"), /C:SELECT_8000 Z:I$/);
      wire.close();
    });

    test("a slow server does not let a COPY fill our memory", { timeout: 60_000 }, async () => {
      await server.asSuperuser("create table slow (a text, check (pg_sleep(0.002) is not null))");
      const wire = await Wire.connect(through.url());
      wire.send("Q copy slow from stdin");
      await wire.until("G");
      const sent = await wire.flood(
        Buffer.concat([Buffer.from([0x64, 0, 0, 0x40, 4]), Buffer.alloc(0x4000 - 1, "x"), Buffer.from("\n")]),
        700,
      );
      assert.ok(sent < 48 * 1024 * 1024, `${sent} bytes were taken while the server took few`);
      wire.close();
      await eventually(async () => (await running("copy slow")) === 0);
    });

    test("stopping lets a running statement finish within its time", { timeout: 20_000 }, async () => {
      const own = await startThrough(server);
      const [busy, idle] = [await Wire.connect(own.url()), await Wire.connect(own.url())];
      busy.send("Q select pg_sleep(0.3)");
      await eventually(() => own.guard.admissions.length === 1);
      const stopped = own.listener.stop();
      assert.equal(await idle.until("never"), "E:57P01 (closed)");
      assert.equal(await busy.until("never"), "T D C:SELECT_1 Z:I E:57P01 (closed)");
      await stopped;
    });
  });
}

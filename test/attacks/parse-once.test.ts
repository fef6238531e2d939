/** What was judged is what is sent: at each Execute, by the policy, names and definitions of that moment. The server is the judge. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import type pg from "pg";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { type Gateway, openGateway } from "../../src/wiring.ts";
import { serverVersions, testServer } from "../support/servers.ts";
import { errorsOf, rowsOf, saidIn, WireClient, type WireLogin } from "./wire/client.ts";
import { messages } from "./wire/frames.ts";
import { oneOf } from "./wire/ground.ts";

const fixture = `CREATE TABLE prizes (id int PRIMARY KEY); CREATE SCHEMA evil; CREATE TABLE evil.prizes (id int PRIMARY KEY);
CREATE FUNCTION look() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.prizes';
CREATE FUNCTION evil.look() RETURNS bigint LANGUAGE sql AS 'DELETE FROM public.prizes; SELECT 1::bigint';`;
const fill =
  "DELETE FROM prizes; INSERT INTO prizes SELECT generate_series(1, 9); DELETE FROM evil.prizes; INSERT INTO evil.prizes VALUES (1)";

for (const version of serverVersions) {
  describe(`what was judged is what was sent, PostgreSQL ${version}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-once-"));
    const password = randomBytes(18).toString("base64url");
    let gateway: Gateway;
    let login: WireLogin;
    let direct: pg.Client;

    /** The configuration under this policy, from a file as a user would write it. */
    function configured(policy: string): Config {
      const path = join(folder, "holdfast.yaml");
      writeFileSync(
        path,
        `version: 1
targets:
  shop: { environment: production, listen: "127.0.0.1:0", upstream: { url: { file: upstream }, tls: disable }, policy: ${policy} }
users:
  agent: { kind: ai_agent, password: { file: agent }, targets: [shop] }
`,
      );
      const loaded = loadConfig({ path });
      if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
      return loaded.config;
    }

    before(async () => {
      const server = await testServer(version);
      const database = await server.scratchDatabase(fixture);
      writeFileSync(join(folder, "upstream"), database.url(), { mode: 0o600 });
      writeFileSync(join(folder, "agent"), password, { mode: 0o600 });
      gateway = await openGateway(configured("guarded-writes"), { environment: {} });
      await gateway.start();
      const [host = "", port = ""] = (gateway.status().targets[0]?.listen ?? "").split(":");
      login = { host, port: Number(port), user: "agent", password, database: database.name };
      direct = await server.connect(database.name);
    });
    after(async () => {
      await gateway?.stop("the test is over");
      await direct?.end();
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(async () => {
      gateway.reload(configured("guarded-writes"));
      await direct.query(fill);
    });
    const left = async (): Promise<number> =>
      (await direct.query<{ n: number }>("SELECT count(*)::int AS n FROM public.prizes")).rows[0]?.n ?? 0;
    const run = (values: readonly string[], name: string) => [messages.bind(values, name), messages.execute(), messages.sync()];

    test("Parse once, Execute after the policy changed", async () => {
      const client = await WireClient.login(login);
      client.send(messages.parse("DELETE FROM prizes WHERE id = $1", "d"), messages.sync());
      await client.ready();
      client.send(...run(["1"], "d"));
      assert.deepEqual(errorsOf(await client.ready()), []);
      assert.equal(await left(), 8);
      gateway.reload(configured("read-only"));
      client.send(...run(["2"], "d"));
      assert.equal(oneOf(await client.ready()), "42501");
      assert.equal(await left(), 8);
      gateway.reload(configured("guarded-writes"));
      client.send(...run(["2"], "d"));
      assert.deepEqual(errorsOf(await client.ready()), []);
      assert.equal(await left(), 7);
      await client.end();
    });

    test("PREPARE once, EXECUTE after the policy changed, and a cursor fetched after it", async () => {
      const client = await WireClient.login(login);
      await client.simple("PREPARE d(int) AS DELETE FROM prizes WHERE id = $1");
      assert.deepEqual(errorsOf(await client.simple("EXECUTE d(1)")), []);
      gateway.reload(configured("read-only"));
      for (const text of ["EXECUTE d(2)", "EXPLAIN ANALYZE EXECUTE d(2)", "BEGIN; EXECUTE d(2); COMMIT"]) {
        assert.equal(oneOf(await client.simple(text)), "42501", text);
        if (client.status !== "I") await client.simple("ROLLBACK");
      }
      assert.equal(await left(), 8);
      await client.end();
    });

    test("Bind before the policy changed, Execute after it", async () => {
      const client = await WireClient.login(login);
      await client.simple("BEGIN");
      client.send(messages.parse("DELETE FROM prizes WHERE id = 3", "d"), messages.bind([], "d", "p"), messages.sync());
      await client.ready();
      gateway.reload(configured("read-only"));
      client.send(messages.execute("p"), messages.sync());
      const answer = await client.ready();
      client.destroy();
      assert.equal(oneOf(answer), "42501", saidIn(answer));
      assert.equal(await left(), 9);
    });

    test("a transaction begun before the policy changed ends under the new one", async () => {
      const client = await WireClient.login(login);
      await client.simple("BEGIN");
      assert.deepEqual(errorsOf(await client.simple("DELETE FROM prizes WHERE id = 4")), []);
      gateway.reload(configured("read-only"));
      assert.equal(oneOf(await client.simple("DELETE FROM prizes WHERE id = 5")), "42501");
      await client.simple("COMMIT");
      assert.equal(await left(), 9, "the refusal failed the transaction");
      await client.end();
    });

    test("Parse under one search_path, Execute under another", async () => {
      const client = await WireClient.login(login);
      client.send(messages.parse("SELECT look()", "s"), messages.sync());
      await client.ready();
      await client.simple("SET search_path = evil, public");
      client.send(...run([], "s"));
      const answer = await client.ready();
      assert.ok(oneOf(answer) === "42501" || rowsOf(answer)[0]?.[0] === "9", saidIn(answer));
      assert.equal(await left(), 9);
      await client.end();
    });

    test("what a temporary table hid is not reached by a statement that was judged for the temporary one", async () => {
      const client = await WireClient.login(login);
      await client.simple("CREATE TEMP TABLE prizes (id int)");
      client.send(messages.parse("DELETE FROM prizes", "d"), messages.bind([], "d"), messages.execute(), messages.sync());
      assert.deepEqual(errorsOf(await client.ready()), [], "the session's own");
      const gone = [messages.parse("DROP TABLE pg_temp.prizes"), messages.bind(), messages.execute()];
      client.send(...gone, messages.bind([], "d"), messages.execute(), messages.sync());
      const answer = await client.ready();
      assert.deepEqual([errorsOf(answer).length, await left()], [1, 9], saidIn(answer));
      // The refusal took the DROP back with it: the temporary one is there again, and gone for good only now.
      assert.deepEqual(errorsOf(await client.simple("DROP TABLE pg_temp.prizes")), []);
      client.send(...run([], "d"));
      assert.equal(errorsOf(await client.ready()).length, 1);
      assert.equal(await left(), 9);
      await client.end();
    });

    test("in one pipeline: the temporary table goes, its name is used", async () => {
      for (const text of ["TRUNCATE prizes", "DELETE FROM prizes"]) {
        for (const going of ["DROP TABLE prizes", "ALTER TABLE prizes RENAME TO other", "DISCARD TEMP"]) {
          const client = await WireClient.login(login);
          await client.simple("CREATE TEMP TABLE prizes (id int)");
          const step = (sql: string) => [messages.parse(sql), messages.bind(), messages.execute()];
          client.send(...step(going), ...step(text), messages.sync());
          const answer = await client.ready();
          assert.equal(errorsOf(answer).length, 1, `${going}, ${text}: ${saidIn(answer)}`);
          assert.equal(await left(), 9, `${going}, ${text}`);
          client.destroy();
        }
      }
    });
  });
}

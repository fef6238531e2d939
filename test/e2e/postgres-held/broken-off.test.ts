/** A held act that is broken off: gateway restarted or stopped, client or server killed, cancelled, suspended. Done once, or not at all. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import postgres from "postgres";
import { startServer, testServer } from "../../support/servers.ts";
import { tool } from "../../support/tools.ts";
import { type HeldScene, openHeldScene, until } from "./scene.ts";

const run = promisify(execFile);
/** Takes long enough that something can happen in the middle; each row that it changes shows it. */
const slow = "UPDATE plain SET note = coalesce(note, '') || '+' || pg_sleep(0.15)";
const changed = (scene: HeldScene): Promise<string> => scene.direct("SELECT count(*) FROM plain WHERE note LIKE '%+%'");
const twice = (scene: HeldScene): Promise<string> => scene.direct("SELECT count(*) FROM plain WHERE note LIKE '%+%+%'");
/** The act runs at the server: the executor is past its trial. */
const running = (scene: HeldScene): Promise<void> => until("it runs", async () => (await scene.events("approval_used")).length > 0);

function quiet<T>(promise: Promise<T>): Promise<T | Error> {
  return promise.catch((error: unknown) => error as Error);
}

async function within(options: Parameters<typeof openHeldScene>[1], use: (scene: HeldScene) => Promise<void>): Promise<void> {
  const scene = await openHeldScene(await testServer(18), options);
  try {
    await use(scene);
  } finally {
    await scene.stop();
  }
}

describe("held acts that are broken off", () => {
  test("the gateway restarts while a client waits: the question stays, and the answer holds for a new connection", async () => {
    const first = await openHeldScene(await testServer(18));
    const client = await first.connect();
    const waiting = quiet(client.query("DELETE FROM plain RETURNING id"));
    const { id } = await first.pending();
    await first.stop();
    assert.ok((await waiting) instanceof Error);
    const second = await openHeldScene(first.server, { again: first });
    try {
      assert.equal((await second.pending()).id, id);
      await second.answer("approve");
      assert.equal(await second.direct("SELECT count(*) FROM plain"), "10");
      const later = await second.connect();
      assert.equal((await later.query("DELETE FROM plain RETURNING id")).rowCount, 10);
      await later.end();
    } finally {
      await second.stop();
    }
  });

  test("the client is killed in the middle: it is done once, and the record has its end", async () => {
    await within({}, async (scene) => {
      const client = await scene.connect();
      const waiting = quiet(client.query(slow));
      await scene.answer("approve");
      await running(scene);
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      await waiting;
      await until("it is settled", async () => (await scene.events("approval_settled")).length > 0);
      const [settled] = await scene.events("approval_settled");
      assert.equal(settled?.how, "used");
      assert.deepEqual([await changed(scene), await twice(scene)], ["10", "0"]);
      const judged = (await scene.events("judgement")).find(({ code }) => code === "approved");
      const intent = (await scene.events("intent")).find(({ judgement }) => judgement === judged?.judgement);
      await until("its session's end is on record", async () => (await scene.events("session_closed")).length > 1);
      const outcomes = (await scene.events("outcome")).filter(({ action }) => action === intent?.action);
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome.status),
        ["succeeded"],
      );
    });
  });

  test("the gateway is stopped in the middle: it is done once, and nothing is left unsettled", async () => {
    const scene = await openHeldScene(await testServer(18));
    const client = await scene.connect();
    const waiting = quiet(client.query(slow));
    await scene.answer("approve");
    await running(scene);
    await scene.stop();
    await waiting;
    assert.deepEqual([await changed(scene), await twice(scene)], ["10", "0"]);
    const [settled] = await scene.events("approval_settled");
    assert.equal(settled?.how, "used");
    const opened = await openHeldScene(scene.server, { again: scene });
    try {
      assert.deepEqual(opened.gateway.recovered.unknownOutcomes, []);
    } finally {
      await opened.stop();
    }
  });

  test("the server is killed in the middle: nothing is changed, the approval is not used up, and sent again it is done once", async () => {
    const server = await startServer({ version: 18, settings: { fsync: "on" } });
    try {
      const scene = await openHeldScene(server);
      try {
        const client = await scene.connect();
        const waiting = quiet(client.query(slow));
        await scene.answer("approve");
        await running(scene);
        await server.kill();
        assert.ok((await waiting) instanceof Error);
        await until("it is settled", async () => (await scene.events("approval_settled")).length > 0);
        await server.start();
        assert.equal(await changed(scene), "0");
        const later = await scene.connect();
        await later.query(slow);
        await later.end();
        assert.deepEqual([await changed(scene), await twice(scene)], ["10", "0"]);
      } finally {
        await scene.stop();
      }
    } finally {
      await server.stop();
    }
  });

  test("a cancel while it waits takes the question back", async () => {
    await within({}, async (scene) => {
      const sql = postgres(scene.url(), { max: 1 });
      try {
        const query = sql.unsafe("DELETE FROM plain");
        const answered = quiet(query.execute());
        const { id } = await scene.pending();
        query.cancel();
        assert.equal(((await answered) as Error & { code?: string }).code, "57014");
        await until("it is closed", async () => (await scene.approvals()).some((view) => view.id === id && view.state === "abandoned"));
        assert.equal((await sql`SELECT 1 AS one`)[0]?.["one"], 1);
      } finally {
        await sql.end();
      }
      assert.equal(await scene.direct("SELECT count(*) FROM plain"), "10");
    });
  });

  test("psql: held, denied with the person's words, approved with its rows", async () => {
    const psql = await tool("psql");
    await within({}, async (scene) => {
      const said = (text: string) => run(psql, ["-X", "-At", "-c", text, scene.url()]);
      const denied = quiet(said("DELETE FROM orders"));
      await scene.answer("deny", { reason: "the books are not closed" });
      assert.match(String(((await denied) as Error & { stderr?: string }).stderr), /the books are not closed/);
      const approved = said("DELETE FROM plain WHERE id = id RETURNING note");
      await scene.answer("approve");
      assert.equal((await approved).stdout.split("\n").filter((line) => line.startsWith("note")).length, 10);
      assert.equal(await scene.direct("SELECT count(*) FROM plain"), "0");
    });
  });
});

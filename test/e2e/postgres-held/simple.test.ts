/** A simple query that is held: what its client reads, and what the data did, on real servers with the real desk and executor. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverVersions, testServer } from "../../support/servers.ts";
import { failing, type HeldScene, openHeldScene, until } from "./scene.ts";

for (const version of serverVersions) {
  describe(`a held simple query, PostgreSQL ${version}`, () => {
    let scene: HeldScene;
    before(async () => {
      scene = await openHeldScene(await testServer(version));
    });
    after(() => scene.stop());

    test("approved while the client waits: the server's own answer, once", async () => {
      const client = await scene.connect();
      try {
        const answered = client.query("DELETE FROM plain RETURNING id, note");
        const view = await scene.pending();
        assert.equal(await scene.direct("SELECT count(*) FROM plain"), "10", "nothing runs while it waits");
        assert.deepEqual(
          view.plan.measured?.tables.map(({ table, direct }) => [table, direct.deleted]),
          [["public.plain", 10]],
        );
        await scene.answer("approve");
        const { rows, command, rowCount } = await answered;
        assert.deepEqual([command, rowCount, rows[0]], ["DELETE", 10, { id: 1, note: "note 1" }]);
        assert.equal(await scene.direct("SELECT count(*) FROM plain"), "0");
        assert.equal((await client.query("SELECT 1 AS one")).rows[0].one, 1);
        const [use] = await scene.events("approval_used");
        assert.ok(use?.transaction !== null && use?.transaction !== undefined);
      } finally {
        await client.end();
      }
    });

    test("denied: the person's reason, and nothing changes; asked again it is denied at once", async () => {
      const client = await scene.connect();
      try {
        const refused = failing(client.query("DELETE FROM orders"));
        await scene.answer("deny", { reason: "these are last year's books" });
        const error = await refused;
        assert.equal(error.code, "42501");
        assert.match(error.message, /these are last year's books/);
        assert.match(error.detail, /^code: approval_denied/);
        const again = await failing(client.query("DELETE FROM orders"));
        assert.match(again.message, /these are last year's books/);
        assert.equal(await scene.direct("SELECT count(*) FROM orders"), "20");
      } finally {
        await client.end();
      }
    });

    test("in a transaction it is refused with the way out, and nobody is asked", async () => {
      const client = await scene.connect();
      try {
        const before = (await scene.approvals()).length;
        await client.query("BEGIN");
        const error = await failing(client.query("TRUNCATE items"));
        assert.equal(error.code, "25001");
        assert.match(error.hint, /COMMIT or ROLLBACK first/);
        await client.query("ROLLBACK");
        assert.equal((await scene.approvals()).length, before);
        assert.equal(await scene.direct("SELECT count(*) FROM items"), "40");
      } finally {
        await client.end();
      }
    });

    test("a client that leaves while it waits: abandoned, and never run", async () => {
      const client = await scene.connect();
      const gone = failing(client.query("DELETE FROM items WHERE true"));
      const { id } = await scene.pending();
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      await gone;
      await until("it is abandoned", async () => (await scene.approvals()).some((view) => view.id === id && view.state === "abandoned"));
      assert.equal(await scene.direct("SELECT count(*) FROM items"), "40");
    });

    test("each approved act has its own decision, the approval among its rules, and one outcome with what was counted", async () => {
      const client = await scene.connect();
      try {
        const answered = client.query("DELETE FROM orders WHERE id <= 2");
        await scene.answer("approve");
        assert.equal((await answered).rowCount, 2);
        assert.equal(await scene.direct("SELECT count(*) FROM items"), "36");
        const judgements = (await scene.events("judgement")).filter(({ code }) => code === "approved");
        const judgement = judgements.at(-1);
        assert.match(judgement?.rules.at(-1) ?? "", /^approval:q_/);
        const intents = (await scene.events("intent")).filter((event) => event.judgement === judgement?.judgement);
        assert.deepEqual(
          intents.map(({ decision }) => decision),
          ["allow"],
        );
        const outcomes = (await scene.events("outcome")).filter(({ action }) => action === intents[0]?.action);
        assert.equal(outcomes.length, 1);
        const outcome = outcomes[0]?.outcome;
        assert.ok(outcome?.status === "succeeded");
        assert.deepEqual(outcome.measured.tables?.map(({ table, deleted }) => `${table} ${deleted}`).toSorted(), [
          "public.items 4",
          "public.orders 2",
        ]);
      } finally {
        await client.end();
      }
    });
  });
}

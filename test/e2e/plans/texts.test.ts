/** Texts as files bring them: what is one transaction is planned as one, and what is not is refused with what to do about it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { HeldSession } from "../../../src/control/client.ts";
import { testServer } from "../../support/servers.ts";
import { openPlanScene, type PlanScene } from "./scene.ts";

describe("a text that is to be planned", () => {
  let scene: PlanScene;
  let held: HeldSession;
  before(async () => {
    scene = await openPlanScene(await testServer(18), { policy: "migrations" });
    held = await scene.program();
  });
  after(async () => {
    held.letGo();
    await scene.stop();
  });
  const refused = async (text: string, because: RegExp, next?: RegExp): Promise<void> => {
    const content = await scene.content();
    await assert.rejects(scene.plan(held, text), (error: { message?: string; next?: string }) => {
      assert.match(error.message ?? "", because, text);
      if (next !== undefined) assert.match(error.next ?? "", next, text);
      return true;
    });
    assert.equal(await scene.content(), content);
  };

  test("may stand between a plain BEGIN and COMMIT, which are left out and said to be", async () => {
    const inner = "\nDROP VIEW order_notes;\nALTER TABLE orders DROP COLUMN note;\n";
    for (const [begin, commit] of [
      ["BEGIN", "COMMIT"],
      ["-- a header\nbegin transaction", "END"],
      ["/* one */ START TRANSACTION", "commit work"],
    ] as const) {
      const planned = await scene.plan(held, `${begin};${inner}${commit};\n`);
      assert.equal(planned.text, inner, "the rest is planned to the byte");
      assert.match(planned.notes.join(), /BEGIN and COMMIT around the text.*are left out/);
      assert.deepEqual(planned.plan.act.parts, 2);
      assert.deepEqual(planned.plan.measured?.objects.find(({ name }) => name.includes("order_notes"))?.change, "dropped");
    }
    assert.deepEqual((await scene.plan(held, inner)).notes, []);
  });

  test("that is more than one transaction, or sets how it runs, is refused", async () => {
    await refused("BEGIN; DROP VIEW order_notes; COMMIT; DROP TABLE secrets", /BEGIN, COMMIT stand in it, and a plan is one transaction/);
    await refused("BEGIN; DROP VIEW order_notes; COMMIT; BEGIN; DROP TABLE secrets; COMMIT", /a plan is one transaction/);
    await refused("DROP VIEW order_notes; COMMIT", /COMMIT stand in it/, /take them out/);
    await refused("BEGIN; SAVEPOINT a; DROP VIEW order_notes; ROLLBACK TO a; COMMIT", /SAVEPOINT/);
    await refused("BEGIN ISOLATION LEVEL SERIALIZABLE; DROP VIEW order_notes; COMMIT", /its BEGIN sets how/, /write BEGIN alone/);
    await refused("BEGIN; DROP VIEW order_notes; COMMIT AND CHAIN", /its COMMIT does more/);
    await refused("BEGIN; COMMIT", /nothing stands between/);
    await refused("BEGIN; DROP VIEW order_notes; ROLLBACK", /a plan is one transaction/);
  });

  test("that the server could not run in a transaction with others is refused, and asked about unmeasured by itself", async () => {
    await refused(
      "CREATE INDEX CONCURRENTLY i ON orders (note); DROP VIEW order_notes",
      /cannot run in a transaction with others/,
      /by itself/,
    );
    const alone = await scene.plan(held, "REINDEX TABLE CONCURRENTLY orders");
    assert.deepEqual([alone.decision, alone.plan.measured], ["hold", null], "though the policy would let it pass");
    assert.match(alone.plan.unmeasured.join(), /cannot run in a transaction, so that there is nothing to roll back/);
    await scene.answer(alone.approval?.id ?? "");
    assert.equal((await scene.apply(held, alone)).outcome, "applied");
  });

  test("is refused where the executor must not or cannot", async () => {
    await refused(
      "SET ROLE postgres; DROP VIEW order_notes",
      /(changes the role|not_permitted|session_pinned|privilege_change|not_understood)/,
    );
    await refused("DROP VIEW order_notes; COPY orders FROM STDIN", /COPY FROM STDIN/);
    await refused("DROP TABLE nowhere", /./);
    await refused("DELETE FROM orders WHERE id = 'x'", /./);
  });

  test("that is no SQL, empty or not text is refused", async () => {
    await refused("\\set x 1\nDROP VIEW order_notes", /not_parsed/, /leave out psql's own commands/);
    await refused("DELETE FRM orders", /not_parsed/);
    await refused("-- nothing\n", /(not_parsed|no statement)/);
    await refused("  ", /`text` must be the SQL/);
    await refused("SELECT '\ud800'", /not valid Unicode/);
    await refused(`SELECT '${"x".repeat(1_100_000)}'`, /too_large/);
  });

  test("means what its search path says", async () => {
    await scene.shop.server.asSuperuser(
      `SET ROLE ${scene.shop.owner.user}; CREATE SCHEMA IF NOT EXISTS other; CREATE TABLE other.orders (id int); INSERT INTO other.orders VALUES (1)`,
      scene.shop.database,
    );
    const planned = await scene.plan(held, "DELETE FROM public.orders; DELETE FROM orders", { searchPath: ["public"] });
    assert.deepEqual(planned.plan.preconditions.find(({ name }) => name === "search_path")?.value, '["public"]');
    await assert.rejects(scene.plan(held, "DELETE FROM orders", { searchPath: ["pg_temp_3"] }), /without pg_temp/);
    await assert.rejects(scene.plan(held, "DELETE FROM orders", { target: "elsewhere" }), /the session is one of target/);
  });
});

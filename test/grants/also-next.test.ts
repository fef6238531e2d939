/** "And the next ones too": a grant out of an approval, on a real server, no wider and no longer than what the person signed. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { type HeldSession, Refused } from "../../src/control/client.ts";
import type { Grant } from "../../src/model/grant.ts";
import { type ApprovalScene, openApprovalScene, refusal } from "../approvals/scene.ts";
import { holdfast } from "../cli/holdfast.ts";
import { testServer } from "../support/servers.ts";

const everything = "DELETE FROM orders WHERE true";
const refused = (code: string, message: RegExp) => (error: unknown) => {
  assert(error instanceof Refused, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

describe("approved, and the next two as well", () => {
  let scene: ApprovalScene;
  let held: HeldSession;
  let program: pg.Client;
  /** The very rows that were there: what was approved holds for no others. */
  const refill = () =>
    scene.shop.server.asSuperuser(
      "INSERT INTO orders (id, tenant, note) SELECT n, 1 + n % 2, 'note ' || n FROM generate_series(1, 10) n",
      scene.shop.database,
    );
  before(async () => {
    scene = await openApprovalScene(await testServer(18), { environment: "staging", approves: ["staging"] });
    held = await scene.program({ purpose: "clean up" });
    program = await scene.connect(held);
  });
  after(async () => {
    await program.end();
    held.letGo();
    await scene.stop();
  });

  test("the command shows the grant's terms with the plan, signs both, and so many pass; then a person is asked again", async () => {
    await refusal(program, everything);
    const { id } = await scene.asked();
    const words = ["approve", id, "--socket", scene.socket, "--as", "ben", "--yes", "--passphrase-fd", "0"];
    const how = { input: "a passphrase that nobody would guess 7\n" };
    const wrong = await holdfast([...words, "--until", "10m"], how);
    assert.match(wrong.err, /give --also-next N with it/);
    const { code, out, err } = await holdfast([...words, "--also-next", "2", "--until", "10m"], how);
    assert.equal(code, 0, err);
    assert.match(err, /and then, without being asked again:\ngrant DELETE\n +on public\.orders/);
    assert.match(err, /for 2 statements and 20 rows changed in all/);
    assert.match(out, /granted g_\w+ for the next 2/);
    // Two by the grant, and the one that was approved: whichever comes first.
    for (let n = 0; n < 3; n++) {
      assert.equal((await program.query(everything)).rowCount, 10);
      await refill();
    }
    assert.equal((await scene.events("grant_used")).length, 2);
    assert.equal((await scene.events("approval_used")).length, 1);
    const again = await refusal(program, everything);
    assert.equal(again.code, "42501");
    const [given] = await scene.events("grant_given");
    assert.deepEqual([given?.approval, given?.person, given?.usesMax, given?.rowsMax, given?.operations], [id, "ben", 2, 20, ["delete"]]);
    const listed = await holdfast(["grants", "list", "--all", "--socket", scene.socket]);
    assert.match(listed.out, new RegExp(`ben, with\\s+${id}`));
  });

  test("the gateway holds the grant against the approval: nobody who has not approved, nothing wider, no other session", async () => {
    const known = (await scene.approvals()).map(({ id }) => id);
    await refusal(program, "DELETE FROM orders WHERE 3 = 3");
    const { id } = await scene.asked(known);
    const give = (more: object, person = "ben") =>
      scene.signed(
        "POST",
        "/v1/grants",
        {
          approval: id,
          session: held.opened.session,
          tables: ["public.orders"],
          operations: ["delete"],
          untilMs: Date.now() + 60_000,
          usesMax: 2,
          rowsMax: 20,
          reason: "",
          ...more,
        },
        person,
      ) as Promise<Grant>;
    await assert.rejects(give({}), refused("conflict", /is pending: nothing follows/));
    await scene.answer(id, "ben");
    await assert.rejects(give({}, "cleo"), refused("not_allowed", /`cleo` has not approved/));
    for (const more of [{ rowsMax: 21 }, { operations: ["delete", "update"] }, { tables: ["public.orders", "public.items"] }])
      await assert.rejects(give(more), refused("not_allowed", /wider than what approval/), JSON.stringify(more));
    await assert.rejects(give({ usesMax: null }), refused("not_allowed", /a number of times only/));
    await assert.rejects(give({ usesMax: 51 }), refused("not_allowed", /the next 1 to 50/));
    const other = await scene.program();
    await assert.rejects(give({ session: other.opened.session }), refused("conflict", /another session's/));
    other.letGo();
    assert.equal((await give({ usesMax: 1, rowsMax: 10 })).approval, id);
  });
});

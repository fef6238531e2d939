import { describe, test } from "node:test";
import assert from "node:assert/strict";
import type { ActionId } from "../../../base/ids.ts";
import type { StatementSummary } from "../../../model/decision.ts";
import type { Effect } from "../../../model/effect.ts";
import type { ExecutorAct } from "./port.ts";
import { neverRun, notSeen, notTried } from "./refusals.ts";

const effect = (more: Partial<Effect>): Effect => ({
  operation: "execute",
  resource: { type: "table", name: "public.orders" },
  extent: { kind: "unknown" },
  reversibility: "unknown",
  cause: "direct",
  detail: "delete",
  ...more,
});

const act = (more: Partial<StatementSummary>, context: Partial<ExecutorAct["context"]> = {}): ExecutorAct => ({
  action: "s_test.1" as ActionId,
  database: "shop",
  context: { role: "a", sessionRole: "a", searchPath: [], temporary: [], catalogueVersion: 1, pendingDdl: [], ...context },
  settings: new Map(),
  message: { kind: "simple", text: "" },
  statements: [
    {
      tag: "DELETE",
      effects: [],
      readOnly: false,
      transaction: "none",
      changesContext: false,
      definesObjects: false,
      immediate: false,
      span: { start: 0, end: 1 },
      ...more,
    },
  ],
});

describe("what the executor does not do", () => {
  test("another session's temporary tables, and definitions that are not committed", () => {
    const temporary = { effects: [effect({ resource: { type: "table", name: "pg_temp.orders" } })] };
    assert.match(neverRun(act(temporary, { temporary: ["orders"] })) ?? "", /only their own session has/);
    assert.equal(neverRun(act(temporary)), undefined);
    assert.match(neverRun(act({}, { pendingDdl: ["CREATE TABLE a ()"] })) ?? "", /has not committed/);
  });
  test("what nobody understood, wherever in the text it stands", () => {
    const unknown = act({ effects: [effect({}), effect({ operation: "unknown", because: "a body that is put together" })] });
    assert.equal(neverRun(unknown), "what it does is not understood: a body that is put together");
  });
  test("programs and files by their kind too, whatever the word for it", () => {
    for (const type of ["program", "file"] as const)
      assert.match(neverRun(act({ effects: [effect({ detail: "new_word", resource: { type, name: "x" } })] })) ?? "", /no rollback does/);
  });
});

describe("what is not tried", () => {
  test("setval, and not what starts a sequence again inside the transaction", () => {
    const moves = [effect({ detail: "sequence_set", resource: { type: "sequence", name: "public.s" } })];
    assert.match(notTried(act({ tag: "SELECT", effects: moves })) ?? "", /setval of `public\.s` stays/);
    for (const tag of ["ALTER TABLE", "CREATE TABLE AS"]) assert.match(notTried(act({ tag, effects: moves })) ?? "", /stays/);
    const byTrigger = moves.map((each) => ({ ...each, cause: "trigger" as const }));
    assert.match(notTried(act({ tag: "TRUNCATE TABLE", effects: byTrigger })) ?? "", /stays/);
    for (const tag of ["TRUNCATE TABLE", "ALTER SEQUENCE"]) assert.equal(notTried(act({ tag, effects: moves })), undefined);
  });
  test("tables of other servers, but for their definition here", () => {
    const foreign = (detail: string) => act({ effects: [effect({ detail, resource: { type: "foreign_table", name: "public.f" } })] });
    assert.match(notTried(foreign("delete")) ?? "", /another server/);
    assert.equal(notTried(foreign("drop")), undefined);
  });
});

test("what is tried and cannot be seen is said once each", () => {
  const effects = [
    effect({ detail: "sequence", resource: { type: "sequence", name: "public.s" } }),
    effect({ detail: "sequence", resource: { type: "sequence", name: "public.s" } }),
    effect({ detail: "notify", resource: { type: "channel", name: "c" } }),
    effect({ detail: "large_object_unlink", resource: { type: "large_object", name: "7" } }),
  ];
  assert.deepEqual(notSeen(act({ effects })), [
    "sequences moved on and stay there, for the trial too: `public.s`",
    "other sessions are notified only when it is carried out",
    "large objects are not counted",
  ]);
});

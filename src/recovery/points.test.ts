import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionId } from "../base/ids.ts";
import type { Decision } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import { takeRecoveryPoint, wantsPoint } from "./points.ts";

const allowed: Decision = { kind: "allow", obligations: [], rules: [], policyDigest: "" };
const binned: Decision = { ...allowed, obligations: [{ kind: "bin" }] };
const effect = (more: Partial<Effect>): Effect => ({
  operation: "delete",
  resource: { type: "table", name: "public.orders" },
  extent: { kind: "unknown" },
  reversibility: "restorable",
  cause: "direct",
  detail: "delete",
  ...more,
});
const drop = effect({ detail: "drop", reversibility: "irreversible" });

test("a point is taken before what cannot be had back otherwise", () => {
  const kept = () => true;
  const cases: readonly [string, readonly Effect[], Decision, (table: string) => boolean, boolean][] = [
    ["a drop", [drop], allowed, kept, true],
    ["a drop that goes to the bin", [drop], binned, kept, false],
    [
      "a drop that was denied",
      [drop],
      { kind: "deny", reason: { code: "destructive", message: "" }, rules: [], policyDigest: "" },
      kept,
      false,
    ],
    ["rows that undo keeps", [effect({})], allowed, kept, false],
    ["rows that it does not keep", [effect({})], allowed, () => false, true],
    ["a certain few of them", [effect({ extent: { kind: "at_most", count: 1 } })], allowed, () => false, false],
    ["a read", [effect({ operation: "read", detail: "select" })], allowed, () => false, false],
    [
      "a sequence",
      [effect({ operation: "update", detail: "sequence", resource: { type: "sequence", name: "s" } })],
      allowed,
      () => false,
      false,
    ],
    ["what was not understood", [effect({ operation: "unknown", reversibility: "unknown" })], allowed, kept, true],
  ];
  for (const [name, effects, decision, undoKept, expected] of cases) assert.equal(wantsPoint(effects, decision, undoKept), expected, name);
});

const action = "s_0000000000000000.1" as ActionId;

test("where the restore point cannot be made, the position stands; where nothing can be had, the reason does", async () => {
  const answering = (named: boolean, make: () => Promise<{ rows: readonly unknown[] }>) => ({
    query: (text: string) =>
      text.includes("pg_create") && !text.includes("has_function") ? make() : Promise.resolve({ rows: [{ lsn: "0/1", named }] }),
  });
  const made = () => Promise.resolve({ rows: [] });
  const refused = () => Promise.reject(new Error("wal_level is minimal"));
  assert.deepEqual(await takeRecoveryPoint(answering(true, made), action), { lsn: "0/1", name: `holdfast ${action}` });
  assert.deepEqual(await takeRecoveryPoint(answering(false, refused), action), { lsn: "0/1", name: null });
  assert.deepEqual(await takeRecoveryPoint(answering(true, refused), action), { lsn: "0/1", name: null });
  const lost = { query: () => Promise.reject(new Error("connection lost")) };
  assert.deepEqual(await takeRecoveryPoint(lost, action), { lsn: null, name: null, because: "connection lost" });
});

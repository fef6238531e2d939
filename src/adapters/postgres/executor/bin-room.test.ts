import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { StatementSummary } from "../../../model/decision.ts";
import type { Effect } from "../../../model/effect.ts";
import { forBin } from "./bin-room.ts";

const effect = (more: Partial<Effect>): Effect => ({
  operation: "delete",
  resource: { type: "table", name: "public.t" },
  extent: { kind: "unbounded" },
  reversibility: "irreversible",
  cause: "direct",
  detail: "drop",
  ...more,
});

const statement = (tag: string, ...effects: readonly Effect[]): StatementSummary => ({
  tag,
  effects,
  readOnly: false,
  transaction: "none",
  changesContext: false,
  definesObjects: true,
  immediate: false,
  span: { start: 0, end: 0 },
});

const drop = statement("DROP TABLE", effect({}));
const add = statement("ALTER TABLE", effect({ operation: "define", detail: "alter_add_column" }));

describe("which statements of an approved act go into the bin", () => {
  test("those that remove, beside those that change", () => {
    assert.deepEqual(forBin([add, drop, add, drop]), [1, 3]);
    assert.deepEqual(forBin([add]), []);
  });

  test("none where something else of it removes what the bin would not see", () => {
    assert.deepEqual(forBin([drop, statement("DROP EXTENSION", effect({}))]), []);
    assert.deepEqual(forBin([drop, statement("SELECT", effect({ operation: "execute", detail: "call" }))]), []);
    assert.deepEqual(forBin([statement("DROP DATABASE", effect({}))]), []);
  });

  test("none where names mean something else after a statement before it", () => {
    const set = statement("SET", effect({ operation: "define", detail: "set_context", reversibility: "reversible" }));
    assert.deepEqual(forBin([set, drop]), []);
    assert.deepEqual(forBin([drop, set]), [0]);
  });
});

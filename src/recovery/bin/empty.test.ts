/** Which entries are overdue: the oldest first, and no more than it takes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { overdue } from "./empty.ts";
import type { EntryRow } from "./entries.ts";

const row = (id: number, atMs: number, bytes: number) => ({ id: String(id), at_ms: atMs, bytes }) as unknown as EntryRow;
const gone = (entries: readonly EntryRow[], keepMs: number, sizeMax: number) =>
  overdue(entries, { nowMs: 1_000, keepMs, sizeMax }).map(({ entry }) => entry.id);

test("by age alone, by size alone, by both, and not at all", () => {
  const entries = [row(3, 900, 10), row(1, 100, 10), row(2, 500, 10)];
  assert.deepEqual(gone(entries, 10_000, 30), []);
  assert.deepEqual(gone(entries, 600, 30), ["1"]);
  assert.deepEqual(gone(entries, 10_000, 29), ["1"]);
  assert.deepEqual(gone(entries, 10_000, 19), ["1", "2"]);
  assert.deepEqual(gone(entries, 600, 10), ["1", "2"]);
  assert.deepEqual(gone(entries, 0, 0), ["1", "2", "3"]);
  // By number and not by text: 10 came after 9.
  assert.deepEqual(gone([row(10, 100, 10), row(9, 100, 10)], 10_000, 10), ["9"]);
});

test("what takes up no room does not go to make room", () => {
  assert.deepEqual(gone([row(1, 100, 0), row(2, 100, 50)], 10_000, 10), ["2"]);
  assert.deepEqual(gone([row(1, 100, 0), row(2, 900, 5)], 500, 10), ["1"]);
});

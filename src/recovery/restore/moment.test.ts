import assert from "node:assert/strict";
import { test } from "node:test";
import type { ActionId, SessionId } from "../../base/ids.ts";
import type { AuditEvent } from "../../model/event.ts";
import { ActSearch, momentOf, parseBefore } from "./moment.ts";

const session = "s_4n8k2m1v0q4c7d9x" as SessionId;
const action = `${session}.12` as ActionId;

const opened: AuditEvent = {
  kind: "session_opened",
  session,
  principal: "agent",
  target: "shop",
  environment: "production",
  database: "shop_db",
  client: "",
  peer: "",
};
const intent: AuditEvent = { kind: "intent", action, judgement: "j", decision: "allow", code: "permitted" };
const ended = (transaction: string): AuditEvent => ({
  kind: "transaction_ended",
  session,
  end: "committed",
  actions: [action],
  rowsChanged: 1,
  transaction,
});
const point = (lsn: string | null): AuditEvent => ({ kind: "recovery_point", target: "shop", action, lsn, name: null });

function search(...events: readonly AuditEvent[]) {
  const found = new ActSearch(action);
  events.forEach((event, at) => {
    found.step(event, 1_000 + at);
  });
  return found.found();
}

test("an act with a point is gone back to by its position", () => {
  const moment = search(opened, intent, point("0/300B410"), ended("777"));
  assert.deepEqual(moment?.until, { kind: "lsn", lsn: "0/300B410" });
  assert.deepEqual([moment?.target, moment?.database, moment?.principal, moment?.exact], ["shop", "shop_db", "agent", true]);
});

test("without a position by its transaction, and without that by its time, which is said", () => {
  assert.deepEqual(search(opened, intent, point(null), ended("777"))?.until, { kind: "before_transaction", transaction: "777" });
  const vague = search(opened, intent);
  assert.deepEqual([vague?.until, vague?.exact], [{ kind: "time", atMs: 1_001 }, false]);
});

test("an act that the log does not know is none", () => {
  assert.equal(search(opened), undefined);
});

test("acts, positions and times are told apart", () => {
  assert.deepEqual(parseBefore(action), { kind: "act", action });
  assert.deepEqual(parseBefore("16/B374D848"), { kind: "lsn", lsn: "16/B374D848" });
  assert.deepEqual(parseBefore("2026-11-22T13:00:00Z"), { kind: "time", atMs: Date.UTC(2026, 10, 22, 13) });
  for (const none of ["", "yesterday", "2026", "s_4n8k", "0/"]) assert.equal(parseBefore(none), undefined, none);
  assert.equal(momentOf({ kind: "time", atMs: 5 }, 9).atMs, 5);
});

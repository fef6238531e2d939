import assert from "node:assert/strict";
import { test } from "node:test";
import { heldTable, type HeldTable } from "../../../../test/playbooks/held-session.ts";
import { clientMessage, words } from "../../../../test/playbooks/wire-messages.ts";
import { settled } from "../../../../test/playbooks/wire-session.ts";

function send(table: HeldTable, ...lines: string[]): void {
  table.session.fromClient(Buffer.concat(lines.map(clientMessage)));
}

function heard(table: HeldTable): string {
  return words(table.taken().client).said.join(" ");
}

const HANGING = "Q delete from t /* askfirst hang */";

test("nothing of the client's is answered or sent while it waits", async () => {
  const table = heldTable();
  send(table, HANGING, "Q select 1", "P |select 2", "S");
  await settled();
  const { client, server } = table.taken();
  assert.deepEqual([client.length, server.length], [0, 0]);
  table.approvals.release("yes");
  await settled();
  assert.equal(heard(table), "C:DELETE_1 Z:I");
});

test("a client that goes is noticed: its act never runs", async () => {
  const table = heldTable();
  send(table, HANGING);
  await settled();
  table.session.lost("the client was lost", true);
  assert.equal(table.approvals.presented[0]?.gone.aborted, true);
  await settled();
  assert.equal(table.executor.ran.length, 0);
});

test("a gateway that stops does not say that the client has gone, and an answer that comes then is given back", async () => {
  const table = heldTable();
  send(table, HANGING);
  await settled();
  table.session.lost("the gateway is shutting down");
  assert.equal(table.approvals.presented[0]?.gone.aborted, false);
  table.approvals.release("yes");
  await settled();
  assert.equal(table.executor.ran.length, 0);
  assert.deepEqual(table.approvals.tickets, ["end not_reached"]);
});

test("a cancel takes back the question", async () => {
  const table = heldTable();
  assert.equal(table.session.cancelWaiting(), false);
  send(table, HANGING);
  await settled();
  assert.equal(table.session.cancelWaiting(), true);
  await settled();
  assert.equal(heard(table), "E:57014 Z:I");
  assert.equal(table.approvals.presented[0]?.gone.aborted, true);
  assert.equal(table.session.cancelWaiting(), false);
});

test("the digest binds text, types and values; the same bytes are the same act", async () => {
  const table = heldTable();
  const text = "delete from t where a = $1 /* askfirst later */";
  for (const query of [
    "Q delete from t /* askfirst later */",
    "Q delete from t /* askfirst later */",
    "Q delete from t  /* askfirst later */",
  ]) {
    send(table, query);
    await settled();
  }
  send(table, `P |${text}`, "S");
  await settled();
  table.session.fromServer(Buffer.concat([Buffer.from([0x31, 0, 0, 0, 4]), Buffer.from([0x5a, 0, 0, 0, 5, 0x49])]));
  for (const value of ["1", "1", "2"]) {
    const bind = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, value.charCodeAt(0), 0, 0]);
    const body = Buffer.concat([Buffer.from([0, 0]), bind]);
    const head = Buffer.alloc(5);
    head[0] = 0x42;
    head.writeInt32BE(body.length + 4, 1);
    table.session.fromClient(Buffer.concat([head, body, clientMessage("E "), clientMessage("S")]));
    await settled();
  }
  const digests = table.approvals.presented.map(({ digest }) => digest);
  assert.equal(digests.length, 6);
  const [a, b, c, d, e, f] = digests;
  assert.equal(a, b);
  assert.equal(d, e);
  assert.equal(new Set([a, c, d, f]).size, 4);
  assert.match(table.approvals.presented[3]?.shown ?? "", /\n\$1 = '1'$/);
  assert.deepEqual(table.guard.questions, digests, "each is counted by its own digest");
});

test("a policy that changes while a person thinks is asked about anew", async () => {
  const table = heldTable();
  send(table, HANGING);
  await settled();
  table.guard.policyDigest = "policy-2";
  table.approvals.release("yes");
  await settled();
  assert.equal(table.approvals.presented.length, 2);
  assert.equal(table.approvals.presented[1]?.policyDigest, "policy-2");
  assert.deepEqual(table.approvals.tickets, ["end not_reached"]);
  assert.equal(table.executor.ran.length, 0);
  table.approvals.release("yes");
  await settled();
  assert.equal(heard(table), "C:DELETE_1 Z:I");
});

test("a catalogue that changes while a person thinks makes the plan stale, and it is asked about anew", async () => {
  const table = heldTable();
  send(table, HANGING);
  await settled();
  table.catalogue.version = 2;
  table.catalogue.digest = "catalogue-2";
  table.approvals.release("yes");
  await settled();
  const seen = table.approvals.presented.map(({ preconditions }) => preconditions.find(({ name }) => name === "catalogue")?.value);
  assert.deepEqual(seen, ["catalogue-1", "catalogue-2"]);
  assert.deepEqual(table.approvals.tickets, ["end stale"]);
  assert.equal(table.executor.ran.length, 0);
});

test("an act that did other than planned is asked about anew, with an id of its own", async () => {
  const table = heldTable();
  table.executor.next = { kind: "stale", because: "other counts" };
  send(table, HANGING);
  await settled();
  table.approvals.release("yes");
  await settled();
  const [first, second] = table.approvals.presented;
  assert.ok(first !== undefined && second !== undefined && first.action !== second.action);
  assert.deepEqual(table.approvals.tickets, ["begin 7", "end stale"]);
  assert.equal(heard(table), "");
  table.approvals.release("no");
  await settled();
  assert.equal(heard(table), "E:42501 Z:I");
});

test("what the executor comes to is what the client reads", async () => {
  const error = clientMessage("Q x");
  const cases = [
    [{ kind: "not_reached", because: "no route" }, "E:58000 Z:I", "end not_reached"],
    [{ kind: "unknown", because: "lost", transaction: "7" }, "E:08007 Z:I", "end unknown"],
    [{ kind: "failed", error, sqlstate: "23503", because: "a key" }, "Q Z:I", "end stale"],
  ] as const;
  for (const [next, said, end] of cases) {
    const table = heldTable();
    table.executor.next = next;
    send(table, "Q delete from t /* askfirst yes */");
    await settled();
    assert.equal(heard(table), said);
    assert.deepEqual(table.approvals.tickets, ["begin 7", end]);
    const outcomes = [...table.guard.settled.values()].map(({ status }) => status);
    assert.deepEqual(outcomes, [next.kind === "unknown" ? "unknown" : "failed"]);
  }
});

test("a ticket that is not to be had runs nothing, and is not settled by us", async () => {
  const table = heldTable();
  table.approvals.beginFails = true;
  send(table, "Q delete from t /* askfirst yes */");
  await settled();
  assert.equal(heard(table), "E:42501 Z:I");
  assert.deepEqual(table.approvals.tickets, ["begin 7"]);
  assert.equal(table.executor.ran.length, 0);
});

test("a record that cannot be written runs nothing", async () => {
  const table = heldTable();
  table.guard.broken = true;
  send(table, "Q delete from t /* askfirst yes */");
  await settled();
  assert.equal(heard(table), "E:58000 Z:I");
  assert.deepEqual(table.approvals.tickets, ["end not_reached"]);
});

test("a session that may not ask more is refused before anybody is", async () => {
  const table = heldTable();
  table.guard.mayNotAsk = { code: "budget_exhausted", message: "1 of 1 acts held" };
  send(table, "Q delete from t /* askfirst yes */");
  await settled();
  assert.equal(heard(table), "E:53400 Z:I");
  assert.equal(table.approvals.presented.length, 0);
});

test("settings that the server reports are part of what it rests on", async () => {
  const table = heldTable();
  send(table, "Q delete from t /* askfirst later */");
  await settled();
  table.session.fromServer(Buffer.from("S\0\0\0\x1bTimeZone\0Europe/Berlin\0", "latin1"));
  send(table, "Q delete from t /* askfirst later */");
  await settled();
  const zones = table.approvals.presented.map(({ preconditions }) => preconditions.find(({ name }) => name === "TimeZone")?.value);
  assert.deepEqual(zones, ["UTC", "Europe/Berlin"]);
});

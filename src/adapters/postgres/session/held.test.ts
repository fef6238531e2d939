import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { standInApprovals, standInExecutor } from "../../../../test/playbooks/stand-in-approvals.ts";
import { playbookOf, playSteps } from "../../../../test/playbooks/session-playbook.ts";
import { clientMessage, words } from "../../../../test/playbooks/wire-messages.ts";
import { sessionTable, settled } from "../../../../test/playbooks/wire-session.ts";

/** A session whose guard holds what says `askfirst`; `yes`, `no` or `later` in the text is what persons answer. */
function heldTable() {
  const approvals = standInApprovals();
  const executor = standInExecutor();
  const table = sessionTable({ approvals, executor, settings: new Map([["TimeZone", "UTC"]]) });
  return { ...table, approvals, executor };
}

/** Marks as in session.test.ts. The executor's answer is `C:DELETE_1`, but where `rows` stands in the title: `T D D C:DELETE_2`. */
const playbooks: Record<string, string> = {
  "approved: the client reads the server's own words": `
    > Q delete from t /* askfirst yes */
    =>
    =< C:DELETE_1 Z:I`,
  "approved with rows": `
    > Q delete from t returning a /* askfirst yes */ ; Q select 1
    => Q
    =< T D D C:DELETE_2 Z:I
    < T D C:SELECT_1 Z:I
    =< T D C:SELECT_1 Z:I`,
  denied: `
    > Q delete from t /* askfirst no */
    =>
    =< E:42501 Z:I`,
  "nobody has answered": `
    > Q delete from t /* askfirst later */ ; Q select 1
    => Q
    =< E:42501 Z:I
    < T D C:SELECT_1 Z:I
    =< T D C:SELECT_1 Z:I`,
  "in a transaction it is refused, and the transaction fails": `
    > Q begin
    => Q
    < C:BEGIN Z:T
    =< C:BEGIN Z:T
    > Q delete from t /* askfirst yes */
    => P S
    < E:42601 Z:E
    =< E:25001 Z:E`,
  "in a transaction that has failed": `
    > Q begin ; Q select 1/0
    => Q
    < C:BEGIN Z:T
    => Q
    =< C:BEGIN Z:T
    < E:22012 Z:E
    =< E:22012 Z:E
    > Q delete from t /* askfirst yes */
    =>
    =< E:25001 Z:E`,
  "with its own BEGIN": `
    > Q begin; delete from t /* askfirst yes */; commit
    =>
    =< E:25001 Z:I`,
  "COPY FROM STDIN": `
    > Q copy t from stdin /* askfirst yes */
    =>
    =< E:25001 Z:I`,
  "PREPARE in SQL": `
    > Q prepare p as delete from t /* askfirst yes */
    =>
    =< E:25001 Z:I`,
  "EXECUTE in SQL of what the wire prepared": `
    > P p|delete from t /* askfirst yes */ ; S
    => P S
    < 1 Z:I
    =< 1 Z:I
    > Q execute p
    =>
    =< E:25001 Z:I`,
  "a pipeline of one act": `
    > P |delete from t /* askfirst yes */ ; B | ; DP  ; E  ; S
    => P H
    < 1
    => S
    =< 1 2
    < Z:I
    => S
    =< n C:DELETE_1
    < Z:I
    =< Z:I`,
  "a pipeline with rows": `
    > P |delete from t returning a /* askfirst yes */ ; B | ; DP  ; E  ; S
    => P H
    < 1
    => S
    =< 1 2
    < Z:I
    => S
    =< T D D C:DELETE_2
    < Z:I
    =< Z:I`,
  "a row limit suspends, with rows": `
    > P |delete from t returning a /* askfirst yes */ ; S
    => P S
    < 1 Z:I
    =< 1 Z:I
    > B | ; E |1 ; E |1 ; E  ; S
    => S
    =< 2 D s D s C:DELETE_2
    < Z:I
    =< Z:I`,
  "a second Execute of what is done": `
    > P |delete from t /* askfirst yes */ ; S
    => P S
    < 1 Z:I
    =< 1 Z:I
    > B | ; E  ; E  ; S ; Q select 1
    => Q
    =< 2 C:DELETE_1 E:55000 Z:I
    < T D C:SELECT_1 Z:I
    =< T D C:SELECT_1 Z:I`,
  "a denied Execute swallows to Sync": `
    > P |delete from t /* askfirst no */ ; B | ; E  ; P |select 1 ; B | ; E  ; S ; Q select 2
    => P H
    < 1
    => S
    =< 1 2
    < Z:I
    => Q
    =< E:42501 Z:I
    < T D C:SELECT_1 Z:I
    =< T D C:SELECT_1 Z:I`,
  "what stands behind it runs after it": `
    > P |delete from t /* askfirst yes */ ; B | ; E  ; P |select 1 ; B | ; E  ; S
    => P H
    < 1
    => S
    =< 1 2
    < Z:I
    => P B E S
    =< C:DELETE_1
    < 1 2 D C:SELECT_1 Z:I
    =< 1 2 D C:SELECT_1 Z:I`,
  "behind another act in its batch it is refused": `
    > P |insert into t values (1) ; B | ; E  ; P |delete from t /* askfirst yes */ ; B | ; E  ; S
    => P B E P H
    < 1 2 C:INSERT_0_1 1
    => P H S
    =< 1 2 C:INSERT_0_1 1 2
    < E:42601 Z:I
    =< E:25001 Z:I`,
  "a statement is described, and stands under no name at the server": `
    > P p|delete from t where a = $1 /* askfirst later */ ; DS p ; S
    => P P D S
    < 1 1 t n Z:I
    =< 1 t n Z:I
    > B |p ; E  ; S
    => 
    =< 2 E:42501 Z:I`,
  "a Parse that the server refuses": `
    > P p|delete from nothere /* askfirst yes */ ; B |p ; E  ; S
    => P H
    < E:42P01
    => S
    =< E:42P01
    < Z:I
    =< Z:I
    > B |p ; E  ; S
    =>
    =< E:26000 Z:I`,
  "Describe of a portal without Execute": `
    > P |delete from t /* askfirst yes */ ; B | ; DP  ; S
    => P H
    < 1
    => P H S
    =< 1 2
    < E:42601 Z:I
    =< E:25001 Z:I`,
  "Close of a held portal, and Execute of it": `
    > P |delete from t /* askfirst yes */ ; S
    => P S
    < 1 Z:I
    =< 1 Z:I
    > B q| ; CP q ; E q ; S
    =>
    =< 2 3 E:34000 Z:I`,
  "a portal does not outlive its batch": `
    > P |delete from t /* askfirst yes */ ; B | ; S
    => P H
    < 1
    => S
    =< 1 2
    < Z:I
    =< Z:I
    > E  ; S
    =>
    =< E:34000 Z:I`,
};

describe("held acts on the wire", () => {
  for (const [title, text] of Object.entries(playbooks)) {
    const book = playbookOf(text);
    const table = () => {
      const made = heldTable();
      if (text.includes("returning")) made.executor.answers = "T D D C:DELETE_2";
      return made;
    };

    test(title, async () => {
      assert.deepEqual((await playSteps(book, undefined, { table: table() })).seen, book.want);
    });

    test(`${title}: byte by byte, and split at every byte`, async () => {
      const bytes = (given: Buffer) => Array.from(given, (byte) => Buffer.from([byte]));
      assert.deepEqual((await playSteps(book, bytes, { table: table() })).seen, book.want);
      for (const { index, bytes: whole } of book.said) {
        for (let at = 1; whole !== undefined && at < whole.length; at++) {
          const cut = (given: Buffer, step: number) => (step === index ? [given.subarray(0, at), given.subarray(at)] : [given]);
          assert.deepEqual((await playSteps(book, cut, { table: table() })).seen, book.want, `step ${index} split at ${at}`);
        }
      }
    });

    test(`${title}: cut off at every byte, nothing runs twice and every act has its outcome`, async () => {
      for (const { index, bytes } of book.said) {
        for (let at = 0; bytes !== undefined && at < bytes.length; at++) {
          const made = table();
          await playSteps(book, (given, step) => (step === index ? [given.subarray(0, at)] : [given]), { last: index + 1, table: made });
          made.session.lost("the playbook ends", true);
          await settled();
          const { guard, executor, approvals } = made;
          const open = guard.admissions.filter(({ id, kind }) => kind.startsWith("allow") && !guard.settled.has(id));
          assert.deepEqual(open, [], `step ${index} cut at ${at}: every act has an outcome`);
          assert.ok(executor.ran.length <= 1, `step ${index} cut at ${at}: ran ${executor.ran.length} times`);
          assert.equal(approvals.tickets.filter((line) => line === "end used").length, executor.ran.length);
        }
      }
    });
  }
});

function send(table: ReturnType<typeof heldTable>, ...lines: string[]): void {
  table.session.fromClient(Buffer.concat(lines.map(clientMessage)));
}

function heard(table: ReturnType<typeof heldTable>): string {
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

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { heldTable } from "../../../../test/playbooks/held-session.ts";
import { playbookOf, playSteps } from "../../../../test/playbooks/session-playbook.ts";
import { settled } from "../../../../test/playbooks/wire-session.ts";

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

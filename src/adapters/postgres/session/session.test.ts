import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clientMessage, serverMessages, words } from "../../../../test/playbooks/wire-messages.ts";
import { playbookOf, playSteps } from "../../../../test/playbooks/session-playbook.ts";
import { sessionTable, settled } from "../../../../test/playbooks/wire-session.ts";

/**
 * Playbooks. `>` the client says (messages divided by ` ; `), `=>` what has reached the server since; `<` the server says,
 * `=<` what has reached the client since.
 */
const playbooks: Record<string, string> = {
  "a read passes both ways as it came": `
    > Q select 1
    => Q
    < T D D C:SELECT_2 Z:I
    =< T D D C:SELECT_2 Z:I`,
  "a refusal reaches no server": `
    > Q delete from t /* forbidden */
    =>
    =< E:42501 Z:I`,
  "a refusal in a block poisons it": `
    > Q begin
    => Q
    < C:BEGIN Z:T
    =< C:BEGIN Z:T
    > Q delete from t /* forbidden */
    => P S
    < E:42601 Z:E
    =< E:42501 Z:E
    > Q rollback
    => Q
    < C:ROLLBACK Z:I
    =< C:ROLLBACK Z:I`,
  "a refused Parse in the middle of a batch": `
    > P |select 1 ; B | ; E  ; P |delete from t /* forbidden */ ; B | ; E  ; S
    => P B E P H S
    < 1 2 D C:SELECT_1 E:42601 Z:I
    =< 1 2 D C:SELECT_1 E:42501 Z:I`,
  "an error before the poison hides the refusal": `
    > P |select 1 ; B | ; P |delete from t /* forbidden */ ; E  ; S
    => P B P H S
    < 1 E:22012 Z:I
    =< 1 E:22012 Z:I`,
  "the context is read back after SET, in the block's own name": `
    > Q set search_path = other ; Q select 1
    => Q
    < C:SET Z:I
    => P B E C C S
    =< C:SET Z:I
    < 1 2 D:agent,agent,["other"],null,null C:SELECT_1 3 3 Z:I
    => Q
    =<
    < T D C:SELECT_1 Z:I
    =< T D C:SELECT_1 Z:I`,
  "messages out of turn pass": `
    > Q select 1
    => Q
    < N A T D S:application_name=x C:SELECT_1 Z:I A
    =< N A T D S:application_name=x C:SELECT_1 Z:I A`,
  "COPY in carries anything": `
    > Q copy t from stdin
    => Q
    < G
    =< G
    > d Q drop table t ; d X ; c
    => d d c
    < C:COPY_2 Z:I
    =< C:COPY_2 Z:I`,
  "partial Execute": `
    > P |select 1 ; B | ; E |1 ; E  ; S
    => P B E E S
    < 1 2 D s D C:SELECT_1 Z:I
    =< 1 2 D s D C:SELECT_1 Z:I`,
  "Describe, Close, Flush": `
    > P s|select 1 ; DS s ; H ; B p|s ; DP p ; CP p ; CS s ; S
    => P D H B D C C S
    < 1 t T 2 T 3 3 Z:I
    =< 1 t T 2 T 3 3 Z:I`,
  "an encoding that changes ends the session": `
    > Q select 1
    => Q
    < T S:client_encoding=SJIS D
    =< T E:57P05`,
  "an answer that was not asked for ends the session": `
    > Q select 1
    => Q
    < T D 1
    =< T D E:08P01`,
  "a row when nothing was asked ends the session": `
    < D
    =< E:08P01`,
  "an unknown message of the client ends the session": `
    > p
    =>
    =< E:08P01`,
  "Bind of a name nobody prepared": `
    > B |nobody ; E  ; S
    =>
    =< E:26000 Z:I`,
  "a call by OID": `
    > F 2026
    => F
    < V Z:I
    =< V Z:I`,
};

const LIES = [-0x8000_0000, -1, 0, 3, 4, 5, 0x7fff_ffff, 0x3fff_ffff, 70_000];

function lengthFields(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readInt32BE(at + 1)) found.push(at + 1);
  return found;
}

describe("wire session playbooks", () => {
  for (const [title, playbook] of Object.entries(playbooks)) {
    const book = playbookOf(playbook);
    const { steps, want, said } = book;

    test(title, async () => {
      assert.deepEqual((await playSteps(book)).seen, want);
    });

    test(`${title}: byte by byte, and split at every byte`, async () => {
      assert.deepEqual((await playSteps(book, (bytes) => Array.from(bytes, (byte) => Buffer.from([byte])))).seen, want);
      for (const { index, bytes } of said) {
        for (let at = 1; bytes !== undefined && at < bytes.length; at++) {
          const { seen } = await playSteps(book, (given, step) => (step === index ? [given.subarray(0, at), given.subarray(at)] : [given]));
          assert.deepEqual(seen, want, `step ${index} split at ${at}`);
        }
      }
    });

    test(`${title}: cut off at every byte, nothing is invented`, async () => {
      for (const { index, bytes } of said) {
        for (let at = 0; bytes !== undefined && at < bytes.length; at++) {
          const { table } = await playSteps(book, (given, step) => (step === index ? [given.subarray(0, at)] : [given]), {
            last: index + 1,
          });
          table.session.lost("the playbook ends");
          const open = table.guard.admissions.filter(({ id, kind }) => kind === "allow" && !table.guard.settled.has(id));
          assert.deepEqual(open, [], `step ${index} cut at ${at}: every act has an outcome`);
        }
      }
    });

    test(`${title}: lengths that lie never forward a refused text`, async () => {
      for (const { index, bytes } of said) {
        for (const at of bytes === undefined ? [] : lengthFields(bytes)) {
          for (const lie of LIES) {
            const table = sessionTable();
            const reached: Buffer[] = [];
            for (const { index: step, bytes: given } of said) {
              if (given === undefined) continue;
              const lying = Buffer.from(given);
              if (step === index) lying.writeInt32BE(lie, at);
              if (steps[step]?.mark === ">") table.session.fromClient(lying);
              else table.session.fromServer(lying);
              await settled();
              reached.push(table.taken().server);
            }
            assert.ok(!Buffer.concat(reached).includes("forbidden"), `step ${index}, length at ${at} says ${lie}`);
          }
        }
      }
    });
  }
});

test("nothing of ours stands inside a message that the server sends unasked", async () => {
  for (const lines of [["Q drop table t /* forbidden */"], ["P |drop table t /* forbidden */", "S"], ["B |nobody", "S"]]) {
    const table = sessionTable();
    const notification = serverMessages("A");
    table.session.fromServer(notification.subarray(0, 12));
    table.session.fromClient(Buffer.concat(lines.map(clientMessage)));
    await settled();
    const first = table.taken().client;
    table.session.fromServer(Buffer.from(notification.subarray(12)));
    await settled();
    const { said, rest } = words(Buffer.concat([first, table.taken().client]));
    assert.deepEqual([said[0], said.at(-1), rest.length], ["A", "Z:I", 0], lines.join(" ; "));
  }
});

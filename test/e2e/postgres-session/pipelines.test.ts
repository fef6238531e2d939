import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { startThrough, type Through } from "./through.ts";
import { Wire } from "./wire.ts";

/**
 * Messages of the client, then the whole answer. `count` is the number of ReadyForQuery to wait for. The table `t` begins
 * with the rows 1, 2, 3.
 */
interface Case {
  readonly title: string;
  readonly send: readonly string[];
  readonly answer: string;
  readonly count?: number;
  /** Rows of `t` afterwards, read by another connection. */
  readonly rows: string;
}

const cases: readonly Case[] = [
  {
    title: "several statements in one text",
    send: ["Q select 1; select 2; select 3 where false"],
    answer: "T D C:SELECT_1 T D C:SELECT_1 T C:SELECT_0 Z:I",
    rows: "1 2 3",
  },
  { title: "an empty text", send: ["Q "], answer: "I Z:I", rows: "1 2 3" },
  { title: "a refused text is answered locally", send: ["Q delete from t /* forbidden */"], answer: "E:42501 Z:I", rows: "1 2 3" },
  { title: "one refused statement refuses the text", send: ["Q delete from t; select 'forbidden'"], answer: "E:42501 Z:I", rows: "1 2 3" },
  {
    title: "pipelined simple queries",
    send: ["Q select 1", "Q delete from t where a = 1 /* forbidden */", "Q select 2"],
    answer: "T D C:SELECT_1 Z:I E:42501 Z:I T D C:SELECT_1 Z:I",
    count: 3,
    rows: "1 2 3",
  },
  {
    title: "a refusal fails the open transaction",
    send: ["Q begin", "Q delete from t where a = 1", "Q drop table t /* forbidden */", "Q select 1", "Q commit"],
    answer: "C:BEGIN Z:T C:DELETE_1 Z:T E:42501 Z:E E:25P02 Z:E C:ROLLBACK Z:I",
    count: 5,
    rows: "1 2 3",
  },
  {
    title: "a refusal in a failed transaction",
    send: ["Q begin", "Q select 1/0", "Q drop table t /* forbidden */", "Q rollback"],
    answer: "C:BEGIN Z:T E:22012 Z:E E:42501 Z:E C:ROLLBACK Z:I",
    count: 4,
    rows: "1 2 3",
  },
  {
    title: "savepoints survive a refusal as they do an error",
    send: ["Q begin", "Q savepoint s", "Q delete from t /* forbidden */", "Q rollback to s", "Q delete from t where a = 2", "Q commit"],
    answer: "C:BEGIN Z:T C:SAVEPOINT Z:T E:42501 Z:E C:ROLLBACK Z:T C:DELETE_1 Z:T C:COMMIT Z:I",
    count: 6,
    rows: "1 3",
  },
  { title: "an extended read", send: ["P |select 1", "B |", "DP ", "E ", "S"], answer: "1 2 T D C:SELECT_1 Z:I", rows: "1 2 3" },
  {
    title: "a refused Parse swallows to Sync and answers once",
    send: ["P |delete from t /* forbidden */", "B |", "DP ", "E ", "S"],
    answer: "E:42501 Z:I",
    rows: "1 2 3",
  },
  {
    title: "a refused Parse takes back what its batch did before",
    send: ["P |delete from t where a = 1", "B |", "E ", "P |delete from t /* forbidden */", "B |", "E ", "S"],
    answer: "1 2 C:DELETE_1 E:42501 Z:I",
    rows: "1 2 3",
  },
  {
    title: "the batch after a refused one is not shifted",
    send: ["P |drop table t /* forbidden */", "B |", "E ", "S", "P |select 1", "B |", "E ", "S"],
    answer: "E:42501 Z:I 1 2 D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "a refused batch behind one in flight",
    send: ["P |select 1", "B |", "E ", "S", "P |drop table t /* forbidden */", "B |", "E ", "S", "P |select 2", "B |", "E ", "S"],
    answer: "1 2 D C:SELECT_1 Z:I E:42501 Z:I 1 2 D C:SELECT_1 Z:I",
    count: 3,
    rows: "1 2 3",
  },
  {
    title: "an error inside a pipeline: the server skips, replies do not shift",
    send: ["P |select 1/(a-1) from t order by a", "B |", "E ", "P |delete from t", "B |", "E ", "S", "P |select 2", "B |", "E ", "S"],
    answer: "1 2 E:22012 Z:I 1 2 D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "a refusal behind an error is not reached",
    send: ["P |select nothing", "B |", "P |drop table t /* forbidden */", "S", "Q select 1"],
    answer: "E:42703 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "re-Parse of the unnamed statement between Bind and Execute runs what was bound",
    send: ["P |select 7", "B |", "P |delete from t where a = 3", "E ", "S"],
    answer: "1 2 1 D C:SELECT_1 Z:I",
    rows: "1 2 3",
  },
  {
    title: "a refused re-Parse between Bind and Execute",
    send: ["P |select 7", "B |", "P |delete from t /* forbidden */", "E ", "S"],
    answer: "1 2 E:42501 Z:I",
    rows: "1 2 3",
  },
  {
    title: "Close and re-use of a name",
    send: ["P s|select 1", "CS s", "P s|select 2", "B |s", "E ", "S"],
    answer: "1 3 1 2 D C:SELECT_1 Z:I",
    rows: "1 2 3",
  },
  {
    title: "a name that the server has refused keeps its old meaning",
    send: ["P s|select 1", "S", "P s|delete from t", "S", "B |s", "E ", "S"],
    answer: "1 Z:I E:42P05 Z:I 2 D C:SELECT_1 Z:I",
    count: 3,
    rows: "1 2 3",
  },
  { title: "an unknown statement", send: ["B |nobody", "E ", "S"], answer: "E:26000 Z:I", rows: "1 2 3" },
  { title: "an unknown portal", send: ["E nobody", "S"], answer: "E:34000 Z:I", rows: "1 2 3" },
  {
    title: "partial Execute",
    send: ["P |select a from t", "B p|", "E p|1", "E p|1", "E p", "S"],
    answer: "1 2 D s D s D C:SELECT_1 Z:I",
    rows: "1 2 3",
  },
  {
    title: "Describe of statement and portal",
    send: ["P q|select 1", "DS q", "B |q", "DP ", "CP ", "S"],
    answer: "1 t T 2 T 3 Z:I",
    rows: "1 2 3",
  },
  { title: "Flush answers without Sync", send: ["P |select 1", "B |", "E ", "H", "S"], answer: "1 2 D C:SELECT_1 Z:I", rows: "1 2 3" },
  {
    title: "a transaction inside one batch",
    send: ["P |begin", "B |", "E ", "P |delete from t where a = 1", "B |", "E ", "P |commit", "B |", "E ", "S"],
    answer: "1 2 C:BEGIN 1 2 C:DELETE_1 1 2 C:COMMIT Z:I",
    rows: "2 3",
  },
  {
    title: "a refused statement in a block by the extended protocol",
    send: ["Q begin", "P |drop table t /* forbidden */", "S", "Q select 1", "Q rollback"],
    answer: "C:BEGIN Z:T E:42501 Z:E E:25P02 Z:E C:ROLLBACK Z:I",
    count: 4,
    rows: "1 2 3",
  },
  {
    title: "SQL PREPARE, EXECUTE, DEALLOCATE",
    send: ["Q prepare x as select 1", "Q execute x", "Q deallocate x", "Q execute x"],
    answer: "C:PREPARE Z:I T D C:SELECT_1 Z:I C:DEALLOCATE Z:I E:26000 Z:I",
    count: 4,
    rows: "1 2 3",
  },
  {
    title: "a refused PREPARE cannot be executed",
    send: ["Q prepare y as delete from t where 'forbidden' <> ''", "Q execute y"],
    answer: "E:42501 Z:I E:26000 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "EXECUTE of a statement of the wire, and Bind of one of SQL",
    send: ["P w|select 1", "S", "Q execute w", "Q prepare v as select 2", "B |v", "E ", "S"],
    answer: "1 Z:I T D C:SELECT_1 Z:I C:PREPARE Z:I 2 D C:SELECT_1 Z:I",
    count: 4,
    rows: "1 2 3",
  },
  {
    title: "DISCARD ALL forgets names",
    send: ["Q prepare z as select 1", "Q discard all", "Q execute z"],
    answer: "C:PREPARE Z:I C:DISCARD_ALL Z:I E:26000 Z:I",
    count: 3,
    rows: "1 2 3",
  },
  {
    title: "COPY in",
    send: ["Q copy t from stdin", "d 7\n", "d Q\n8\n".replace("Q\n", ""), "c"],
    answer: "G C:COPY_2 Z:I",
    rows: "1 2 3 7 8",
  },
  {
    title: "CopyFail",
    send: ["Q copy t from stdin", "d 7\n", "f no", "Q select 1"],
    answer: "G E:57014 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "COPY in whose data are wrong",
    send: ["Q copy t from stdin", "d seven\n", "d 8\n", "c", "Q select 1"],
    answer: "G E:22P02 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "COPY in by the extended protocol, with the Sync that the server ignores",
    send: ["P |copy t from stdin", "B |", "E ", "S", "d 9\n", "H", "S", "c", "S"],
    answer: "1 2 G C:COPY_1 Z:I",
    rows: "1 2 3 9",
  },
  { title: "COPY out", send: ["Q copy t to stdout"], answer: "H d d d c C:COPY_3 Z:I", rows: "1 2 3" },
  {
    title: "messages out of place end the session",
    send: ["Q copy t from stdin", "Q drop table t"],
    answer: "G E:08P01 (closed)",
    rows: "1 2 3",
  },
  { title: "LISTEN and NOTIFY", send: ["Q listen c", "Q notify c"], answer: "C:LISTEN Z:I C:NOTIFY A Z:I", count: 2, rows: "1 2 3" },
  { title: "a call by OID (pg_backend_pid)", send: ["F 2026", "Q select 1"], answer: "V Z:I T D C:SELECT_1 Z:I", count: 2, rows: "1 2 3" },
  {
    title: "invalid UTF-8 is refused, the client goes on",
    send: ["Q select '\u0000'", "Q select 1"],
    answer: "E:42601 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "names of ours and names that the server would cut",
    send: ["P holdfast_context|select 1", "S", `P ${"n".repeat(64)}|select 1`, "S"],
    answer: "E:08P01 Z:I E:08P01 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "a Query inside an open batch",
    send: ["P |delete from t where a = 1", "B |", "E ", "Q delete from t /* forbidden */", "S"],
    answer: "1 2 C:DELETE_1 E:42501 Z:I Z:I",
    count: 2,
    rows: "1 2 3",
  },
  { title: "VACUUM", send: ["Q vacuum t"], answer: "C:VACUUM Z:I", rows: "1 2 3" },
  {
    title: "COMMIT AND CHAIN",
    send: ["Q begin", "Q delete from t where a = 1", "Q commit and chain", "Q delete from t", "Q rollback"],
    answer: "C:BEGIN Z:T C:DELETE_1 Z:T C:COMMIT Z:T C:DELETE_2 Z:T C:ROLLBACK Z:I",
    count: 5,
    rows: "2 3",
  },
];

for (const version of serverVersions) {
  describe(`pipelines through the relay to PostgreSQL ${version}`, () => {
    let server: TestServer;
    let through: Through;
    before(async () => {
      server = await startServer({ version });
      through = await startThrough(server);
    });
    after(async () => {
      await through.listener.stop();
      await server.stop();
    });
    beforeEach(async () => {
      await server.asSuperuser("drop table if exists t; create table t (a int); insert into t values (1), (2), (3)");
    });

    for (const slow of [false, true]) {
      for (const { title, send, answer, count = 1, rows } of cases) {
        test(`${title}${slow ? ", judged late" : ""}`, async () => {
          through.guard.slow = slow;
          through.guard.obligations = [];
          const wire = await Wire.connect(through.url());
          try {
            wire.send(...send);
            assert.equal(await wire.until("Z", count), answer);
            assert.equal(wire.pending, "");
          } finally {
            wire.close();
          }
          const [row] = await server.asSuperuser<{ all: string }>("select coalesce(string_agg(a::text, ' ' order by a), '') as all from t");
          assert.equal(row?.all, rows);
        });
      }
    }

    test("a text longer than can be judged is refused, the client goes on", async () => {
      through.guard.slow = false;
      const wire = await Wire.connect(through.url());
      wire.send(`Q select '${"x".repeat(1024 * 1024)}'`, `P |select '${"x".repeat(1024 * 1024)}'`, "B |", "E ", "S", "Q select 1");
      assert.equal(await wire.until("Z", 3), "E:54000 Z:I E:54000 Z:I T D C:SELECT_1 Z:I");
      wire.close();
    });

    test("what was judged has one outcome each", async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const allowed = through.guard.admissions.filter(({ kind }) => kind === "allow").map(({ id }) => id);
      assert.deepEqual(
        allowed.filter((id) => !through.guard.settled.has(id)),
        [],
      );
      assert.ok(allowed.length > 100);
    });
  });
}

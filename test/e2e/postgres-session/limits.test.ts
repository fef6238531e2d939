import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Obligation } from "../../../src/model/decision.ts";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { startThrough, type Through } from "./through.ts";
import { Wire } from "./wire.ts";

interface Case {
  readonly title: string;
  readonly obligations: readonly Obligation[];
  readonly send: readonly string[];
  readonly answer: string;
  readonly count?: number;
  readonly rows: string;
  /** How the last transaction block ended, where one was begun. */
  readonly ended?: string;
}

const changed = (rows: number): Obligation[] => [{ kind: "rows_changed_max", rows }];
const perTransaction = (rows: number): Obligation[] => [{ kind: "rows_changed_per_transaction_max", rows }];
const returned = (rows: number): Obligation[] => [{ kind: "rows_returned_max", rows }];

const cases: readonly Case[] = [
  {
    title: "a change within the limit, simple",
    obligations: changed(1),
    send: ["Q delete from t where a = 1"],
    answer: "C:DELETE_1 Z:I",
    rows: "2 3",
  },
  {
    title: "a change over the limit, simple",
    obligations: changed(1),
    send: ["Q delete from t", "Q select 1"],
    answer: "E:54000 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "RETURNING keeps its rows",
    obligations: changed(1),
    send: ["Q update t set a = 4 where a = 3 returning a"],
    answer: "T D C:UPDATE_1 Z:I",
    rows: "1 2 4",
  },
  {
    title: "two statements, the second over the limit",
    obligations: changed(1),
    send: ["Q delete from t where a = 1; delete from t"],
    answer: "C:DELETE_1 E:54000 Z:I",
    rows: "1 2 3",
  },
  {
    title: "the sum of a text over the limit",
    obligations: perTransaction(2),
    send: ["Q delete from t where a = 1; delete from t where a > 1"],
    answer: "C:DELETE_1 E:54000 Z:I",
    rows: "1 2 3",
  },
  {
    title: "an error in a translated text",
    obligations: changed(1),
    send: ["Q delete from t where a = 1; delete from nowhere; delete from t", "Q select 1"],
    answer: "C:DELETE_1 E:42P01 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "over the limit in a block fails the block",
    obligations: changed(1),
    send: ["Q begin", "Q delete from t where a = 1", "Q delete from t", "Q select 1", "Q commit"],
    answer: "C:BEGIN Z:T C:DELETE_1 Z:T E:54000 Z:E E:25P02 Z:E C:ROLLBACK Z:I",
    count: 5,
    rows: "1 2 3",
    ended: "rolled_back",
  },
  {
    title: "the sum of a block over the limit",
    obligations: perTransaction(2),
    send: ["Q begin", "Q delete from t where a = 1", "Q delete from t where a > 1", "Q commit"],
    answer: "C:BEGIN Z:T C:DELETE_1 Z:T E:54000 Z:E C:ROLLBACK Z:I",
    count: 4,
    rows: "1 2 3",
    ended: "rolled_back",
  },
  {
    title: "extended, over the limit",
    obligations: changed(1),
    send: ["P |delete from t", "B |", "DP ", "E ", "S", "P |select 1", "B |", "E ", "S"],
    answer: "1 2 n E:54000 Z:I 1 2 D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "extended, within the limit",
    obligations: changed(3),
    send: ["P |delete from t", "B |", "DP ", "E ", "S"],
    answer: "1 2 n C:DELETE_3 Z:I",
    rows: "",
  },
  {
    title: "extended in a block, over the limit",
    obligations: changed(1),
    send: ["Q begin", "P |delete from t", "B |", "E ", "S", "Q select 1", "Q rollback"],
    answer: "C:BEGIN Z:T 1 2 E:54000 Z:E E:25P02 Z:E C:ROLLBACK Z:I",
    count: 4,
    rows: "1 2 3",
    ended: "rolled_back",
  },
  {
    title: "a COMMIT pipelined behind a change over the limit",
    obligations: changed(1),
    send: ["P |begin", "B |", "E ", "P |delete from t", "B |", "E ", "P |commit", "B |", "E ", "S"],
    answer: "1 2 C:BEGIN 1 2 E:54000 Z:I",
    rows: "1 2 3",
  },
  {
    title: "a COMMIT in the next batch",
    obligations: changed(1),
    send: ["Q begin", "P |delete from t", "B |", "E ", "S", "P |commit", "B |", "E ", "S"],
    answer: "C:BEGIN Z:T 1 2 E:54000 Z:E 1 2 C:ROLLBACK Z:I",
    count: 3,
    rows: "1 2 3",
    ended: "rolled_back",
  },
  {
    title: "a change and COMMIT in one text, within the limit",
    obligations: changed(5),
    send: ["Q begin; delete from t; commit"],
    answer: "C:BEGIN C:DELETE_3 C:COMMIT Z:I",
    rows: "",
    ended: "committed",
  },
  {
    title: "a change and COMMIT in one text, over the limit",
    obligations: changed(2),
    send: ["Q begin; delete from t; commit", "Q rollback"],
    answer: "C:BEGIN E:54000 Z:E C:ROLLBACK Z:I",
    count: 2,
    rows: "1 2 3",
    ended: "rolled_back",
  },
  {
    title: "COPY in within the limit",
    obligations: changed(2),
    send: ["Q copy t from stdin", "d 7\n", "d 8\n", "c", "Q select 1"],
    answer: "G C:COPY_2 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3 7 8",
  },
  {
    title: "COPY in over the limit",
    obligations: changed(1),
    send: ["Q copy t from stdin", "d 7\n", "d 8\n", "c", "Q select 1"],
    answer: "G E:54000 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "COPY in that fails, held",
    obligations: changed(5),
    send: ["Q copy t from stdin", "d seven\n", "d 8\n", "c", "Q select 1"],
    answer: "G E:22P02 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "rows returned over the limit, simple",
    obligations: returned(2),
    send: ["Q select a from t", "Q select 1"],
    answer: "T D D E:54000 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "rows of all results of a text count together",
    obligations: returned(4),
    send: ["Q select a from t; select a from t"],
    answer: "T D D D C:SELECT_3 T D E:54000 Z:I",
    rows: "1 2 3",
  },
  {
    title: "rows returned over the limit in a block",
    obligations: returned(2),
    send: ["Q begin", "Q select a from t", "Q select 1", "Q rollback"],
    answer: "C:BEGIN Z:T T D D E:54000 Z:E E:25P02 Z:E C:ROLLBACK Z:I",
    count: 4,
    rows: "1 2 3",
  },
  {
    title: "rows returned over the limit, extended, the next batch unharmed",
    obligations: returned(2),
    send: ["P |select a from t", "B |", "E ", "S", "P |select 1", "B |", "E ", "S"],
    answer: "1 2 D D E:54000 Z:I 1 2 D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "a portal in pieces counts as one",
    obligations: returned(2),
    send: ["P |select a from t", "B |", "E |1", "E |1", "E |1", "S"],
    answer: "1 2 D s D s E:54000 Z:I",
    rows: "1 2 3",
  },
  {
    title: "a cursor counts as one",
    obligations: returned(2),
    send: ["Q begin", "Q declare c cursor for select a from t", "Q fetch 1 from c", "Q fetch 2 from c", "Q rollback"],
    answer: "C:BEGIN Z:T C:DECLARE_CURSOR Z:T T D C:FETCH_1 Z:T T D E:54000 Z:E C:ROLLBACK Z:I",
    count: 5,
    rows: "1 2 3",
  },
  {
    title: "COPY out over the limit",
    obligations: returned(2),
    send: ["Q copy t to stdout", "Q select 1"],
    answer: "H d d E:54000 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "one row with everything is many bytes",
    obligations: [{ kind: "bytes_returned_max", bytes: 1000 }],
    send: ["Q select repeat('x', 2000)", "Q select 1"],
    answer: "T E:54000 Z:I T D C:SELECT_1 Z:I",
    count: 2,
    rows: "1 2 3",
  },
  {
    title: "RETURNING over the rows limit takes the change back",
    obligations: returned(2),
    send: ["Q delete from t returning a"],
    answer: "T D D E:54000 Z:I",
    rows: "1 2 3",
  },
  {
    title: "a write and a read over the limit in one batch",
    obligations: returned(2),
    send: ["P |delete from t where a = 1", "B |", "E ", "P |select generate_series(1, 9)", "B |", "E ", "S"],
    answer: "1 2 C:DELETE_1 1 2 D D E:54000 Z:I",
    rows: "1 2 3",
  },
];

for (const version of serverVersions) {
  describe(`limits through the relay to PostgreSQL ${version}`, () => {
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
      through.guard.obligations = [];
      through.guard.broken = false;
    });
    const rows = async (): Promise<string | undefined> =>
      (await server.asSuperuser<{ all: string }>("select coalesce(string_agg(a::text, ' ' order by a), '') as all from t"))[0]?.all;

    for (const one of cases) {
      test(one.title, async () => {
        through.guard.obligations = one.obligations;
        const wire = await Wire.connect(through.url());
        try {
          wire.send(...one.send);
          assert.equal(await wire.until("Z", one.count ?? 1), one.answer);
          assert.equal(wire.pending, "");
        } finally {
          wire.close();
        }
        assert.equal(await rows(), one.rows);
        if (one.ended !== undefined) assert.equal(through.guard.ended.at(-1)?.end, one.ended);
      });
    }

    test("a million rows over the limit are cancelled in the server, not read to their end", async () => {
      through.guard.obligations = returned(10);
      const wire = await Wire.connect(through.url());
      wire.send("Q select generate_series(1, 2000000000)");
      assert.match(await wire.until("Z"), /^T( D){10} E:54000 Z:I$/);
      wire.send("Q select 1");
      assert.equal(await wire.until("Z"), "T D C:SELECT_1 Z:I");
      wire.close();
    });

    const unsealed: readonly (readonly [title: string, send: readonly string[], answer: string, count?: number])[] = [
      ["simple", ["Q delete from t", "Q select 1"], "E:58030 Z:I T D C:SELECT_1 Z:I", 2],
      ["extended", ["P |delete from t", "B |", "E ", "S"], "1 2 C:DELETE_3 E:58030 Z:I"],
      ["COMMIT", ["Q begin", "Q delete from t", "Q commit", "Q rollback"], "C:BEGIN Z:T C:DELETE_3 Z:T E:58030 Z:E C:ROLLBACK Z:I", 4],
      ["VACUUM, which nothing takes back", ["Q vacuum t"], "E:58030 Z:I"],
    ];
    for (const [title, send, answer, count = 1] of unsealed) {
      test(`the record cannot be written: ${title}`, async () => {
        through.guard.broken = true;
        const wire = await Wire.connect(through.url());
        wire.send(...send);
        assert.equal(await wire.until("Z", count), answer);
        wire.close();
        assert.equal(await rows(), "1 2 3");
      });
    }

    test("the record cannot be written: a held simple change", async () => {
      through.guard.broken = true;
      through.guard.obligations = changed(9);
      const wire = await Wire.connect(through.url());
      wire.send("Q delete from t");
      assert.equal(await wire.until("Z"), "E:58030 Z:I");
      wire.close();
      assert.equal(await rows(), "1 2 3");
    });

    test("a time limit of a statement, of the policy and of the session", async () => {
      through.guard.obligations = [{ kind: "statement_ms_max", ms: 300 }];
      const wire = await Wire.connect(through.url());
      wire.send("Q select pg_sleep(60)", "Q select 1");
      assert.match(await wire.until("Z", 2), /^(T )?E:57014 Z:I T D C:SELECT_1 Z:I$/);
      wire.close();
    });

    const none = { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };
    for (const [title, limits, code] of [
      ["the session's", { ...none, sessionMsMax: 600 }, "57P05"],
      ["idle in a transaction", { ...none, idleInTransactionMsMax: 400 }, "25P03"],
      ["the transaction's", { ...none, transactionMsMax: 400 }, "25P04"],
    ] as const) {
      test(`a time limit passed ends the session and takes the transaction back: ${title}`, async () => {
        const short = await startThrough(server, limits);
        const wire = await Wire.connect(short.url());
        wire.send("Q begin", "Q delete from t");
        assert.equal(await wire.until("never"), `C:BEGIN Z:T C:DELETE_3 Z:T E:${code} (closed)`);
        await short.listener.stop();
        assert.equal(await rows(), "1 2 3");
      });
    }

    for (const [title, limits, code] of [
      ["the session's", { ...none, sessionMsMax: 800 }, "57P05"],
      ["the transaction's", { ...none, transactionMsMax: 800 }, "25P04"],
    ] as const) {
      test(`a time limit passed while a statement runs ends it at the server, too: ${title}`, async () => {
        const short = await startThrough(server, limits);
        const wire = await Wire.connect(short.url());
        wire.send("Q begin", "Q delete from t", "Q select pg_sleep(600)");
        assert.match(await wire.until("never"), new RegExp(`^C:BEGIN Z:T C:DELETE_3 Z:T (T )?(E:57014 Z:E )?E:${code} \\(closed\\)$`));
        for (let left = 1; left > 0; ) {
          const found = await server.asSuperuser<{ n: number }>(
            "select count(*)::int as n from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()",
          );
          left = found[0]?.n ?? 0;
        }
        await short.listener.stop();
        assert.equal(await rows(), "1 2 3");
      });
    }
  });
}

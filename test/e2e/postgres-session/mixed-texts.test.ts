/** Texts that mix transaction control with changes under a limit answer through the relay as they do on the server itself. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverVersions, startServer, type TestServer } from "../../support/servers.ts";
import { startThrough, type Through } from "./through.ts";
import { Wire } from "./wire.ts";

/** Each line is a conversation of simple queries, divided by ` | `. The table `t` begins with the rows 1, 2, 3. */
const conversations = `
begin; delete from t where a = 1; commit
begin; delete from t where a = 1; rollback
begin; delete from t where a = 1 | select count(*) from t | commit
delete from t where a = 1; commit
delete from t where a = 1; commit; delete from t where a = 2
delete from t where a = 1; rollback; delete from t where a = 2
commit; delete from t where a = 1; select 1
rollback; delete from t where a = 1
insert into t values (4); begin; insert into t values (5); commit; insert into t values (6)
insert into t values (4); begin; insert into t values (5) | rollback
begin; begin; delete from t where a = 1; commit; commit
begin; insert into t values (4); select 1/0; insert into t values (5); commit | select 1 | rollback
begin; insert into t values (4); select 1/0; commit | commit
insert into t values (4); select 1/0; commit; insert into t values (5)
insert into t values (4); commit; insert into t values (5); select 1/0
insert into t values (4); commit; select 1/0; insert into t values (5)
begin; insert into t values (4); savepoint s; delete from t; rollback to s; insert into t values (5); commit
begin; savepoint s; insert into nowhere values (4); release s; commit | rollback
savepoint s; insert into t values (4)
insert into t values (4); savepoint s
insert into t values (4); release s; commit
insert into t values (4); rollback to savepoint s
begin; insert into t values (4); commit and chain; insert into t values (5); rollback and chain; insert into t values (6); commit
insert into t values (4); commit and chain; insert into t values (5)
begin isolation level serializable; insert into t values (4); commit
insert into t values (4); begin isolation level serializable; commit
begin; set transaction isolation level repeatable read; insert into t values (4); commit
declare c cursor for select a from t; insert into t values (4); fetch all from c; commit
lock table t; insert into t values (4); commit; lock table t; insert into t values (5)
lock table t; insert into t values (4)
commit; lock table t
commit; set local work_mem = '1MB'; insert into t values (4)
set local work_mem = '1MB'; insert into t values (4); commit
begin; insert into t values (4); vacuum t; commit | rollback
commit; vacuum t; insert into t values (4)
insert into t values (4); vacuum t
insert into t values (4) returning a; commit; update t set a = a + 10 returning a
begin; update t set a = 9 where a = 1 returning a; commit; select a from t order by a
begin; insert into d values (7); commit; select 1
insert into d values (7); commit; select 1
insert into d values (7); insert into t values (4)
insert into d values (7)
begin; insert into d values (7) | commit | select 1
begin; insert into d values (7); set constraints all immediate; commit | rollback
insert into t values (4); -- a comment; commit
insert into t values (4) /* ; */; commit -- the end
;;insert into t values (4);;; commit;;
begin; insert into t values ('é'); commit | rollback
begin; insert into t values (nothing); commit | rollback
insert into t values (4); commit; insert into t values (nothing)
notify n; insert into t values (4); commit
do $$ begin insert into t values (4); end $$; commit
begin; do $$ begin insert into t values (4); end $$; commit
begin; call p(); commit
abort; insert into t values (4); end
start transaction; insert into t values (4); end; start transaction; insert into t values (5); end
begin read only; insert into t values (4); commit | rollback
begin; prepare q as insert into t values (4); execute q; commit; deallocate q
begin; select 1/0 | rollback; insert into t values (4)
begin; select 1/0 | commit; insert into t values (4); begin
begin; copy t to stdout; insert into t values (4); commit
`
  .trim()
  .split("\n");

const SETUP = `drop table if exists t, d; create table t (a int); insert into t values (1), (2), (3);
 create table d (a int primary key, b int references d (a) deferrable initially deferred, c int default 99);
 create or replace function ref() returns trigger language plpgsql as 'begin new.b := 12345; return new; end';
 create trigger ref before insert on d for each row execute function ref();
 create or replace procedure p() language sql as 'insert into t values (8)'`;

for (const version of serverVersions) {
  describe(`mixed texts through the relay and to PostgreSQL ${version} itself`, () => {
    let server: TestServer;
    let through: Through;
    before(async () => {
      server = await startServer({ version });
      through = await startThrough(server);
      through.guard.obligations = [
        { kind: "rows_changed_max", rows: 100 },
        { kind: "rows_changed_per_transaction_max", rows: 1000 },
      ];
    });
    after(async () => {
      await through.listener.stop();
      await server.stop();
    });

    async function played(url: string, texts: readonly string[]): Promise<{ said: string[]; rows: string | undefined }> {
      await server.asSuperuser(SETUP);
      const wire = await Wire.connect(url, { notices: true });
      const said: string[] = [];
      for (const text of texts) {
        wire.send(`Q ${text}`);
        said.push(await wire.until("Z"));
      }
      wire.close();
      const [row] = await server.asSuperuser<{ all: string }>(
        "select coalesce(string_agg(a::text, ' ' order by a), '') as all from (select a from t union all select a from d) as either_table",
      );
      return { said, rows: row?.all };
    }

    for (const conversation of conversations) {
      test(conversation, { timeout: 20_000 }, async () => {
        const texts = conversation.split(" | ");
        assert.deepEqual(await played(through.url(), texts), await played(server.url(), texts));
      });
    }
  });
}

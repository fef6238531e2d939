/**
 * What is typed into psql on both sides: its own commands, errors, transactions, COPY, settings, cursors, everyday SQL.
 * It holds nothing that differs from run to run, such as the time.
 */
import type { RunOptions } from "./run.ts";

export interface Case {
  readonly title: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly options?: RunOptions;
  /** False: both sides may word it in other messages as long as psql shows the same. */
  readonly wire?: boolean;
  /** Something that must stand in the output, so that two equal failures do not pass for a success. */
  readonly shows: RegExp;
}

export const cases: readonly Case[] = [
  {
    title: "\\d of every kind",
    script: String.raw`
\d
\d orders
\d spending
\d events
\d customers_id_seq
\d orders_by_customer
\d absent
`,
    shows: /Foreign-key constraints/,
  },
  {
    title: "\\d+ and its relatives",
    script: String.raw`
\d+
\d+ orders
\d+ spending
\d+ events
\dt+
\di+
\dv
\ds
\dm
`,
    shows: /what was ordered/,
  },
  {
    title: "functions, types, domains, operators",
    script: String.raw`
\df
\df+ order_count
\sf settle
\sv spending
\dT+
\dD
\do + int4
\da max
\dC text
\dO
`,
    shows: /order_count/,
  },
  {
    title: "roles, databases, schemas, rights",
    script: String.raw`
\l+ other
\du+
\dn+
\dp orders
\ddp
\db
\dx
\dy
\dL
\des
\dF
\drds
\dRp
`,
    shows: /List of tablespaces/,
  },
  {
    title: "\\c to another database and back",
    script: String.raw`
select current_database();
\c other
select current_database();
\d
\c shop
\dt orders
`,
    shows: /You are now connected to database "other"/,
  },
  {
    title: "\\conninfo and variables",
    script: String.raw`
\conninfo
\echo :DBNAME :USER :ENCODING :SERVER_VERSION_NUM
\encoding
`,
    shows: /UTF8/,
  },
  {
    title: "\\gdesc, \\gset, \\gexec, \\gx, \\crosstabview",
    script: String.raw`
select id, name, born from customers \gdesc
select 3 as three \gset
\echo :three
select 'select ' || g from generate_series(1, 3) g \gexec
select * from orders where id = 5 \gx
select customer_id % 2 as r, id % 2 as c, count(*) from orders group by 1, 2 order by 1, 2 \crosstabview
`,
    shows: /\| date/,
  },
  {
    title: "several COPYs in one message",
    script: String.raw`
create table many (a int);
select 0\; copy many from stdin\; copy many from stdin\; select 1;
1
\.
2
\.
select * from many;
copy (select 1) to stdout\; copy (select 2) to stdout\; select 3;
copy many from stdin\; select 1/0;
4
\.
select * from many;
`,
    shows: /COPY 1/,
  },
  {
    title: "RESET of one setting leaves the others",
    script: `
show intervalstyle;
set intervalstyle to postgres;
set enable_seqscan to off;
reset enable_seqscan;
select interval '1 day';
set intervalstyle to default;
show intervalstyle;
set work_mem to '1MB';
begin;
reset work_mem;
show work_mem;
rollback;
show work_mem;
reset all;
show work_mem;
show intervalstyle;
`,
    options: { env: { PGOPTIONS: "-c work_mem=8MB -c intervalstyle=iso_8601" } },
    shows: /iso_8601/,
    wire: false,
  },
  {
    title: "notices and levels",
    script: `
insert into orders (id, customer_id) values (1001, 1);
do $$ begin raise notice 'n'; raise warning 'w'; raise info 'i'; end $$;
set client_min_messages = debug1;
do $$ begin raise debug 'd'; end $$;
drop table if exists never_was;
`,
    shows: /INSERT 0 1/,
  },
  {
    title: "transactions and savepoints",
    script: `
begin;
update customers set name = 'x' where id = 1;
savepoint s;
select 1/0;
select 1;
rollback to s;
select name from customers where id = 1;
release s;
rollback;
select name from customers where id = 1;
begin isolation level serializable read only;
insert into events values ('2026-03-03', 'x');
end;
commit;
rollback;
`,
    shows: /name 1/,
  },
  {
    title: "transaction chains, ON_ERROR_ROLLBACK",
    script: String.raw`
\set ON_ERROR_ROLLBACK on
begin;
select 1/0;
insert into events values ('2026-04-04', 'kept');
commit and chain;
select count(*) from events;
rollback and chain;
end;
\set AUTOCOMMIT off
select 1;
rollback;
`,
    shows: /COMMIT/,
  },
  {
    title: "several statements in one message",
    script: String.raw`
select 1\; select 2\; select 3;
begin\; insert into events values ('2026-06-06', 'a')\; select 1/0\; select 2;
rollback;
insert into events values ('2026-06-07', 'b')\; select 1/0;
select count(*) from events;
`,
    shows: /3/,
  },
  {
    title: "\\copy in and out",
    script: String.raw`
\copy customers to 'FOLDER/customers.txt'
\copy (select * from wide) to stdout csv header
create table copied (like customers);
\copy copied from 'FOLDER/customers.txt'
select count(*) from copied;
copy copied (id, name) from stdin;
900	nine hundred
901	\N
\.
copy copied (id, name) from stdin csv;
902,x
903,y
\.
select id, name from copied where id > 899;
copy copied from stdin;
bad line
\.
select 1;
\copy (select 1) to program 'cat'
`,
    shows: /COPY 20/,
  },
  {
    title: "COPY in binary",
    script: String.raw`
copy wide to stdout (format csv, null 'N');
\copy wide to 'FOLDER/wide.bin' binary
create table wide2 (like wide);
\copy wide2 from 'FOLDER/wide.bin' binary
select * from wide2;
`,
    shows: /COPY 2/,
  },
  {
    title: "-1, one transaction",
    script: `
create table one (a int);
insert into one values (1);
select 1/0;
insert into one values (2);
`,
    args: ["-1"],
    shows: /CREATE TABLE/,
  },
  {
    title: "ON_ERROR_STOP",
    script: `
create table two (a int);
select 1/0;
insert into two values (1);
`,
    args: ["-v", "ON_ERROR_STOP=1"],
    shows: /CREATE TABLE/,
  },
  {
    title: "-c twice, tuples only",
    script: "",
    args: ["-At", "-c", "select 1; select 2", "-c", "select count(*) from customers"],
    shows: /20/,
  },
  {
    title: "PGOPTIONS",
    script: `
show work_mem;
show intervalstyle;
select interval '1 day 2 hours';
show search_path;
`,
    options: { env: { PGOPTIONS: "-c work_mem=8MB -c intervalstyle=iso_8601 -c search_path=pg_catalog,public" } },
    shows: /P1DT2H/,
  },
  {
    title: "settings of libpq",
    script: `
show timezone;
show datestyle;
show application_name;
select timestamptz '2026-01-01 12:00+00';
`,
    options: { env: { PGTZ: "Europe/Paris", PGDATESTYLE: "SQL, DMY", PGAPPNAME: "compat" } },
    shows: /Paris/,
  },
  {
    title: "another client encoding asked by the environment",
    script: String.raw`
\encoding
select 'é';
`,
    options: { env: { PGCLIENTENCODING: "UTF8" } },
    shows: /é/,
  },
  {
    title: "cursors",
    script: `
begin;
declare c scroll cursor for select id from orders order by id;
fetch 3 from c;
move 10 in c;
fetch backward 2 from c;
fetch last from c;
close c;
declare h cursor with hold for select generate_series(1, 5);
commit;
fetch 2 from h;
fetch all from h;
close h;
fetch 1 from h;
`,
    shows: /100/,
  },
  {
    title: "FETCH_COUNT",
    script: String.raw`
\set FETCH_COUNT 7
select id from orders order by id;
select 1/(50 - id) from orders order by id;
`,
    shows: /division by zero/,
  },
  {
    title: "prepared statements in SQL",
    script: `
prepare p (int) as select name from customers where id = $1;
execute p(3);
select name, statement, parameter_types from pg_prepared_statements;
prepare p as select 1;
deallocate p;
prepare w as insert into events values ('2026-07-07', $1);
execute w('prepared');
deallocate all;
explain (costs off) select * from orders where id = 1;
`,
    shows: /name 3/,
  },
  {
    title: "settings, temporary objects, DISCARD",
    script: `
set search_path to pg_temp, public;
set local work_mem = '1MB';
create temp table t as select 1 as a;
select * from t;
show search_path;
reset search_path;
set role pg_monitor;
select current_user;
reset role;
set session authorization pg_read_all_data;
select session_user, current_user;
reset session authorization;
discard all;
select * from t;
show search_path;
`,
    shows: /pg_monitor/,
  },
  {
    title: "DDL of every day",
    script: String.raw`
create schema s;
create table s.a (id int primary key, b text);
alter table s.a add column c int default 3;
create index on s.a (b);
create materialized view s.m as select 1 as one;
refresh materialized view s.m;
vacuum analyze s.a;
truncate s.a;
alter table s.a rename to z;
\d s.z
drop schema s cascade;
reindex table customers;
cluster customers using customers_pkey;
checkpoint;
`,
    shows: /drop cascades to/,
  },
  {
    title: "procedures, DO, LISTEN",
    script: `
call settle(3);
select sum(total) from orders where customer_id = 3;
do $$ declare n int; begin select count(*) into n from orders; raise notice '%', n; end $$;
listen news;
notify news, 'payload';
select pg_notify('news', 'second');
unlisten *;
`,
    shows: /Asynchronous notification "news" with payload "payload"/,
  },
  {
    title: "writes and what they return",
    script: `
insert into customers (name) values ('new') returning id, name, mood;
update orders set total = total + 1 where id in (1, 2) returning *;
with gone as (delete from orders where id = 3 returning *) select * from gone;
delete from customers where id = 20;
select count(*) from orders;
insert into customers (id, name) values (1, 'name 1') on conflict do nothing;
select * from orders where id = 4 for update;
`,
    shows: /DELETE 1/,
  },
  {
    title: "names that the session does not hold",
    script: `
execute nothing;
prepare p as select 1;
deallocate p;
execute p;
deallocate p;
fetch 1 from nowhere;
select 1;
`,
    shows: /prepared statement "p" does not exist/,
    wire: false,
  },
];

/**
 * What psql passes on as it stands: settings, cursors, prepared statements, temporary objects, DDL, writes.
 * It holds nothing that differs from run to run, such as the time.
 */
import type { Case } from "./psql-cases.ts";

export const serverCases: readonly Case[] = [
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

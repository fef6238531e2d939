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

/** psql's own commands, errors, transactions and COPY. */
export const clientCases: readonly Case[] = [
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
    // Without titles, which hold the time. The division ends the watching.
    title: "\\watch, \\sf, \\sv",
    script: String.raw`
\pset tuples_only on
create sequence watched;
select 12 / (4 - nextval('watched')) \watch 0.05
drop sequence watched;
\sf order_count
\sv spending
`,
    shows: /12[\s\S]*CREATE OR REPLACE VIEW/,
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
];

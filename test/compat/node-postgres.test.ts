import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { serverVersions } from "../support/servers.ts";
import { shop } from "./shop.ts";
import { type Side, startTwoSides, type TwoSides } from "./two-sides.ts";

/** Everything a result or an error says, as plain data. */
async function said(attempt: Promise<unknown>): Promise<unknown> {
  try {
    const result = (await attempt) as pg.QueryResult | pg.QueryResult[];
    return (Array.isArray(result) ? result : [result]).map(({ command, rowCount, rows, fields }) => ({
      command,
      rowCount,
      rows,
      fields: fields?.map(({ name, tableID, columnID, dataTypeID, format }) => ({ name, tableID, columnID, dataTypeID, format })),
    }));
  } catch (error) {
    return { ...(error as pg.DatabaseError), message: (error as Error).message };
  }
}

async function connected<T>(side: Side, use: (client: pg.Client, notices: unknown[]) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: side.url("shop"), application_name: "compat" });
  const notices: unknown[] = [];
  client.on("error", () => undefined);
  client.on("notice", (notice) => notices.push({ ...notice, message: notice.message }));
  client.on("notification", ({ channel, payload }) => notices.push({ channel, payload }));
  await client.connect();
  try {
    return await use(client, notices);
  } finally {
    await client.end();
  }
}

/** One after another on one connection: what each said. */
function inTurn(queries: readonly (string | pg.QueryConfig)[]): (side: Side) => Promise<unknown> {
  return (side) =>
    connected(side, async (client, notices) => {
      const answers: unknown[] = [];
      for (const query of queries) answers.push(await said(client.query(query)));
      return { answers, notices };
    });
}

/** All handed over at once; node-postgres sends each when the one before was answered. */
function atOnce(queries: readonly (string | pg.QueryConfig)[]): (side: Side) => Promise<unknown> {
  return (side) => connected(side, async (client) => Promise.all(queries.map((query) => said(client.query(query)))));
}

const byId = "select id, name, born, extra, mood from customers where id = $1";
const named = (id: unknown): pg.QueryConfig => ({ name: "by-id", text: byId, values: [id] });

const cases: readonly { readonly title: string; readonly act: (side: Side) => Promise<unknown>; readonly shows: RegExp }[] = [
  {
    title: "a client that gives itself no name",
    act: async (side) => {
      const client = new pg.Client({ connectionString: side.url("shop") });
      await client.connect();
      const answer = await said(client.query("select current_setting('application_name') as name, 'none given' as given"));
      await client.end();
      return answer;
    },
    shows: /none given/,
  },
  {
    title: "simple queries, one and several in a text",
    act: inTurn(["select 1 as a", "select 1; select 'two'; select", "", ";", "select * from wide"]),
    shows: /two/,
  },
  {
    title: "parameters of many types",
    act: inTurn([
      { text: byId, values: [3] },
      {
        text: "select $1::jsonb, $2::text[], $3::bytea, $4::timestamptz, $5::numeric",
        values: [{ a: 1 }, ["x", null], Buffer.from([0, 255]), new Date(0), "1.50"],
      },
      { text: "select $1", values: [null] },
      { text: byId, values: ["x"] },
    ]),
    shows: /name 3/,
  },
  {
    title: "named statements, again and again",
    act: inTurn([
      named(1),
      named(2),

      named(1),
      { name: "other", text: "select 1", values: [] },
      { name: "other", text: "select 1", values: [] },
    ]),
    shows: /name 2/,
  },
  {
    title: "binary results",
    act: inTurn([
      {
        text: "select id, born, total, tags from customers join orders using (id) order by id limit $1",
        values: [3],
        binary: true,
      } as pg.QueryConfig,
    ]),
    shows: /columnID/,
  },
  {
    title: "errors with all their fields, and carrying on",
    act: inTurn([
      "select * from absent",
      { text: "insert into customers (name) values ($1)", values: ["name 1"] },
      "insert into orders (customer_id) values (999)",
      "insert into wide (n) values (-1)",
      "insert into customers (name) values (null)",
      "selekt",
      { text: "select $1 + nothing", values: [1] },
      "do $$ begin raise exception 'own' using errcode = 'P7777', detail = 'd', hint = 'h', column = 'c', table = 't'; end $$",
      "select 1 as fine",
    ]),
    shows: /fine/,
  },
  {
    title: "transactions with savepoints",
    act: inTurn([
      "begin",
      "update orders set total = 7 where id = 1",
      "savepoint a",
      { text: "select 1 / $1::int", values: [0] },
      "select 1",
      "rollback to a",
      { text: "select total from orders where id = $1", values: [1] },
      "release a",
      "commit",
      "select total from orders where id = 1",
      "begin; delete from orders where id = 2; rollback",
      "select count(*) from orders",
    ]),
    shows: /"7\.00"|7\.00/,
  },
  {
    title: "queued queries with an error between",
    act: atOnce(["select 1", named(1), "select 1/0", named(2), { text: "select 1/$1::int", values: [0] }, "select 2 as last"]),
    shows: /last/,
  },
  {
    title: "NOTIFY, notices, functions and triggers",
    act: inTurn([
      "listen news",
      "notify news, 'one'",
      { text: "select pg_notify('news', $1)", values: ["two"] },
      "insert into orders (id, customer_id) values (5000, 1)",
      "select order_count(1)",
      "call settle(2)",
      "unlisten news",
    ]),
    shows: /"two"/,
  },
  {
    title: "cursors in SQL",
    act: inTurn([
      "begin",
      { text: "declare c cursor for select id from orders where id < $1 order by id", values: [10] },
      "fetch 3 from c",
      "move 2 in c",
      "fetch all from c",
      "close c",
      "commit",
    ]),
    shows: /FETCH/,
  },
  {
    title: "settings, temporary tables and search_path",
    act: inTurn([
      "set search_path to pg_temp, public",
      "create temp table customers (alone int)",
      { text: "select * from customers", values: [] },
      named(1),
      "drop table pg_temp.customers",
      named(1),
      "reset all",
      "discard temp",
      named(1),
    ]),
    shows: /name 1/,
  },
];

for (const version of serverVersions) {
  describe(`node-postgres and PostgreSQL ${version}, under observe`, () => {
    let sides: TwoSides;
    before(async () => {
      sides = await startTwoSides({ version, policy: "observe" });
      await sides.database("shop", shop);
    });
    after(() => sides.stop());

    for (const { title, act, shows } of cases) {
      test(title, async () => assert.match(JSON.stringify(await sides.same(act)), shows));
    }

    test("rows in pieces, by Execute with a limit", async () => {
      const pieces = await sides.same((side) =>
        connected(side, (client) => inPieces(client, "select id, name from customers order by id", 6)),
      );
      assert.deepEqual(
        pieces.map((rows) => rows.length),
        [6, 6, 6, 2],
      );
    });

    test("COPY in and out by the client's own messages", async () => {
      const out = await sides.same((side) =>
        connected(side, async (client) => {
          await client.query("create table copied (a int, b text)");
          await copyIn(client, "copy copied from stdin", ["1\tone\n", "2\ttw", "o\n", "\\N\tnone\n"]);
          const failed = await said(copyIn(client, "copy copied from stdin", ["x\ty\n"]));
          return {
            failed,
            rows: await copyOut(client, "copy copied to stdout"),
            after: await said(client.query("select count(*) from copied")),
          };
        }),
      );
      assert.equal(out.rows, "1\tone\n2\ttwo\n\\N\tnone\n");
    });

    test("a cancelled query fails as the server says, and the session goes on", async () => {
      const answers = await sides.same(
        (side) =>
          connected(side, async (client) => {
            const sleeping = said(client.query("select pg_sleep(30)"));
            const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
            setTimeout(() => cancel(side, processID, secretKey), 150);
            return [
              await sleeping,
              await said(client.query("select 1 as alive")),
              await said(client.query({ text: "select pg_backend_pid() = $1 as own", values: [processID] })),
            ];
          }),
        { wire: false },
      );
      assert.match(JSON.stringify(answers), /57014.*alive.*"own":true/);
    });

    test("a pool of connections at once", async () => {
      const sums = await sides.same(
        async (side) => {
          const pool = new pg.Pool({ connectionString: side.url("shop"), max: 8 });
          const all = await Promise.all(Array.from({ length: 200 }, (_, i) => pool.query(byId, [(i % 20) + 1])));
          await pool.end();
          return all.map(({ rows }) => rows[0]);
        },
        { wire: false },
      );
      assert.equal(sums.length, 200);
    });
  });
}

/** The driver's own submittable interface: portals that stop at a row limit. */
function inPieces(client: pg.Client, text: string, size: number): Promise<unknown[][]> {
  const pieces: unknown[][] = [];
  let rows: unknown[] = [];
  return new Promise((resolve, reject) => {
    const next = (connection: Connection) => {
      pieces.push(rows);
      rows = [];
      connection.execute({ portal: "pieces", rows: size });
      connection.flush();
    };
    client.query({
      submit(connection: Connection) {
        connection.parse({ text, name: "", types: [] });
        connection.bind({ portal: "pieces", statement: "", values: [], binary: false, valueMapper: String });
        connection.describe({ type: "P", name: "pieces" });
        connection.execute({ portal: "pieces", rows: size });
        connection.flush();
      },
      handleRowDescription: () => undefined,
      handleDataRow: ({ fields }: { fields: unknown }) => rows.push(fields),
      handlePortalSuspended: next,
      handleCommandComplete(_message: unknown, connection: Connection) {
        pieces.push(rows);
        connection.sync();
      },
      handleReadyForQuery: () => resolve(pieces),
      handleError: reject,
    } as unknown as pg.Submittable);
  });
}

interface Connection {
  parse(message: object): void;
  bind(message: object): void;
  describe(message: object): void;
  execute(message: object): void;
  flush(): void;
  sync(): void;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

function copyIn(client: pg.Client, text: string, chunks: readonly string[]): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    client.query({
      submit: (connection: Connection) => connection.query(text),
      handleCopyInResponse(connection: Connection) {
        for (const chunk of chunks) connection.sendCopyFromChunk(Buffer.from(chunk));
        connection.endCopyFrom();
      },
      handleCommandComplete: () => undefined,
      handleError: reject,
      handleReadyForQuery: () => resolve({ command: "COPY", rowCount: null, rows: [], fields: [], oid: 0 }),
    } as unknown as pg.Submittable);
  });
}

function copyOut(client: pg.Client, text: string): Promise<string> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    client.query({
      submit: (connection: Connection) => connection.query(text),
      handleCopyData: ({ chunk }: { chunk: Buffer }) => chunks.push(chunk),
      handleCommandComplete: () => undefined,
      handleError: reject,
      handleReadyForQuery: () => resolve(Buffer.concat(chunks).toString()),
    } as unknown as pg.Submittable);
  });
}

function cancel(side: Side, processId: number, secretKey: number): void {
  const client = new pg.Client({ host: side.host, port: side.port }) as unknown as {
    connection: {
      once(event: string, then: () => void): void;
      connect(port: number, host: string): void;
      cancel(process: number, secret: number): void;
    };
  };
  client.connection.once("connect", () => client.connection.cancel(processId, secretKey));
  client.connection.connect(side.port, side.host);
}

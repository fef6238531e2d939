/**
 * What a client sees of drops that go into the bin, next to what the server answers to the same without Holdfast: tags, notices, errors
 * with their positions, by both protocols, in blocks and pipelines. And nothing of it is gone.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type pg from "pg";
import { serverVersions } from "../support/servers.ts";
import { until } from "../grants/scene.ts";
import { type BinScene, openBinScene } from "./scene.ts";

const schema = `
  CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL);
  CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, note text);
  CREATE VIEW open_orders AS SELECT id, note FROM orders;
  INSERT INTO customers (name) SELECT 'c' || i FROM generate_series(1, 20) i;
  INSERT INTO orders (customer_id, note) SELECT i, 'n' || i FROM generate_series(1, 20) i;
`;

interface Seen {
  readonly tags: readonly string[];
  readonly notices: readonly (readonly (string | undefined)[])[];
  readonly error?: readonly (string | undefined)[];
}

/** Of a NoticeResponse, what does not say where in the server's source it was made. */
type Notice = Readonly<Record<"severity" | "code" | "message" | "detail" | "hint" | "where" | "position", string | undefined>>;

/** What one text comes to: tags, notices and the error, with everything in them but where in the server's source they were made. */
async function seen(client: pg.Client, text: string, values?: readonly unknown[]): Promise<Seen> {
  const notices: Seen["notices"][number][] = [];
  const hear = (n: Notice): void => void notices.push([n.severity, n.code, n.message, n.detail, n.hint, n.where, n.position]);
  client.on("notice", hear);
  try {
    const answer = (await client.query(values === undefined ? { text } : { text, values: [...values] })) as unknown as
      | pg.QueryResult
      | pg.QueryResult[];
    return { tags: [answer].flat().map(({ command }) => command), notices };
  } catch (thrown) {
    const e = thrown as pg.DatabaseError;
    return { tags: [], notices, error: [e.severity, e.code, e.message, e.detail, e.hint, e.where, e.position, e.internalPosition] };
  } finally {
    client.off("notice", hear);
  }
}

for (const version of serverVersions) {
  describe(`the bin on the wire, PostgreSQL ${version}`, () => {
    let scene: BinScene;
    let agent: pg.Client;
    let twin: pg.Client;
    before(async () => {
      scene = await openBinScene(version, schema);
      // The same tables at the same server, without anybody between.
      const { name, url } = await scene.server.scratchDatabase();
      await scene.server.asSuperuser(`ALTER SCHEMA public OWNER TO ${scene.owner.user}`, name);
      assert(url(scene.owner).includes(name));
      twin = await scene.direct(name);
      await twin.query(schema);
      agent = await scene.connect();
    });
    after(async () => {
      await agent?.end();
      await twin?.end();
      await scene?.stop();
    });

    /** The same through the gateway and at the twin; then the twin's block is rolled back and the bin gives everything back. */
    async function alike(texts: readonly string[], extended = false): Promise<readonly Seen[]> {
      const values = extended ? [] : undefined;
      const found: Seen[] = [];
      await twin.query("BEGIN");
      for (const text of texts) {
        const expected = await seen(twin, text, values);
        const got = await seen(agent, text, values);
        assert.deepEqual(got, expected, text);
        found.push(got);
        if (expected.error !== undefined) break;
      }
      await twin.query("ROLLBACK");
      return found;
    }

    const back = async (entries: number): Promise<void> => {
      assert.equal((await scene.resting()).length, entries);
      await scene.restore();
      // It came back past the gateway, whose catalogue has to hear of it.
      await until("the view is known", () =>
        agent.query("SELECT FROM open_orders").then(
          () => true,
          () => false,
        ),
      );
      const { rows } = await agent.query("SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM orders) AS n");
      assert.equal(Number(rows[0].n), 40);
    };

    test("a DROP looks done, the name is free, and it all comes back", async () => {
      const [first] = await alike(["DROP TABLE orders CASCADE"]);
      assert.deepEqual([first?.tags, first?.notices.length], [["DROP"], 1]);
      await assert.rejects(agent.query("SELECT FROM orders"), /relation "orders" does not exist/);
      await agent.query("CREATE TABLE orders (id int)");
      await agent.query("DROP TABLE orders");
      assert.equal((await scene.resting()).length, 2);
      const [act] = await scene.events("intent");
      assert(act !== undefined);
      await scene.server.asSuperuser(
        "UPDATE holdfast_bin.entry SET state = 'emptied' WHERE id = (SELECT max(id) FROM holdfast_bin.entry)",
        scene.database,
      );
      await back(1);
    });

    test("errors and notices are the server's own", async () => {
      await alike(["DROP TABLE customers"]);
      await alike(["DROP TABLE nothing_there"]);
      await alike(["DROP TABLE IF EXISTS nothing_there, neither_here"]);
      await alike(["DROP VIEW orders"]);
      await alike(["DROP TABLE customers"], true);
      await alike(["DROP TABLE IF EXISTS nothing_there"], true);
      await alike(["ALTER TABLE orders DROP COLUMN nothing"]);
      await alike(["TRUNCATE customers"]);
      await back(0);
    });

    test("a text of many statements has each of its tags, and positions of its own", async () => {
      await alike(["CREATE TABLE made (id int); DROP VIEW open_orders; INSERT INTO made VALUES (1); DROP TABLE made; SELECT 1"]);
      await back(2);
    });

    test("a text that fails behind a drop leaves nothing dropped, and points at the client's own text", async () => {
      const text = "DROP VIEW open_orders; SELECT 'ä'; INSERT INTO customers (id, nam) VALUES (1, 'x')";
      const { error } = await seen(agent, text);
      assert.equal(error?.[6], String([...text].join("").indexOf("nam)") + 1), JSON.stringify(error));
      await agent.query("SELECT FROM open_orders");
    });

    test("by the extended protocol, prepared once and executed twice", async () => {
      const name = "again";
      for (let i = 0; i < 2; i++) {
        const { command } = await agent.query({ name, text: "DROP VIEW IF EXISTS open_orders" });
        assert.equal(command, "DROP");
      }
      await back(1);
    });

    test("a block's ROLLBACK takes the drop back, a savepoint's too, and COMMIT keeps it", async () => {
      await agent.query("BEGIN");
      await agent.query("DROP TABLE orders CASCADE");
      await agent.query("ROLLBACK");
      assert.deepEqual(await scene.resting(), []);
      await agent.query("BEGIN; SAVEPOINT a");
      await agent.query("DROP TABLE orders CASCADE");
      await agent.query("ROLLBACK TO a");
      await agent.query("DROP VIEW open_orders; COMMIT");
      await back(1);
    });

    test("a whole migration in one text with its own BEGIN and COMMIT", async () => {
      const migrated = await seen(
        agent,
        "BEGIN; DROP VIEW open_orders; ALTER TABLE customers DROP COLUMN name; DROP TABLE IF EXISTS gone; COMMIT; SELECT 1",
      );
      assert.equal(migrated.error, undefined, JSON.stringify(migrated));
      await back(2);
    });

    test("TRUNCATE empties, and its rows come back", async () => {
      const { tags, error } = await seen(agent, "TRUNCATE customers, orders RESTART IDENTITY");
      assert.deepEqual([tags, error], [["TRUNCATE"], undefined]);
      assert.equal((await agent.query("SELECT FROM customers")).rowCount, 0);
      await back(1);
    });

    test("what came into the bin is on record with the act that put it there, whose intent and outcome are", async () => {
      await until("everything is told", async () => (await scene.events("bin_put")).length >= 8);
      const outcomes = new Map((await scene.events("outcome")).map(({ action, outcome }) => [action, outcome.status]));
      const intents = new Map((await scene.events("intent")).map(({ action, decision }) => [action, decision]));
      for (const { action, names } of await scene.events("bin_put")) {
        assert(action !== undefined);
        assert.deepEqual([intents.get(action), outcomes.get(action)], ["allow", "succeeded"], names.join());
      }
    });
  });
}

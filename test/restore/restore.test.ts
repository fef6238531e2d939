/**
 * A wrong act through the gateway, and the way back: the act's own point, the scratch server, the rows held against the present, and
 * the missing ones brought back as a plan that a person approves. With the gateway up, with it down, and killed in the middle.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { ActionId } from "../../src/base/ids.ts";
import { type PlanScene, planning } from "../e2e/plans/scene.ts";
import { openScene } from "../grants/scene.ts";
import { environmentOf, openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { isRunning } from "../support/postgres/sweep.ts";
import { type BackedUp, openBackedUp } from "./own-backup.ts";
import { type Running, start } from "./program.ts";

describe("holdfast restore", () => {
  let backedUp: BackedUp;
  let shop: Shop;
  let scene: PlanScene;
  let agent: pg.Client;

  before(async () => {
    backedUp = await openBackedUp({
      fill: async (server) => {
        shop = await openShop(server);
        await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
        await server.asSuperuser(`SET ROLE ${shop.owner.user}; ${tables}`, shop.database);
        await server.asSuperuser(`GRANT EXECUTE ON FUNCTION pg_create_restore_point(text) TO ${shop.owner.user}`, shop.database);
        await provisionShop(shop);
        return shop.target;
      },
    });
    await backedUp.backUp();
    const target = `backup: { repository: ${join(backedUp.folder, "repository")}, wal: false, drill: { folder: ${scratch()} } }`;
    scene = planning(
      await openScene(backedUp.server, { shop, target, shared: true, persons: ["ada", "ben"], more: "approvals: { cool_off: 0s }" }),
    );
    const held = await scene.program();
    agent = await scene.connect(held);
  });
  after(async () => {
    await agent?.end().catch(() => undefined);
    await scene?.stop();
    await backedUp?.close();
  });

  function scratch(): string {
    return join(backedUp.folder, "scratch");
  }

  function restore(...words: string[]): Running {
    const env = environmentOf(shop, shop.owner);
    return start(["restore", "--config", join(scene.folder, "holdfast.yaml"), ...words], { folder: scene.folder, env });
  }

  async function itemsNow(): Promise<string | undefined> {
    const sql = "SELECT md5(string_agg(i::text, E'\\n' ORDER BY id)) AS all FROM items i";
    return (await backedUp.server.asSuperuser<{ all: string }>(sql, shop.database))[0]?.all;
  }

  /** The act's id, as the log has it. */
  async function act(text: string): Promise<ActionId> {
    await agent.query(text);
    const intents = await scene.events("intent");
    await backedUp.archive();
    const id = intents.at(-1)?.action;
    assert(id !== undefined);
    return id;
  }

  test("brings back what a wrong DELETE took, by a plan, and leaves what others have done since", async (context) => {
    const content = await itemsNow();
    const wrong = await act("DELETE FROM items WHERE id > 40");
    await backedUp.server.asSuperuser("INSERT INTO items (id, name) OVERRIDING SYSTEM VALUE VALUES (1000, 'since')", shop.database);
    await backedUp.server.asSuperuser("UPDATE items SET name = 'overwritten' WHERE id = 7", shop.database);
    const points = (await scene.events("recovery_point")).filter(({ action }) => action === wrong);
    assert.equal(points.length, 1);
    assert.equal(points[0]?.name, `holdfast ${wrong}`);

    const compared = await restore("--before", wrong, "--to", "compare", "--json").over;
    assert.equal(compared.code, 0, compared.err);
    const seen = JSON.parse(compared.out) as Compared;
    const items = seen.differences.find(({ table }) => table === "public.items");
    assert.deepEqual(
      [items?.rowsThen, items?.rowsNow, items?.onlyThen, items?.changed, items?.onlyNow],
      [50, 41, 10, 1, 1],
      JSON.stringify(items),
    );
    assert.deepEqual(
      seen.differences.filter(({ state }) => state !== "same").map(({ table }) => table),
      ["public.items"],
    );
    context.diagnostic(`restored to just before the act in ${seen.restoredMs} ms`);

    const written = await restore("--before", wrong, "--table", "public.items", "--out", "back.sql").over;
    assert.equal(written.code, 0, written.err);
    assert.match(written.out, /public\.items: 10 rows inserted, 1 given their values back; 1 row that came since stay/);
    const text = readFileSync(join(scene.folder, "back.sql"), "utf8");
    const planned = await scene.planAs("ada", text, { target: shop.target, ask: true });
    assert(planned.approval !== undefined);
    await scene.answer(planned.approval.id, "approve", "ben");
    const applied = await scene.applyAs("ada", planned);
    assert.equal(applied.outcome, "applied", JSON.stringify(applied));
    await backedUp.server.asSuperuser("DELETE FROM items WHERE id = 1000", shop.database);
    assert.equal(await itemsNow(), content);
    rmSync(join(scene.folder, "back.sql"));
    assert.equal((await scene.events("restored")).at(-1)?.person, "ada");
  });

  test("has a point of before an approved plan, too", async () => {
    const before = await scene.events("recovery_point");
    const planned = await scene.planAs("ada", "DROP TABLE spare", { target: shop.target, ask: true });
    assert(planned.approval !== undefined);
    await scene.answer(planned.approval.id, "approve", "ben");
    const applied = await scene.applyAs("ada", planned);
    assert.equal(applied.outcome, "applied", JSON.stringify(applied).slice(0, 300));
    const last = (await scene.events("outcome")).at(-1);
    const points = (await scene.events("recovery_point")).slice(before.length).filter(({ action }) => action === last?.action);
    assert.equal(points.length, 1);
    assert.match(points[0]?.lsn ?? "", /^\w+\/\w+$/);
  });

  test("brings back a table that was dropped, with its definition", async () => {
    const wrong = await act("DROP TABLE tags");
    const written = await restore("--before", wrong, "--table", "public.tags", "--out", "tags.sql").over;
    assert.equal(written.code, 0, written.err);
    await backedUp.server.asSuperuser(readFileSync(join(scene.folder, "tags.sql"), "utf8"), shop.database);
    const [row] = await backedUp.server.asSuperuser<{ all: string }>(
      "SELECT string_agg(item || ' ' || tag || ' ' || coalesce(extra::text, '-'), ', ' ORDER BY item, tag) AS all FROM tags",
      shop.database,
    );
    assert.equal(row?.all, '1 it\'s a "tag" -, 1 plain {"a": 1}, 2 line\nend -');
    const keys = "SELECT conname FROM pg_constraint WHERE conrelid = 'tags'::regclass ORDER BY 1";
    assert.deepEqual(
      (await backedUp.server.asSuperuser<{ conname: string }>(keys, shop.database)).map(({ conname }) => conname),
      ["tags_item_fkey", "tags_pkey"],
    );
  });

  test("keeps the scratch server until it is told to end, and a kill -9 leaves nothing of it", async () => {
    const wrong = await act("TRUNCATE notes");
    const running = restore("--before", wrong);
    await until("the scratch server is there", () => /The scratch server is there/.test(running.said()) || running.child.exitCode !== null);
    const [, socket, port, user, database] = /host=(\S+) port=(\d+) user=(\S+) dbname=(\S+)"/.exec(running.said()) ?? [];
    assert(socket !== undefined, running.said());
    const client = new pg.Client({ host: socket, port: Number(port), user: user ?? "", database: database ?? "" });
    client.on("error", () => undefined);
    await client.connect();
    const { rows } = await client.query("SELECT count(*)::int AS n FROM notes");
    assert.deepEqual(rows, [{ n: 20 }]);
    await client.end();
    const server = Number(readFileSync(join(socket, "..", "data", "postmaster.pid"), "utf8").split("\n")[0]);
    running.child.kill("SIGKILL");
    await running.over;
    await until("the scratch server is gone", () => !isRunning(server) && readdirSync(scratch()).length === 0);
  });

  test("killed at any moment leaves nothing running and nothing half", async () => {
    const [first] = await scene.events("recovery_point");
    assert(first !== undefined);
    const rounds = Number(process.env["RESTORE_KILLS"] ?? 4);
    for (let round = 0; round < rounds; round += 1) {
      const running = restore("--before", first.action, "--table", "public.items", "--out", `killed-${round}.sql`);
      const waited = ["unpacking", "starting", "replaying", "restored in"][round % 4] ?? "";
      await until(`it is ${waited}`, () => running.said().includes(waited) || running.child.exitCode !== null);
      const servers = serversIn(scratch());
      running.child.kill("SIGKILL");
      await running.over;
      await until("nothing is left", () => readdirSync(scratch()).length === 0 && !servers.some(isRunning));
      rmSync(join(scene.folder, `killed-${round}.sql`), { force: true });
    }
  });

  test("says which backup is the nearest where there is none before the act", async () => {
    const { code, err } = await restore("--before", "2020-01-01T00:00:00Z", "--target", shop.target).over;
    assert.equal(code, 1);
    assert.match(err, /no backup was complete before that: the nearest one, k_\w{12}, ended at \d{4}-/);
    const unknown = await restore("--before", "s_0000000000000000.1").over;
    assert.match(unknown.err, /knows no act `s_0000000000000000\.1`/);
  });

  test("works with the gateway down, and hands over a whole cluster", async () => {
    const [first] = await scene.events("recovery_point");
    assert(first !== undefined);
    await agent.end();
    await scene.stop();
    const { code, out, err } = await restore("--before", first.action, "--to", "cluster").over;
    assert.equal(code, 0, err);
    const [, data = ""] = /data folder of PostgreSQL 15: (\S+)/.exec(out) ?? [];
    assert.match(out, /systemctl start postgresql@15-main/);
    for (const there of ["PG_VERSION", "global/pg_control", "base"]) assert(existsSync(join(data, there)), there);
    assert(!existsSync(join(data, "postmaster.pid")));
    const restored = (await scene.events("restored")).at(-1);
    assert.deepEqual([restored?.what, restored?.person, restored?.because], ["cluster", "ada", "the gateway was down"]);
    rmSync(join(data, ".."), { recursive: true });
  });
});

interface Compared {
  readonly restoredMs: number;
  readonly differences: readonly {
    readonly table: string;
    readonly state: string;
    readonly rowsThen: number;
    readonly rowsNow: number;
    readonly onlyThen: number;
    readonly changed: number;
    readonly onlyNow: number;
  }[];
}

const tables = `
CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, price numeric(8, 2), at timestamptz DEFAULT '2026-01-01', tags text[],
  upper_name text GENERATED ALWAYS AS (upper(name)) STORED);
INSERT INTO items (name, price, tags) SELECT 'item ' || i, i / 3.0, ARRAY['a', NULL, 'c' || i] FROM generate_series(1, 50) i;
CREATE TABLE tags (item int REFERENCES items, tag text, extra jsonb, PRIMARY KEY (item, tag));
INSERT INTO tags VALUES (1, 'it''s a "tag"', NULL), (1, 'plain', '{"a": 1}'), (2, E'line\\nend', NULL);
CREATE TABLE spare (id int);
CREATE TABLE notes (note text);
INSERT INTO notes SELECT 'note ' || i % 5 FROM generate_series(1, 20) i;`;

/** Longer than a program takes to start on the busiest machine. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 6_000; tries += 1) {
    if (holds()) return;
    await delay(25);
  }
  assert.fail(`never: ${what}`);
}

function serversIn(root: string): readonly number[] {
  return readdirSync(root).flatMap((name) => {
    try {
      return [Number(readFileSync(join(root, name, "data", "postmaster.pid"), "utf8").split("\n")[0])];
    } catch {
      return [];
    }
  });
}

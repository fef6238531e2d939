/**
 * What it costs to keep images of the rows that agents change: two databases with the same tables on one server, one with the journal and
 * one without, in turns; through Holdfast with session roles, and straight at the server as a login that is kept as a session's is.
 */
import pg from "pg";
import { sessionRolePrefix } from "../../src/model/session-role.ts";
import type { TestServer } from "../../test/support/servers.ts";
import { fill, type Load, pgbench } from "../pgbench.ts";
import { type HoldfastProcess, startHoldfast } from "../stack/holdfast-process.ts";
import type { Path } from "../stack/open-stack.ts";
import { median } from "../statistics.ts";
import type { Row, Run } from "./section.ts";

const SCALE = 10;
const ROWS = 100_000;
const loads: readonly Omit<Load, "seconds">[] = [
  { script: "tpcb", protocol: "prepared", clients: 1 },
  { script: "tpcb", protocol: "prepared", clients: 8 },
  { script: "tpcb", protocol: "simple", clients: 8 },
];
const bulks = [
  { name: "UPDATE of 100,000 rows", sql: (from: number) => `UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE ${within(from)}` },
  { name: "DELETE of 100,000 rows", sql: (from: number) => `DELETE FROM pgbench_accounts WHERE ${within(from)}` },
];
const within = (from: number): string => `aid > ${from} AND aid <= ${from + ROWS}`;

/** One database with its gateway. */
interface Side {
  readonly database: string;
  readonly holdfast: HoldfastProcess;
  /** Through Holdfast, and straight. */
  readonly paths: Readonly<Record<Way, Path>>;
}
type Way = "through Holdfast" | "direct";
type Sides = Readonly<Record<"kept" | "plain", Side>>;

export async function* undo(run: Run): AsyncGenerator<Row> {
  const { stack, quick, note } = run;
  const [owner] = stack.paths;
  if (owner === undefined) throw new Error("there is no direct path");
  const opened: Side[] = [];
  const open = async (name: string, more: string): Promise<Side> => {
    note(`undo: ${name}`);
    const side = await openSide(run, { name, owner, more });
    opened.push(side);
    return side;
  };
  try {
    const sides = { kept: await open("undo_kept", ""), plain: await open("undo_plain", "    undo: { enabled: false }\n") };
    for (const way of ["through Holdfast", "direct"] as const) {
      for (const load of loads) {
        note(`undo: pgbench ${load.protocol} ${load.clients}, ${way}`);
        yield await transactions(sides, way, { ...load, seconds: quick ? 1 : 3 }, quick ? 1 : 5);
      }
      for (const bulk of bulks) {
        note(`undo: ${bulk.name}, ${way}`);
        yield await bulkRow(stack.server, sides, { ...bulk, way, rounds: quick ? 1 : 3 });
      }
    }
  } finally {
    for (const { holdfast } of opened) await holdfast.stop();
  }
}

/** `more` are lines of the target. The direct login has the name that the journal knows sessions by. */
async function openSide({ stack }: Run, { name, owner, more }: { name: string; owner: Path; more: string }): Promise<Side> {
  const { server } = stack;
  await server.asSuperuser(`CREATE DATABASE ${name} OWNER ${owner.user}`);
  await fill(owner, name, SCALE);
  const holdfast = await startHoldfast(server.url(name, owner), server.url(name), { target: name, more });
  const login: Path = { name: "direct", port: server.port, user: `${sessionRolePrefix}${name}`, password: "a-bench-password" };
  await server.asSuperuser(
    `CREATE ROLE ${login.user} LOGIN PASSWORD '${login.password}'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${login.user}`,
    name,
  );
  const { port, pid, user, password } = holdfast;
  return { database: name, holdfast, paths: { "through Holdfast": { name: "holdfast", port, pid, user, password }, direct: login } };
}

async function transactions(sides: Sides, way: Way, load: Load, rounds: number): Promise<Row> {
  const tps = { kept: [] as number[], plain: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    for (const which of round % 2 === 0 ? (["kept", "plain"] as const) : (["plain", "kept"] as const)) {
      const { paths, database } = sides[which];
      const ran = await pgbench(paths[way], database, load);
      // The first round only warms up.
      if (round > 0) tps[which].push(ran.tps);
    }
  }
  const [kept, plain] = [median(tps.kept), median(tps.plain)];
  const figures = { "plain tps": plain, "kept tps": kept, "plain/kept": plain / kept };
  const row = { section: "undo", name: `TPC-B ${load.protocol} ${load.clients}, ${way}`, figures };
  return way === "direct" ? row : { ...row, goal: { text: "plain/kept <= 1.3", met: plain / kept <= 1.3 } };
}

interface Bulk {
  readonly name: string;
  readonly sql: (from: number) => string;
  readonly way: Way;
  readonly rounds: number;
}

async function bulkRow(server: TestServer, sides: Sides, { name, sql, way, rounds }: Bulk): Promise<Row> {
  const took = { kept: [] as number[], plain: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const from = (round % SCALE) * ROWS;
    for (const which of round % 2 === 0 ? (["kept", "plain"] as const) : (["plain", "kept"] as const)) {
      const { database, paths } = sides[which];
      const ms = await timed(paths[way], database, sql(from));
      // Put back by somebody whose changes are not kept, and cleared away, so that each begins with the same table.
      await server.asSuperuser(
        `INSERT INTO pgbench_accounts SELECT n, 1, 0, '' FROM generate_series(${from + 1}, ${from + ROWS}) n ON CONFLICT DO NOTHING`,
        database,
      );
      await server.asSuperuser("VACUUM pgbench_accounts", database);
      if (round > 0) took[which].push(ms);
    }
  }
  const [kept, plain] = [median(took.kept), median(took.plain)];
  const figures = { "plain ms": plain, "kept ms": kept, "kept/plain": kept / plain };
  const row = { section: "undo", name: `${name}, ${way}`, figures };
  return way === "direct" ? row : { ...row, goal: { text: "kept/plain <= 2.5", met: kept / plain <= 2.5 } };
}

/** Milliseconds of one statement that is committed. */
async function timed({ port, user, password }: Path, database: string, sql: string): Promise<number> {
  const client = new pg.Client({ host: "127.0.0.1", port, user, password, database });
  await client.connect();
  try {
    await client.query("SELECT 1");
    const before = performance.now();
    await client.query(sql);
    return performance.now() - before;
  } finally {
    await client.end();
  }
}

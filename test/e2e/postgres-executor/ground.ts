/**
 * A scratch database of a real server, the real analysis over its real catalogue, and the executor in front of it.
 * It stands in for nothing and holds no assertion.
 */
import type pg from "pg";
import { createExecutor } from "../../../src/adapters/postgres/executor/executor.ts";
import type { Executor, ExecutorAct, Expected } from "../../../src/adapters/postgres/executor/port.ts";
import type { ExecutorSettings } from "../../../src/adapters/postgres/executor/settings.ts";
import { loadCatalogue } from "../../../src/adapters/postgres/catalogue.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { type ActionId, systemRandom } from "../../../src/base/ids.ts";
import { createSqlAnalyser, type SqlAnalyserPool } from "../../../src/effects/sql/pool/pool.ts";
import type { SqlContext } from "../../../src/model/action.ts";
import type { Measured } from "../../../src/pipeline/approvals-port.ts";
import type { Login, TestServer } from "../../support/servers.ts";
import { upstreamOf } from "../postgres-login/gateway.ts";

export interface Ground {
  readonly database: string;
  readonly executor: Executor;
  readonly settings: ExecutorSettings;
  /** As the session's connection would hand it over; the catalogue is read anew. */
  act(sql: string, more?: Partial<ExecutorAct> & { readonly path?: readonly string[] }): Promise<ExecutorAct>;
  measure(sql: string): Promise<Measured>;
  /** Past the executor. */
  direct(sql: string): Promise<pg.QueryResultRow[]>;
  connect(): Promise<pg.Client>;
  /** After the server was killed. */
  reconnect(): Promise<void>;
  /** Rows of every table, and what the executor left open. */
  contents(): Promise<string>;
  close(): Promise<void>;
}

export interface GroundOptions {
  readonly settings?: Partial<ExecutorSettings>;
  readonly limits?: Partial<ExecutorSettings["limits"]>;
  readonly login?: Login;
  readonly actAs?: string;
}

export async function openGround(server: TestServer, setup: string, options: GroundOptions = {}): Promise<Ground> {
  const scratch = await server.scratchDatabase(setup);
  const analyser = createSqlAnalyser({ workers: 1 });
  const settings: ExecutorSettings = {
    login: () => {
      const { login, actAs } = options;
      const upstream =
        login === undefined ? upstreamOf(server) : { ...upstreamOf(server), role: login.user, password: () => login.password };
      return Promise.resolve({ upstream, said: [], end: () => undefined, ...(actAs === undefined ? {} : { actAs }) });
    },
    limits: { lockMs: 2_000, statementMs: 30_000, runMs: 60_000, samples: 5, ...options.limits },
    shown: { public: [], secret: [] },
    clock: systemClock,
    random: systemRandom,
    warn: () => undefined,
    ...options.settings,
  };
  const executor = createExecutor(settings);
  let direct = await server.connect(scratch.name);
  const act = acting(analyser, () => direct, scratch.name);
  return {
    database: scratch.name,
    executor,
    settings,
    act,
    measure: async (sql) => executor.measure(await act(sql)),
    direct: async (sql) => {
      const result = (await direct.query(sql)) as pg.QueryResult | pg.QueryResult[];
      return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
    },
    connect: () => server.connect(scratch.name),
    reconnect: async () => {
      await direct.end().catch(() => undefined);
      direct = await server.connect(scratch.name);
    },
    contents: () => contentsOf(direct),
    close: async () => {
      await direct.end();
      await analyser.close();
      await scratch.drop();
    },
  };
}

function acting(analyser: SqlAnalyserPool, direct: () => pg.Client, database: string): Ground["act"] {
  let version = 0;
  return async (sql, { path = ["public"], ...more } = {}) => {
    version += 1;
    const { data } = await loadCatalogue(direct());
    await analyser.publish({ ...data, version });
    const context: SqlContext = {
      role: "agent",
      sessionRole: "agent",
      searchPath: path,
      temporary: [],
      catalogueVersion: version,
      pendingDdl: [],
    };
    const analysis = await analyser.analyse({ kind: "sql", text: sql, door: "simple", context });
    if (analysis.kind !== "understood") throw new Error(`not understood: ${analysis.message}`);
    const message = { kind: "simple" as const, text: sql };
    return {
      action: `s_ground.${version}` as ActionId,
      database,
      context,
      settings: new Map(),
      statements: analysis.statements,
      message,
      ...more,
    };
  };
}

async function contentsOf(client: pg.Client): Promise<string> {
  const tables = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'S') AND n.nspname !~ '^pg_|^information_schema' ORDER BY 1`,
  );
  const lines: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await client.query<{ row: string }>(`SELECT ROW(t.*)::text AS row FROM ${name} t ORDER BY 1`);
    lines.push(name, ...rows.map(({ row }) => row));
  }
  const catalogue = await client.query<{ n: string }>(
    `SELECT concat_ws(' ', (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_constraint),
      (SELECT count(*) FROM pg_policy), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_attribute)) AS n`,
  );
  return [...lines, catalogue.rows[0]?.n ?? ""].join("\n");
}

/** What a plan of these figures would demand. */
export function expecting(measured: Measured, toleranceRows = 0): Expected {
  return { measured: measured.measurement, toleranceRows, identity: measured.identity };
}

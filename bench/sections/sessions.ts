/**
 * The gateway with session roles on: the same loads through a role of the session's own, and what such a role costs at its start and end.
 */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Load } from "../pgbench.ts";
import { startHoldfast } from "../stack/holdfast-process.ts";
import type { Path } from "../stack/open-stack.ts";
import { percentile } from "../statistics.ts";
import type { Row, Run } from "./section.ts";
import { compared, warmUp } from "./throughput.ts";

const loads: readonly Omit<Load, "seconds">[] = [
  { script: "select", protocol: "simple", clients: 8 },
  { script: "select", protocol: "prepared", clients: 1 },
  { script: "select", protocol: "prepared", clients: 8 },
  { script: "tpcb", protocol: "simple", clients: 8 },
  { script: "tpcb", protocol: "prepared", clients: 8 },
];

export async function* sessions(run: Run): AsyncGenerator<Row> {
  const { stack, quick } = run;
  const { server, database } = stack;
  run.note("sessions: provisioning");
  const [direct] = stack.paths;
  if (direct === undefined) throw new Error("there is no direct path");
  const upstream = server.url(database, direct);
  const holdfast = await startHoldfast(upstream, server.url(database));
  const path: Path = { name: "holdfast", port: holdfast.port, pid: holdfast.pid, user: holdfast.user, password: holdfast.password };
  const paths = [...stack.paths.filter(({ name }) => name !== "holdfast"), path];
  const withRoles: Run = { ...run, stack: { ...stack, paths } };
  try {
    for (const script of ["select", "tpcb"] as const) {
      await warmUp(withRoles, script);
      for (const load of loads) {
        if (load.script !== script) continue;
        run.note(`pgbench ${script} ${load.protocol} ${load.clients}, with session roles`);
        yield await compared(withRoles, { ...load, seconds: 2 }, "sessions on");
      }
    }
    run.note("sessions: start and end");
    yield* costs(withRoles, quick ? 10 : 60);
  } finally {
    await holdfast.stop();
  }
}

/** Milliseconds of logging in and of a first query, by path; and until a session's role is gone at the server. */
async function* costs({ stack }: Run, rounds: number): AsyncGenerator<Row> {
  const figures = new Map<string, number[]>();
  const note = (what: string, ms: number): void => void figures.set(what, [...(figures.get(what) ?? []), ms]);
  const watcher = await stack.server.connect(stack.database);
  const roles = async (): Promise<number> =>
    Number((await watcher.query("SELECT count(*) AS n FROM pg_catalog.pg_roles WHERE rolname LIKE 'hfs\\_%'")).rows[0].n);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const path of stack.paths) {
        const first = await timed(() => opened(path, stack.database));
        note(path.name === "holdfast" ? "start: role made, first answer" : `${path.name}: login, first answer`, first.ms);
        if (path.name !== "holdfast") {
          await first.value.end();
          continue;
        }
        const next = await timed(() => opened(path, stack.database));
        note("next connection: role shared", next.ms);
        await Promise.all([first.value.end(), next.value.end()]);
        const gone = await timed(async () => {
          while ((await roles()) > 0) await delay(1);
        });
        note("end: role gone at the server", gone.ms);
      }
    }
  } finally {
    await watcher.end();
  }
  for (const [name, ms] of figures) {
    yield { section: "session cost", name, figures: { "p50 ms": percentile(ms, 0.5), "p99 ms": percentile(ms, 0.99), rounds: ms.length } };
  }
}

async function opened(path: Path, database: string): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port: path.port, user: path.user, password: path.password, database });
  client.on("error", () => undefined);
  await client.connect();
  await client.query("SELECT 1");
  return client;
}

async function timed<T>(act: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const before = performance.now();
  const value = await act();
  return { value, ms: performance.now() - before };
}

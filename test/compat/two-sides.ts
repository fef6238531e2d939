/**
 * Two servers made from the same files, one reached directly, the other through the real gateway: what is done to both must look the same.
 * The login has the same name on both sides and each has its own password; it holds no assertion but the comparison itself.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load-config.ts";
import { type Gateway, openGateway } from "../../src/wiring.ts";
import { type ServerVersion, startServer, type TestServer } from "../support/servers.ts";
import { startTap, type Tap } from "./tap.ts";
import { transcript } from "./transcript.ts";

/** Where a client connects. Both sides answer to the same name; their passwords differ. */
export interface Side {
  readonly name: "direct" | "holdfast";
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  url(database?: string): string;
  /** The environment in which libpq's programs reach this side and nothing else of the machine's shows. */
  readonly env: NodeJS.ProcessEnv;
}

export interface CompareOptions {
  /** Whether to compare what went over the wire; off where several connections race. Default: on. */
  readonly wire?: boolean;
}

export interface TwoSides {
  readonly direct: Side;
  readonly holdfast: Side;
  readonly servers: { readonly direct: TestServer; readonly holdfast: TestServer };
  readonly gateway: Gateway;
  /** Where the gateway listens, without the tap. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Does the same on both sides and compares what it returned, then every message the server sent. Returns what both gave. */
  same<T>(act: (side: Side) => Promise<T>, options?: CompareOptions): Promise<T>;
  /** A database of the same name on both servers, with `setup` run in it as superuser. */
  database(name: string, setup?: string): Promise<void>;
  stop(): Promise<void>;
}

export interface TwoSidesOptions {
  readonly version: ServerVersion;
  readonly policy: "observe" | "guarded-writes";
  readonly environment?: "production" | "staging" | "development";
  /** Lines below the target in holdfast.yaml, indented by four. */
  readonly target?: string;
  /** Files beside holdfast.yaml that `target` refers to. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where Holdfast finds its server, when something stands between. */
  readonly between?: (server: TestServer) => Promise<{ readonly host: string; readonly port: number }>;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

const USER = "postgres";

export async function startTwoSides(options: TwoSidesOptions): Promise<TwoSides> {
  // Nothing may happen by itself on one of the two.
  const settings = { autovacuum: false, max_prepared_transactions: 20, ...options.settings };
  const [direct, holdfast] = await Promise.all([1, 2].map(() => startServer({ version: options.version, settings })));
  assert(direct !== undefined && holdfast !== undefined);
  const upstream = (await options.between?.(holdfast)) ?? holdfast;
  const opened = await openInFront(upstream, holdfast, options);
  const taps = await Promise.all([startTap(direct), startTap(opened.listen)]);
  const sides = [side("direct", taps[0], direct.superuser.password), side("holdfast", taps[1], opened.password)] as const;
  const servers = { direct, holdfast };
  return {
    direct: sides[0],
    holdfast: sides[1],
    servers,
    gateway: opened.gateway,
    listen: opened.listen,
    same: (act, compare) => same(sides, taps, act, compare),
    async database(name, setup) {
      for (const server of [direct, holdfast]) {
        await server.asSuperuser(`CREATE DATABASE ${name}`);
        if (setup !== undefined) await server.asSuperuser(setup, name);
      }
    },
    async stop() {
      await Promise.all(taps.map((tap) => tap.stop()));
      await opened.stop();
      await Promise.all([direct.stop(), holdfast.stop()]);
    },
  };
}

async function openInFront(upstream: { readonly host: string; readonly port: number }, server: TestServer, options: TwoSidesOptions) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-compat-"));
  const password = randomBytes(12).toString("hex");
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const text = `version: 1
targets:
  compat:
    environment: ${options.environment ?? "staging"}
    listen: 127.0.0.1:0
    policy: ${options.policy}
    upstream:
      { host: ${upstream.host}, port: ${upstream.port}, role: ${server.superuser.user}, database: postgres, tls: disable,
        password: { env: SERVER } }
${options.target ?? ""}
users:
  ${USER}: { kind: ai_agent, password: { env: CLIENT }, targets: [compat], connections: 200 }
`;
  const loaded = loadConfig({ text, directory: folder });
  if ("problems" in loaded) assert.fail(JSON.stringify(loaded.problems));
  const warn = (message: string) => console.error(`gateway: ${message}`);
  const environment = { SERVER: server.superuser.password, CLIENT: password };
  const gateway = await openGateway(loaded.config, { environment, warn });
  await gateway.start();
  const [host = "", port] = (gateway.status().targets[0]?.listen ?? "").split(":");
  return {
    gateway,
    password,
    listen: { host, port: Number(port) },
    async stop() {
      await gateway.stop("the test is over");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function side(name: Side["name"], tap: Tap, password: string): Side {
  const host = "127.0.0.1";
  const { port } = tap;
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: "/nonexistent",
    LC_ALL: "C",
    TZ: "UTC",
    PSQL_HISTORY: "/dev/null",
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: USER,
    PGPASSWORD: password,
    PGDATABASE: "postgres",
  };
  return {
    name,
    host,
    port,
    user: USER,
    password,
    env,
    url: (database = "postgres") => `postgresql://${USER}:${password}@${host}:${port}/${database}`,
  };
}

async function same<T>(
  sides: readonly [Side, Side],
  taps: readonly [Tap, Tap],
  act: (side: Side) => Promise<T>,
  { wire = true }: CompareOptions = {},
): Promise<T> {
  await Promise.all(taps.map((tap) => tap.take()));
  const expected = await act(sides[0]);
  const actual = await act(sides[1]);
  const [first, second] = await Promise.all(taps.map((tap) => tap.take()));
  if (wire) compareWire((first ?? []).map(transcript), (second ?? []).map(transcript));
  assert.deepEqual(actual, expected);
  return expected;
}

/** A client that hangs up on an error may or may not have been told before that the server is ready again. */
function differInLastReady(some: readonly string[], others: readonly string[]): boolean {
  const [shorter, longer] = some.length < others.length ? [some, others] : [others, some];
  return (
    longer.length === shorter.length + 1 &&
    longer.at(-1)?.startsWith("Z ") === true &&
    shorter.at(-1)?.startsWith("E ") === true &&
    shorter.every((line, index) => line === longer[index])
  );
}

function compareWire(expected: readonly (readonly string[])[], actual: readonly (readonly string[])[]): void {
  expected.forEach((lines, connection) => {
    const others = actual[connection] ?? [];
    if (differInLastReady(lines, others)) return;
    const at = lines.findIndex((line, index) => line !== others[index]);
    const differs = at >= 0 ? at : lines.length < others.length ? lines.length : -1;
    if (differs < 0) return;
    const show = (all: readonly string[]) => all.slice(Math.max(0, differs - 3), differs + 4).join("\n");
    assert.equal(
      show(others),
      show(lines),
      `connection ${connection + 1} differs at message ${differs + 1} (the first is through Holdfast)`,
    );
  });
  assert.equal(actual.length, expected.length, "the number of connections differs");
}

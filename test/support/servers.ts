/**
 * Real PostgreSQL servers for tests: `const server = await testServer(18)`, shared by the tests of one file.
 * They listen on loopback with SCRAM passwords and are gone when the process is, however it ends.
 * It does not stand in for anything: these are the server's own binaries, from npm.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { freePort } from "../../src/cli/demo/free-port.ts";
import { selfSigned, type TestCertificates } from "./certificates.ts";
import { serverAccount } from "./postgres/account.ts";
import { type ServerVersion, serverBinaries } from "./postgres/binaries.ts";
import { newServerFolder, postmasterOf, removeServer, watchFolder } from "./postgres/sweep.ts";
import { templateFor } from "./postgres/template.ts";

export type { ServerVersion } from "./postgres/binaries.ts";
export { serverVersions } from "./postgres/binaries.ts";

export interface ServerOptions {
  readonly version: ServerVersion;
  /** Lines for postgresql.conf: `{ fsync: "on", max_connections: 1200 }`. They win over the defaults here. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Serve TLS with a certificate for `localhost` and 127.0.0.1; `tls.ca` of the server signs it. */
  readonly tls?: boolean;
  /** Replaces pg_hba.conf. Default: SCRAM for everybody, from loopback and the unix socket, replication included. */
  readonly hba?: readonly string[];
  /** A data directory to start from in place of a fresh one; it is moved away. The configuration files in it are written anew. */
  readonly from?: string;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface ScratchDatabase {
  readonly name: string;
  /** Connection string for the superuser, or for the login given. */
  url(login?: Login): string;
  drop(): Promise<void>;
}

const started = new Set<TestServer>();
process.once("exit", () => {
  for (const server of started) removeServer(server.folder);
});

const shared = new Map<ServerVersion, Promise<TestServer>>();

/** The process's own server of that version, started at the first call with default options. Never stop it; the exit does. */
export function testServer(version: ServerVersion = 18): Promise<TestServer> {
  const server = shared.get(version) ?? startServer({ version });
  shared.set(version, server);
  return server;
}

/** A server of the caller's own, for tests that need settings, TLS, or to kill it. `stop()` it when done (the exit does too). */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  const server = new TestServer(options);
  started.add(server);
  await server.start();
  return server;
}

export class TestServer {
  readonly version: ServerVersion;
  readonly host = "127.0.0.1";
  readonly folder: string;
  readonly superuser: Login;
  /** The certificates it serves, when asked for TLS. */
  readonly tls: TestCertificates | undefined;
  #port = 0;
  #postmaster: ChildProcess | undefined;
  readonly #postgres: string;
  readonly #options: ServerOptions;

  constructor(options: ServerOptions) {
    const binaries = serverBinaries(options.version);
    const template = templateFor(binaries);
    this.version = options.version;
    this.#options = options;
    this.#postgres = binaries.postgres;
    this.superuser = { user: "postgres", password: template.password };
    this.folder = newServerFolder(randomBytes(6).toString("hex"));
    watchFolder(this.folder);
    if (options.from === undefined) execFileSync("cp", ["-a", template.data, this.data]);
    else execFileSync("mv", [options.from, this.data]);
    this.tls = options.tls ? selfSigned() : undefined;
    this.#configure();
  }

  /** The port it listens on; stays the same over restarts. */
  get port(): number {
    return this.#port;
  }

  /** The data directory. */
  get data(): string {
    return join(this.folder, "data");
  }

  /** The postmaster's process id, or undefined when it does not run. */
  get pid(): number | undefined {
    return postmasterOf(this.folder);
  }

  /** What the server wrote to its log so far. */
  log(): string {
    return readFileSync(join(this.folder, "server.log"), "utf8");
  }

  url(database = "postgres", login: Login = this.superuser): string {
    return `postgresql://${login.user}:${login.password}@${this.host}:${this.#port}/${database}`;
  }

  /** A connected node-postgres client; the caller ends it. A lost connection does not crash the test process. */
  async connect(database = "postgres", login: Login = this.superuser): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url(database, login) });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  /** Runs SQL (one text, several statements allowed without parameters) as superuser and returns the last statement's rows. */
  async asSuperuser<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    database = "postgres",
    parameters?: unknown[],
  ): Promise<Row[]> {
    const client = await this.connect(database);
    try {
      const result = (await client.query<Row>(sql, parameters)) as pg.QueryResult<Row> | pg.QueryResult<Row>[];
      return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
    } finally {
      await client.end();
    }
  }

  /** A new database with a random name, with `setup` run in it as superuser. */
  async scratchDatabase(setup?: string): Promise<ScratchDatabase> {
    const name = `scratch_${randomBytes(5).toString("hex")}`;
    await this.asSuperuser(`CREATE DATABASE ${name}`);
    if (setup) await this.asSuperuser(setup, name);
    return {
      name,
      url: (login) => this.url(name, login),
      drop: async () => void (await this.asSuperuser(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
    };
  }

  /** A new role that may log in and has no other right but what `grants` (run in `database`, `:role` replaced) gives it. */
  async ordinaryRole(grants?: string, database = "postgres"): Promise<Login> {
    const login = { user: `role_${randomBytes(5).toString("hex")}`, password: randomBytes(12).toString("hex") };
    await this.asSuperuser(`CREATE ROLE ${login.user} LOGIN PASSWORD '${login.password}'`);
    if (grants) await this.asSuperuser(grants.replaceAll(":role", login.user), database);
    return login;
  }

  /** Starts the postmaster and waits until it accepts logins. The first start chooses a free port. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const port = this.#port || (await freePort());
      const outcome = await this.#launch(port);
      this.#port = outcome === "ready" ? port : this.#port;
      if (outcome === "ready") return;
      // Between finding a port free and using it somebody else may take it; after a kill the last child may still be ending.
      const passing = /Address already in use|shared memory block .* is still in use/.test(this.log());
      if (attempt === 20 || !passing) throw new Error(`PostgreSQL ${this.version} did not start:\n${this.log()}`);
      await delay(100);
    }
  }

  /** SIGKILL to the postmaster, as a machine's out-of-memory killer would; returns when all of its processes are gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it (fast shutdown unless killed before) and starts it again on the same port and data. */
  async restart(): Promise<void> {
    await this.#end("SIGINT");
    await this.start();
  }

  /** Fast shutdown; its files are removed. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
    removeServer(this.folder);
    started.delete(this);
  }

  async #launch(port: number): Promise<"ready" | "ended"> {
    const log = openSync(join(this.folder, "server.log"), "a");
    const account = serverAccount();
    const args = ["-D", this.data, "-p", String(port), "-k", this.data];
    const postmaster = spawn(this.#postgres, args, {
      ...account,
      cwd: this.data,
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    postmaster.unref();
    this.#postmaster = postmaster;
    while (postmaster.exitCode === null && postmaster.signalCode === null) {
      if (this.#saysReady()) return "ready";
      await delay(15);
    }
    return "ended";
  }

  /** The eighth line of postmaster.pid is the state; `ready` means that logins are accepted. */
  #saysReady(): boolean {
    try {
      const lines = readFileSync(join(this.data, "postmaster.pid"), "utf8").split("\n");
      return lines[0] === String(this.#postmaster?.pid) && lines[7]?.trim() === "ready";
    } catch {
      return false;
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const postmaster = this.#postmaster;
    if (!postmaster || postmaster.exitCode !== null || postmaster.signalCode !== null) return;
    const ended = new Promise((resolve) => postmaster.once("exit", resolve));
    postmaster.ref();
    process.kill(postmaster.pid as number, signal);
    await ended;
    // After a SIGKILL the backends notice the postmaster's death by themselves; the group is empty when the last has gone.
    while (groupLives(postmaster.pid as number)) await delay(10);
  }

  #configure(): void {
    const settings = {
      ...defaults,
      ...(this.tls ? { ssl: true, ssl_cert_file: "server.crt", ssl_key_file: "server.key" } : {}),
      ...this.#options.settings,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`);
    const files: Record<string, string> = {
      "postgresql.conf": `${lines.join("\n")}\n`,
      "pg_hba.conf": `${(this.#options.hba ?? scramForAll).join("\n")}\n`,
      ...(this.tls ? { "server.crt": this.tls.certificate, "server.key": this.tls.key } : {}),
    };
    const account = serverAccount();
    for (const [name, text] of Object.entries({ ...files, "../server.log": "" })) {
      const file = join(this.data, name);
      writeFileSync(file, text, { mode: 0o600 });
      if (account) chownSync(file, account.uid, account.gid);
    }
    // The unix socket and the log lie in folders of the server's account.
    if (account) chownSync(this.folder, account.uid, account.gid);
  }
}

const scramForAll = [
  "local all all scram-sha-256",
  "host all all 127.0.0.1/32 scram-sha-256",
  "host replication all 127.0.0.1/32 scram-sha-256",
];

/** Small and quick. fsync is off because these servers outlive no power cut; a killed server still recovers from its WAL. */
const defaults = {
  listen_addresses: "127.0.0.1",
  unix_socket_permissions: "0700",
  max_connections: 200,
  shared_buffers: "32MB",
  fsync: false,
  max_prepared_transactions: 20,
  wal_level: "logical",
  log_line_prefix: "%m [%p] %q%u@%d ",
  timezone: "UTC",
  log_timezone: "UTC",
  jit: false,
};

function groupLives(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * A real PostgreSQL server for the demo, in a folder of its own, on loopback, with SCRAM passwords; gone when the demo is.
 * It is no stand-in: these are the server's own binaries.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { failed } from "../errors.ts";
import { type ServerAccount, accountForServer, serverBinaries } from "./binaries.ts";
import { freePort } from "./free-port.ts";

export interface DemoServer {
  /** Connection string of the superuser for one database. */
  url(database: string): string;
  /** Fast shutdown; resolves when the server's processes are gone. */
  stop(): Promise<void>;
}

const startMsMax = 30_000;

/** Makes and starts a server below `folder`, which the caller made and removes. */
export async function startDemoServer(folder: string): Promise<DemoServer> {
  const account = accountForServer();
  const binaries = serverBinaries(account, folder);
  const home = join(folder, "server");
  mkdirSync(home, { mode: 0o700 });
  const password = randomBytes(18).toString("base64url");
  const passwordFile = join(home, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account !== undefined) {
    // The way there must be open to the server's account; what lies at its end is private to it.
    chmodSync(folder, 0o711);
    for (const path of [home, passwordFile]) chownSync(path, account.uid, account.gid);
  }
  const data = join(home, "data");
  const init = [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "scram-sha-256",
    "--pwfile",
    passwordFile,
    "-E",
    "UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
  ];
  await finished(
    spawn(join(binaries, "initdb"), init, { ...account, cwd: home, env: quietEnvironment(), stdio: ["ignore", "pipe", "pipe"] }),
    "initdb",
  );
  const port = await freePort();
  const server = await launch({ postgres: join(binaries, "postgres"), data, port, account });
  return {
    url: (database) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
    stop: () => stopped(server),
  };
}

/**
 * The server runs under a shell that ends it when our end of its standard input closes: so it is gone even when we are killed.
 * In a process group of its own, a Ctrl-C at the terminal reaches us and not the server.
 */
async function launch(options: {
  postgres: string;
  data: string;
  port: number;
  account: ServerAccount | undefined;
}): Promise<ChildProcess> {
  const script = '"$@" & server=$!; read -r nothing; kill -INT "$server" 2>/dev/null; wait "$server"';
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=60", "shared_buffers=32MB"];
  const words = ["-D", options.data, "-p", String(options.port), ...settings.flatMap((setting) => ["-c", setting])];
  const server = spawn("sh", ["-c", script, "sh", options.postgres, ...words], {
    ...options.account,
    cwd: options.data,
    env: quietEnvironment(),
    stdio: ["pipe", "ignore", "pipe"],
    detached: true,
  });
  let said = "";
  server.stderr?.on("data", (chunk: Buffer) => {
    said = `${said}${chunk.toString("utf8")}`.slice(-4_000);
  });
  server.on("error", (error) => {
    said += error.message;
  });
  for (let waited = 0; waited < startMsMax && server.exitCode === null; waited += 20) {
    if (saysReady(options.data)) return server;
    await delay(20);
  }
  server.kill();
  throw failed(`PostgreSQL did not start: ${said.trim().split("\n").at(-1) ?? "it said nothing"}`);
}

/** The eighth line of postmaster.pid is the server's state; `ready` means that it accepts logins. */
function saysReady(data: string): boolean {
  try {
    return readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[7]?.trim() === "ready";
  } catch {
    return false;
  }
}

function stopped(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve();
  const gone = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  server.stdin?.end();
  return gone;
}

function finished(child: ChildProcess, name: string): Promise<void> {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
  });
  child.stdout?.resume();
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(failed(`${name} could not be run: ${error.message}`)));
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(failed(`${name} failed: ${said.trim().split("\n").at(-1) ?? ""}`, whereFilesGo)),
    );
  });
}

const whereFilesGo =
  "its files go below the temporary folder: where that is private or full, set TMPDIR to another " +
  "(run as root, the server has another account)";

/** The caller's PG* variables must not reach the server. */
function quietEnvironment(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}

/**
 * The scene of the threat model's tests: a real `holdfast up` with a vault, a person and a real server, and an agent under the same
 * account as the gateway. It attempts nothing itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { GatewayStatus } from "../../src/control/contract.ts";
import { newLogin } from "../../src/wiring/new-login.ts";
import { systemRandom } from "../../src/base/ids.ts";
import { type Login, type ScratchDatabase, testServer } from "../support/servers.ts";

const program = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

/** Of `nobody` where the tests run as root, whom nothing is hidden from; else the account that runs them. */
export const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Everything that must be found nowhere. Synthetic. */
export interface Secrets {
  readonly vault: string;
  readonly person: string;
  readonly server: string;
}

/** What a command is lent: the vault's key, a secret, variables. */
export interface With {
  readonly key?: string;
  readonly secret?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The words say already where the key is read from. */
  readonly keyPlaced?: boolean;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Up {
  readonly status: GatewayStatus;
  readonly pid: number;
  readonly child: ChildProcess;
  err(): string;
  /** Resolves when `up` has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Its status now, over the socket. */
  now(): Promise<GatewayStatus>;
  /** A connection of the agent through the gateway, closed with the scene. */
  connect(): Promise<pg.Client>;
}

/** What `probe` gives once it gives something. Rejects after 300 tries, naming what was waited for. */
export async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await delay(100);
  }
  throw new Error(`waited in vain: ${what}`);
}

const scenes: { close(): Promise<void> }[] = [];

/** To be called after the tests of a file. */
export async function closeScenes(): Promise<void> {
  for (const scene of scenes.splice(0)) await scene.close();
}

export class Scene {
  readonly program = program;
  readonly folder = mkdtempSync(join(tmpdir(), "holdfast-threat-"));
  readonly state = join(this.folder, ".holdfast");
  readonly socket = join(this.state, "control.sock");
  readonly auditDirectory = join(this.state, "audit");
  readonly vaultFile = join(this.state, "vault", "vault.sealed");
  readonly config = join(this.folder, "holdfast.yaml");
  readonly secrets: Secrets;
  readonly #agent: { password: string; verifier: string };
  readonly #clients: pg.Client[] = [];
  readonly #ups: Up[] = [];
  #database: ScratchDatabase | undefined;

  constructor() {
    this.#agent = newLogin(systemRandom);
    const phrase = (): string => `synthetic-${randomBytes(12).toString("hex")}`;
    this.secrets = { vault: phrase(), person: phrase(), server: "" };
    scenes.push(this);
  }

  /** Server, configuration, vault with the server's URL, and one person, `ada`, who may open production. */
  static async open(): Promise<Scene> {
    const scene = new Scene();
    const server = await testServer(18);
    const role: Login = await server.ordinaryRole();
    scene.#database = await server.scratchDatabase(
      `CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT i, 'kept' FROM generate_series(1, 20) i; GRANT ALL ON orders TO ${role.user}`,
    );
    Object.assign(scene.secrets, { server: role.password });
    scene.write(scene.config, scene.configText("read-only"));
    if (account.uid !== undefined) chownSync(scene.folder, account.uid, account.gid);
    for (const [words, secret] of [
      [["vault", "init"], ""],
      [["vault", "add", "shop-url", "--from-fd", "4"], scene.#database.url(role)],
      [["person", "add", "ada", "--approves", "production", "--passphrase-fd", "4"], scene.secrets.person],
    ] as const) {
      const { code, err } = await scene.run(words, { key: scene.secrets.vault, secret });
      if (code !== 0) throw new Error(`holdfast ${words.join(" ")} ended with ${code}: ${err}`);
    }
    return scene;
  }

  configText(policy: string): string {
    return [
      "version: 1",
      "targets:",
      "  shop:",
      "    listen: 127.0.0.1:0",
      "    upstream: { url: { vault: shop-url } }",
      `    policy: ${policy}`,
      "users:",
      `  agent: { kind: ai_agent, password: { verifier: "${this.#agent.verifier}" }, targets: [shop] }`,
      "",
    ].join("\n");
  }

  /** A file of the account that gateway and agent share. */
  write(path: string, text: string | Uint8Array): void {
    writeFileSync(path, text, { mode: 0o600 });
    if (account.uid !== undefined) chownSync(path, account.uid, account.gid);
  }

  /** Runs `holdfast` under that account: with the vault's key where it is a person who does, without where it is the agent. */
  async run(words: readonly string[], with_: With = {}): Promise<Ran> {
    const { child, over } = this.#start(words, with_);
    let out = "";
    let err = "";
    child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
    return { code: await over, out, err };
  }

  /** Starts `up` and waits until it is ready. Rejects with what it said when it ends instead. `limits`: of the shell that starts it. */
  async up(limits = ""): Promise<Up> {
    const { child, over } = this.#start(["up", "--json"], { key: this.secrets.vault }, limits);
    let out = "";
    let err = "";
    child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
    while (!out.includes("\n")) {
      if (child.exitCode !== null) throw new Error(err);
      await delay(20);
    }
    const status = JSON.parse(out) as GatewayStatus;
    const up: Up = {
      status,
      pid: status.processId,
      child,
      err: () => err,
      stop: async (signal = "SIGTERM") => {
        if (child.exitCode === null && child.signalCode === null) process.kill(status.processId, signal);
        await over;
      },
      now: async () => JSON.parse((await this.run(["status", "--json"])).out) as GatewayStatus,
      connect: async () => {
        const [host = "", port = ""] = (status.targets[0]?.listen ?? "").split(":");
        const database = new URL(this.#database?.url() ?? "").pathname.slice(1);
        const client = new pg.Client({ host, port: Number(port), user: "agent", password: this.#agent.password, database });
        client.on("error", () => undefined);
        this.#clients.push(client);
        await client.connect();
        return client;
      },
    };
    this.#ups.push(up);
    return up;
  }

  /** Runs a program text of Node.js under the agent's account; its standard output. Rejects when it fails. */
  async agent(text: string, ...args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", text, ...args], {
      cwd: this.folder,
      ...account,
      stdio: "pipe",
      env: {},
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    if (code !== 0) throw new Error(`the agent's program failed: ${err}`);
    return out.trim();
  }

  /** Rows of `orders`, asked past the gateway. */
  async rows(): Promise<number> {
    const client = new pg.Client({ connectionString: this.#database?.url() ?? "" });
    await client.connect();
    const { rows } = await client.query("SELECT count(*)::int AS n FROM orders");
    await client.end();
    return (rows[0] as { n: number }).n;
  }

  /** Gives a copied folder to the account that gateway and agent share. */
  own(folder: string): void {
    const { uid, gid } = account;
    if (uid === undefined || gid === undefined) return;
    chownSync(folder, uid, gid);
    for (const name of readdirSync(folder, { recursive: true })) chownSync(join(folder, String(name)), uid, gid);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.end().catch(() => undefined);
    for (const up of this.#ups) await up.stop("SIGKILL").catch(() => undefined);
    await this.#database?.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #start(words: readonly string[], { key, secret, env, keyPlaced }: With, limits = "") {
    const opened = [key, secret].map((text) => (text === undefined ? "ignore" : this.#lent(text)));
    const all = [program, ...words, ...(key === undefined || keyPlaced === true ? [] : ["--vault-key-fd", "3"])];
    const [file, args] =
      limits === "" ? [process.execPath, all] : ["/bin/sh", ["-c", `${limits}; exec "$@"`, "sh", process.execPath, ...all]];
    const stdio = ["ignore", "pipe", "pipe", ...opened] as ("ignore" | "pipe" | number)[];
    const child = spawn(file, args, { cwd: this.folder, ...account, stdio, env: { PATH: process.env["PATH"], ...env } });
    for (const descriptor of opened) if (typeof descriptor === "number") closeSync(descriptor);
    const over = new Promise<number | null>((resolve) => child.once("close", resolve));
    return { child, over };
  }

  /** A descriptor of a file that is gone by the time anybody else could look for it. */
  #lent(text: string): number {
    const path = join(this.folder, `lent-${randomBytes(6).toString("hex")}`);
    writeFileSync(path, text, { mode: 0o600 });
    const descriptor = openSync(path, "r");
    rmSync(path);
    return descriptor;
  }
}

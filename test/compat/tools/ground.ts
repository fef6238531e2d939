/**
 * Where a migration tool is run as an agent would: `holdfast run -- TOOL` against a real server whose login owns everything it could lose.
 * The server is the judge: what stands in the database is read past Holdfast before and after.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { holdfast, scratchFolder } from "../../cli/holdfast.ts";
import { databaseState } from "./database-state.ts";
import { type Login, type ScratchDatabase, type ServerVersion, testServer } from "../../support/servers.ts";

export type Command = readonly string[];

/** What a command wrote to both its streams, without what differs between two runs. */
export interface Said {
  readonly text: string;
  readonly code: number;
}

export type Preset = "guarded-writes" | "migrations";

export interface Ground {
  /** A folder for the tool's own files, with holdfast.yaml in it. */
  readonly folder: string;
  /** Runs commands one after another in one `holdfast run`, whatever each says; DATABASE_URL and PG* lead them to Holdfast. */
  run(preset: Preset, commands: readonly Command[]): Promise<readonly Said[]>;
  /** The same commands past Holdfast, as the people run them who keep the database. */
  direct(commands: readonly Command[]): Promise<readonly Said[]>;
  /** What could be lost: every column, key, index, view, function and row outside the system's schemas. */
  state(): Promise<readonly string[]>;
  /** Runs SQL as the owner, past Holdfast. */
  sql(text: string): Promise<void>;
}

const ownModules = join(import.meta.dirname, "../../../node_modules");

/** `modules`: the node_modules in which the tools are found; this repository's own unless another is given. */
export async function openGround(version: ServerVersion, modules = ownModules): Promise<Ground> {
  const server = await testServer(version);
  const owner: Login = await server.ordinaryRole();
  const database: ScratchDatabase = await server.scratchDatabase();
  await server.asSuperuser(
    `ALTER DATABASE ${database.name} OWNER TO ${owner.user}; ALTER SCHEMA public OWNER TO ${owner.user}`,
    database.name,
  );
  const folder = scratchFolder();
  const url = database.url(owner);
  const sql = async (text: string) => void (await inDatabase(url, (client) => client.query(text)));
  // Where the tools find their packages.
  symlinkSync(modules, join(folder, "node_modules"));

  const script = join(folder, "commands.sh");
  const results = (commands: readonly Command[]) =>
    commands.map((_, index) => {
      const [text, code] = ["said", "code"].map((name) => readFileSync(join(folder, `${index}.${name}`), "utf8"));
      return { text: plain(text ?? ""), code: Number(code) };
    });

  async function run(preset: Preset, commands: readonly Command[]): Promise<readonly Said[]> {
    writeFileSync(join(folder, "holdfast.yaml"), configuration(preset));
    writeFileSync(script, commands.map(shellLine).join(""));
    const env = { ...plainly, SHOP_URL: url, SOMEBODY: "synthetic-password" };
    const whole = await holdfast(["run", "-q", "--", "sh", script], { cwd: folder, env });
    assert.equal(whole.code, 0, whole.out + whole.err);
    return results(commands);
  }

  async function direct(commands: readonly Command[]): Promise<readonly Said[]> {
    writeFileSync(script, commands.map(shellLine).join(""));
    const { hostname, port, username, password, pathname } = new URL(url);
    const libpq = { PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password, PGDATABASE: pathname.slice(1) };
    const env = { ...plainly, PATH: process.env["PATH"], HOME: folder, DATABASE_URL: url, ...libpq };
    await promisify(execFile)("sh", [script], { cwd: folder, env });
    return results(commands);
  }

  async function state(): Promise<readonly string[]> {
    return inDatabase(url, databaseState);
  }

  return { folder, run, direct, state, sql };
}

/** Demands that Holdfast refused it for such a reason and that what the tool shows says so: who, what, and why. */
export function demandRefused(said: Said, reason: RegExp): void {
  assert.notEqual(said.code, 0, said.text);
  assert.match(said.text, reason);
}

const plainly = { NO_COLOR: "1", CI: "1", PYTHONHASHSEED: "0" };

const configuration = (preset: Preset): string => `version: 1
targets:
  shop: { environment: staging, listen: 127.0.0.1:0, upstream: { url: { env: SHOP_URL } }, policy: ${preset} }
users:
  somebody: { kind: human, password: { env: SOMEBODY }, targets: [shop] }
`;

/** One line of the shell: the command, what it says and its exit code in files numbered as it is. */
function shellLine(words: Command, index: number): string {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return `${quoted} >${index}.said 2>&1 </dev/null; echo $? >${index}.code\n`;
}

async function inDatabase<T>(url: string, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

/** Numbers of actions and ports differ between runs. */
function plain(text: string): string {
  return text
    .replaceAll(/\bs_[a-z0-9]{16}\.\d+/g, "ACTION")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    .replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
}

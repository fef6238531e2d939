/**
 * Where a migration tool resets a database through Holdfast to the end, as its login may do: and one command brings all of it back.
 * What stands in the database is read past Holdfast, object by object and row by row.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BinScene, type BinSceneOptions, openBinScene } from "../../bin-wire/scene.ts";
import { databaseState } from "../../compat/tools/database-state.ts";
import type { ServerVersion } from "../../support/servers.ts";
import { tool } from "../../support/tools.ts";

export interface ResetGround {
  readonly scene: BinScene;
  readonly folder: string;
  /** Runs a tool with DATABASE_URL leading to the gateway; demands that it succeeds, and gives what it said. */
  run(...command: readonly string[]): Promise<string>;
  /** The same past the gateway. */
  direct(...command: readonly string[]): Promise<string>;
  state(): Promise<readonly string[]>;
  /** Definitions as pg_dump writes them; undefined for servers that this machine's pg_dump does not know. */
  definitions(): Promise<string | undefined>;
  /** The one command; what it said. */
  restore(...words: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

const ownModules = join(import.meta.dirname, "../../../node_modules");

export async function openResetGround(
  version: ServerVersion,
  options: BinSceneOptions & { readonly modules?: string } = {},
): Promise<ResetGround> {
  const scene = await openBinScene(version, "", { policy: "resetter", person: true, more: permitting, ...options });
  const folder = mkdtempSync(join(tmpdir(), "holdfast-reset-"));
  symlinkSync(options.modules ?? ownModules, join(folder, "node_modules"));
  const { user, password } = scene.owner;
  const { host, port } = scene.server;
  const directUrl = `postgres://${user}:${password}@${host}:${port}/${scene.database}`;
  return {
    scene,
    folder,
    run: (...command) => ran(command, folder, scene.url()),
    direct: (...command) => ran(command, folder, directUrl),
    async state() {
      const client = await scene.direct();
      try {
        return await databaseState(client);
      } finally {
        await client.end();
      }
    },
    async definitions() {
      if (version !== 15) return undefined;
      const words = ["--schema-only", "--exclude-schema=holdfast_*", `--dbname=${directUrl}`];
      const text = await ran([await tool("pg_dump"), ...words], folder, directUrl);
      // A word of chance in newer minor versions.
      return text.replaceAll(/^\\(?:un)?restrict .*$/gm, "");
    },
    async restore(...words) {
      const { code, out, err } = await scene.command("bin", "restore", ...words);
      assert.equal(code, 0, out + err);
      return out;
    },
    async stop() {
      rmSync(folder, { recursive: true, force: true });
      await scene.stop();
    },
  };
}

/** What such a tool needs besides: every definition, and databases of its own. */
const permitting = `policies:
  resetter:
    extends: migrations
    without: [ask-wide-definitions]
    rules:
      - id: databases
        title: New databases
        why: db:create follows db:drop.
        answer: permit
        match: { operation: define, detail: create_database }
        examples: { matches: [CREATE DATABASE shop], misses: [DROP DATABASE shop] }
`;

function ran(command: readonly string[], cwd: string, url: string): Promise<string> {
  const [program = "", ...words] = command;
  const env = { PATH: process.env["PATH"], HOME: cwd, NO_COLOR: "1", CI: "1", DATABASE_URL: url };
  return new Promise((resolve, reject) => {
    const child = execFile(program, words, { cwd, env, maxBuffer: 16 * 1024 * 1024 }, (error, out, err) => {
      if (error === null) resolve(out + err);
      else reject(new Error(`${command.join(" ")}: ${out}${err}`, { cause: error }));
    });
    child.stdin?.end();
  });
}

/** Demands that everything that was there is there again, and nothing else. */
export async function demandBack(
  ground: Pick<ResetGround, "state" | "definitions">,
  before: readonly string[],
  definitions: string | undefined,
): Promise<void> {
  assert.deepEqual(await ground.state(), before);
  assert.equal(await ground.definitions(), definitions);
}

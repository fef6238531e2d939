/**
 * `holdfast restore`: a scratch server as of just before an act, held against the present, with the way back for rows, tables or all.
 * It works with the gateway down, from configuration, vault, repository and log; it changes nothing at the target.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { userInfo } from "node:os";
import { Option } from "commander";
import type { Config } from "../../config/config.ts";
import type { OpenRestore, PreparedRestore, RestoreProgress } from "../../wiring/restoring.ts";
import type { Vault } from "../../wiring/vault.ts";
import type { Define } from "../define.ts";
import { causeText, failed, wrongUse } from "../errors.ts";
import { visible } from "../output.ts";
import { askAsPerson, personOptions, type PersonOptions } from "../person-call.ts";
import { clusterText, differencesText, preparedText, progressText, psqlText, rowsBackText } from "../restore-text.ts";
import { readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { secretPlaces, unsealed, vaultKeyOptions, type VaultKeyOptions } from "../unseal.ts";

const places = ["scratch", "compare", "plan", "cluster"] as const;

interface Options extends PersonOptions, VaultKeyOptions {
  readonly before: string;
  readonly target?: string;
  readonly database?: string;
  readonly backup?: string;
  readonly table?: readonly string[];
  readonly to?: (typeof places)[number];
  readonly out?: string;
}

export const define: Define = (command, terminal) => {
  vaultKeyOptions(personOptions(command))
    .requiredOption("--before <act>", "an act's id, as `holdfast audit show` lists them; or a WAL position; or a time")
    .option("--target <name>", "where, if the act does not tell")
    .option("--database <name>", "of that target, where the act does not tell and it is not the usual one")
    .option("--backup <id>", "this backup, and not the newest before the act")
    .option("--table <name...>", "tables to compare and to bring back: public.orders")
    .addOption(new Option("--to <what>", "how far to go (default: plan with --table, scratch without)").choices(places))
    .option("--out <file>", "where the rows' SQL goes (default: restore.sql)")
    .addHelpText("after", help)
    .action((options: Options) => restore(options, terminal));
};

const help = `
Examples:
  holdfast restore --before s_4n8k2m1v0q4c7d9x.12
  holdfast restore --before s_4n8k2m1v0q4c7d9x.12 --table public.orders
  holdfast restore --before 2026-11-22T13:04:00Z --target shop --to compare --json
  holdfast restore --before 0/3000148 --target shop --to cluster

  scratch   the server as it was, until Ctrl-C; and what differs from the present
  compare   what differs, and no more
  plan      SQL that brings the tables' rows back, for \`holdfast plan\`
  cluster   the whole data folder, to put in the server's place by hand

It changes nothing at the target, and works with the gateway down: it asks for the vault's
passphrase. While the gateway runs, a registered person signs, too. One page for the moment when
it matters: docs/restore.md.
`;

async function restore(options: Options, terminal: Terminal): Promise<void> {
  const tables = (options.table ?? []).map((name) => (name.includes(".") ? name : `public.${name}`));
  const to = options.to ?? (tables.length > 0 ? "plan" : "scratch");
  if (to === "plan" && tables.length === 0) throw wrongUse("which rows are to come back is not said", "name tables with --table");
  const config = await readConfig(options.config, terminal);
  const vault = await unsealed(config, options, terminal);
  try {
    const { prepareRestore } = await import("../../wiring/restoring.ts");
    const environment = secretPlaces(terminal, vault);
    const { before, target, database, backup } = options;
    const wanted = {
      before,
      ...(backup === undefined ? {} : { backup }),
      ...(target === undefined ? {} : { target }),
      ...(database === undefined ? {} : { database }),
    };
    const prepared = await prepareRestore({ config, environment, nowMs: Date.now() }, wanted).catch(told);
    const what = to === "cluster" ? "cluster" : to === "plan" ? "tables" : "scratch";
    await record({ config, vault, prepared, what, names: tables, options }, terminal);
    await carryOut(prepared, { to, tables, options }, terminal);
  } finally {
    vault?.close();
  }
}

function told(error: unknown): never {
  throw failed(visible(causeText(error)));
}

interface Recording {
  readonly config: Config;
  readonly vault: Vault | undefined;
  readonly prepared: PreparedRestore;
  readonly what: "scratch" | "tables" | "cluster";
  readonly names: readonly string[];
  readonly options: Options;
}

/** Before anything is restored. A log that cannot be written does not stand between a person and the data: it is said. */
async function record({ config, vault, prepared, what, names, options }: Recording, terminal: Terminal): Promise<void> {
  const { target, backup, until } = prepared;
  const shown = preparedText(prepared, terminal);
  const person = options.as ?? userInfo().username;
  const { recordAlone } = await import("../../wiring/record-restored.ts");
  const because = "the gateway was down";
  const event = { kind: "restored" as const, target: target.name, backup: backup.id, until, what, names, person, because };
  const alone = await recordAlone(config, vault, event).catch((error: unknown) => {
    terminal.err(terminal.styleErr("red", `this restore is not on record: ${visible(causeText(error))}\n`));
    return true;
  });
  if (alone) return terminal.err(shown);
  const body = { target: target.name, backup: backup.id, until, what, names };
  await askAsPerson(options, { method: "POST", path: "/v1/restores", body }, shown, terminal);
}

interface Going {
  readonly to: (typeof places)[number];
  readonly tables: readonly string[];
  readonly options: Options;
}

async function carryOut(prepared: PreparedRestore, { to, tables, options }: Going, terminal: Terminal): Promise<void> {
  const signal = terminal.untilEnded();
  const startedMs = performance.now();
  const progress = new Progress(terminal);
  const open = await prepared
    .open({ promote: to === "cluster", onProgress: (at) => progress.show(at), signal })
    .finally(() => progress.end())
    .catch(told);
  const restoredMs = Math.round(performance.now() - startedMs);
  try {
    if (to === "cluster") return await handOver(prepared, open, { restoredMs, options }, terminal);
    const { socket, port, role } = open.scratch;
    const connection = { socket, port, role, database: prepared.database };
    if (options.json !== true) {
      await terminal.out(terminal.style("green", `restored in ${(restoredMs / 1000).toFixed(1)} s\n`));
      if (to === "scratch") await terminal.out(`${psqlText(connection)}\n\n`);
    }
    if (to === "plan") return await writeRows(prepared, open, { tables, restoredMs, options }, terminal);
    const differences = await open
      .compare(tables, (table) => progress.say(`comparing ${visible(table)}`))
      .catch((error: unknown) => {
        progress.end();
        // The server as it is now may be what is broken: the scratch server is there all the same.
        if (to === "compare") return told(error);
        terminal.err(`${visible(causeText(error))}\n`);
        return [];
      });
    progress.end();
    if (options.json === true) await terminal.out(`${JSON.stringify({ ...summary(prepared, restoredMs), connection, differences })}\n`);
    else if (differences.length > 0) await terminal.out(differencesText(differences, terminal));
    if (to === "scratch") await untilStopped(signal, terminal);
  } finally {
    await open.scratch.end();
  }
}

function summary({ target, database, moment, until, backup }: PreparedRestore, restoredMs: number) {
  const { act, atMs, exact } = moment;
  return { target: target.name, database, before: act, atMs, until, exact, backup: backup.id, restoredMs };
}

async function untilStopped(signal: AbortSignal, terminal: Terminal): Promise<void> {
  terminal.err("\nThe scratch server is there until Ctrl-C; then it is removed.\n");
  if (signal.aborted) return;
  const waiting = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  clearInterval(waiting);
}

interface Restored {
  readonly restoredMs: number;
  readonly options: Options;
}

async function writeRows(
  prepared: PreparedRestore,
  open: OpenRestore,
  { tables, restoredMs, options }: Restored & { readonly tables: readonly string[] },
  terminal: Terminal,
): Promise<void> {
  const back = await open.rowsBack(tables).catch(told);
  const out = options.out ?? "restore.sql";
  const stem = out.replace(/\.sql$/, "");
  const files: string[] = [];
  for (const [at, text] of back.texts.entries()) {
    const name = back.texts.length === 1 ? `${stem}.sql` : `${stem}.${at + 1}.sql`;
    const path = isAbsolute(name) ? name : join(terminal.workingDirectory, name);
    if (existsSync(path)) throw failed(`\`${visible(name)}\` is there already`, "name another with --out");
    // Rows of the database stand in it.
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
    files.push(name);
  }
  if (options.json === true) return terminal.out(`${JSON.stringify({ ...summary(prepared, restoredMs), tables: back.tables, files })}\n`);
  await terminal.out(rowsBackText(back, files, prepared.target.name, terminal));
}

async function handOver(
  prepared: PreparedRestore,
  open: OpenRestore,
  { restoredMs, options }: Restored,
  terminal: Terminal,
): Promise<void> {
  const { folder } = open.scratch;
  await open.scratch.handOver();
  const { data: path } = folder;
  if (options.json === true) return terminal.out(`${JSON.stringify({ ...summary(prepared, restoredMs), data: path })}\n`);
  const tablespaces = existsSync(folder.tablespaces) && existsSync(join(path, "pg_tblspc")) && prepared.backup.method !== "dump";
  await terminal.out(terminal.style("green", `restored in ${(restoredMs / 1000).toFixed(1)} s\n`));
  await terminal.out(
    clusterText(prepared, { path, tablespaces: tablespaces && (await holds(folder.tablespaces)), folder: folder.path }, terminal),
  );
}

async function holds(folder: string): Promise<boolean> {
  const { readdir } = await import("node:fs/promises");
  return (await readdir(folder)).length > 0;
}

/** On a terminal one line that changes; elsewhere a line at each tenth. */
class Progress {
  readonly #terminal: Terminal;
  #shown = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(progress: RestoreProgress): void {
    const whole = this.#terminal.interactive;
    if (progress.step === "replay" && !whole) return this.say(progressText({ ...progress, at: "" }));
    if (progress.step !== "files" || whole) return this.say(progressText(progress));
    const tenths = Math.floor((10 * progress.bytes) / Math.max(1, progress.of));
    this.say(progressText({ ...progress, bytes: Math.ceil((tenths * progress.of) / 10) }));
  }

  say(text: string): void {
    if (text === this.#shown) return;
    this.#terminal.err(this.#terminal.interactive ? `\r\u001b[K${text}` : `${text}\n`);
    this.#shown = text;
  }

  end(): void {
    if (this.#shown !== "" && this.#terminal.interactive) this.#terminal.err("\r\u001b[K");
    this.#shown = "";
  }
}

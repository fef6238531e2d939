/**
 * `holdfast audit`: tail, show, verify and export the record.
 * It only reads; nothing on the command line can change the log.
 */
import { figure } from "../../base/counted.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { type ReadRecord, readEvents, recordCount } from "../../audit/events.ts";
import { exportFormats } from "../../audit/export/index.ts";
import { exportTiles } from "../../audit/export/tiles.ts";
import { publicKeyFile } from "../../audit/keys.ts";
import { checkpointFile } from "../../audit/lines.ts";
import { parseCheckpoint } from "../../audit/note.ts";
import { verifyLog } from "../../audit/verify.ts";
import { PersonsReader } from "../../control/persons-reader.ts";
import { personsText, verifyExported } from "../audit/persons.ts";
import { Judgements, openLogFiles } from "../audit/reader.ts";
import { recordLine, renderRecords } from "../audit/show.ts";
import { renderVerification } from "../audit/verification.ts";
import { causeText, exitCodes, failed, wrongUse } from "../errors.ts";
import { visible } from "../output.ts";
import { setExit } from "../exit.ts";
import { configOption, stateOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { version } from "../../wiring/version.ts";
import type { Define } from "../define.ts";

interface Place {
  readonly config?: string;
  readonly directory?: string;
}

export const define: Define = (command, terminal) => {
  const add = (name: string, summary: string): Command =>
    command
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .addOption(configOption())
      .option("-d, --directory <folder>", "the log's folder (default: from the config)");
  add("tail", "show the newest records")
    .option("-n, --lines <count>", "how many", "20")
    .option("-f, --follow", "go on as records come in")
    .option("--json", "print the stored lines")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast audit tail\n  holdfast audit tail -n 100 --follow\n  holdfast audit tail --json | jq .kind\n",
    )
    .action((options: Place & { lines: string; follow?: boolean; json?: boolean }) => tail(options, terminal));
  add("show <id>", "show all that is recorded about an act, a session, a judgement or a record number")
    .option("--json", "print the stored lines")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast audit show s_0123456789abcdef\n  holdfast audit show s_0123456789abcdef.12\n" +
        "  holdfast audit show 4711 --json\n",
    )
    .action((id: string, options: Place & { json?: boolean }) => show(id, options, terminal));
  add("verify", "prove that the log is whole: needs only its files and the public key")
    .option("-k, --key <file>", "the public key, as kept outside the machine (default: from the state directory)")
    .option("-w, --witness <file>", "checkpoints kept elsewhere, to hold the log against")
    .option("--export <file>", "only what persons signed, from a log exported as jsonl: needs nothing else")
    .option("--json", "print the report as one JSON object")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast audit verify\n  holdfast audit verify --directory /backup/audit " +
        "--key audit.pub --witness checkpoints\n  holdfast audit verify --export audit.jsonl\n\nThe exit code is 0 when the log verifies and 1 when it does not.\n",
    )
    .action((options: Verified) =>
      options.export === undefined ? verify(options, terminal) : verifyExport(options.export, options, terminal),
    );
  add("export", "print the whole log for other programs")
    .option(
      "--format <name>",
      `${Object.entries(exportFormats)
        .map(([name, { title }]) => `${name}: ${title}`)
        .join("; ")}; tiles: the tree's hashes, into a folder`,
      "jsonl",
    )
    .option("--into <folder>", "where `tiles` go")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast audit export > audit.jsonl\n  holdfast audit export --format ocsf | your-collector\n" +
        "  holdfast audit export --format tiles --into /srv/log\n",
    )
    .action((options: Place & { format: string; into?: string }) => exportAll(options, terminal));
};

async function directoryOf(options: Place, terminal: Terminal): Promise<string> {
  return options.directory ?? (await stateOf(options.config, terminal)).audit;
}

/** Records before the first shown one that are read for what the shown ones refer to. */
const recordsForContext = 5_000;

async function tail(options: Place & { lines: string; follow?: boolean; json?: boolean }, terminal: Terminal): Promise<void> {
  const count = /^\d{1,6}$/.test(options.lines) ? Number(options.lines) : undefined;
  if (count === undefined) throw wrongUse(`\`${visible(options.lines)}\` is no number of records`, "give one from 0 to 999999");
  const directory = await directoryOf(options, terminal);
  const files = await openLogFiles(directory);
  const first = Math.max(0, (await recordCount(files)) - count);
  const signal = terminal.untilEnded();
  const judgements = new Judgements();
  for await (const record of readEvents({
    directory,
    files,
    from: Math.max(0, first - recordsForContext),
    follow: options.follow === true,
    signal,
  })) {
    judgements.remember(record);
    if (record.n < first) continue;
    await terminal.out(options.json === true ? `${record.line.toString()}\n` : recordLine(record, judgements, terminal));
    if (signal.aborted) return;
  }
}

async function show(id: string, options: Place & { json?: boolean }, terminal: Terminal): Promise<void> {
  const directory = await directoryOf(options, terminal);
  const files = await openLogFiles(directory);
  const wanted = wantedBy(id);
  const found: ReadRecord[] = [];
  const judgements = new Judgements();
  for await (const record of readEvents({ directory, files })) {
    judgements.remember(record);
    if (wanted(record)) found.push(record);
    if (found.length > 100_000)
      throw failed(
        `more than 100,000 records are about \`${visible(id)}\``,
        "narrow it: give the id of an act, or use `holdfast audit export`",
      );
  }
  if (found.length === 0) throw failed(`nothing is recorded about \`${visible(id)}\``, "ids stand in `holdfast audit tail`");
  await terminal.out(
    options.json === true ? found.map(({ line }) => `${line.toString()}\n`).join("") : renderRecords(found, judgements, terminal),
  );
}

/** A number means the record of that place; anything else an act, a session (with all of its acts) or a judgement. */
function wantedBy(id: string): (record: ReadRecord) => boolean {
  if (/^\d+$/.test(id)) return ({ n }) => n === Number(id);
  return ({ event }) => {
    if ("judgement" in event && event.judgement === id) return true;
    if ("session" in event && event.session === id) return true;
    if ("actions" in event && event.actions.some((action) => action === id)) return true;
    return "action" in event && event.action !== null && (event.action === id || event.action.startsWith(`${id}.`));
  };
}

interface Verified extends Place {
  readonly key?: string;
  readonly witness?: string;
  readonly export?: string;
  readonly json?: boolean;
}

async function verifyExport(path: string, { json }: Verified, terminal: Terminal): Promise<void> {
  const report = await verifyExported(path).catch((error: unknown) => {
    throw failed(`\`${visible(path)}\` cannot be read: ${causeText(error)}`);
  });
  if (json === true) await terminal.out(`${JSON.stringify(report)}\n`);
  else {
    const problems = report.problems.slice(0, 10).map(({ line, message }) => `  line ${line}: ${visible(message)}\n`);
    const end = report.ok ? "what persons signed holds" : `what persons signed does not hold: ${figure(report.problemCount)} problems`;
    await terminal.out(`${figure(report.records)} records; ${personsText(report.persons)}\n${problems.join("")}${end}\n`);
  }
  if (!report.ok) setExit(terminal, exitCodes.failed);
}

async function verify(options: Verified, terminal: Terminal): Promise<void> {
  const directory = await directoryOf(options, terminal);
  const files = await openLogFiles(directory);
  const keyPath = options.key ?? join((await stateOf(options.config, terminal)).keys, publicKeyFile);
  const [publicKey, witness] = await Promise.all([
    readText(keyPath, "the public key", "give it with --key: `audit.pub` of the state directory"),
    options.witness === undefined ? undefined : readText(options.witness, "the witness file"),
  ]);
  const persons = new PersonsReader();
  const kept = witness === undefined ? {} : { witness };
  const report = await verifyLog({ directory, files, publicKey, persons, ...kept }).catch((error: unknown) => {
    throw failed(`the log cannot be verified: ${causeText(error)}`);
  });
  const signed = persons.figures();
  await terminal.out(
    options.json === true ? `${JSON.stringify({ ...report, signed })}\n` : renderVerification(report, personsText(signed), terminal),
  );
  if (!report.ok) setExit(terminal, exitCodes.failed);
}

async function readText(path: string, what: string, next?: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw failed(`${what} \`${path}\` cannot be read: ${causeText(error)}`, next);
  }
}

async function exportAll(options: Place & { format: string; into?: string }, terminal: Terminal): Promise<void> {
  const format = Object.entries(exportFormats).find(([name]) => name === options.format)?.[1];
  if (format === undefined && options.format !== "tiles") {
    throw wrongUse(`\`${visible(options.format)}\` is no format`, `give one of ${Object.keys(exportFormats).join(", ")}, tiles`);
  }
  const directory = await directoryOf(options, terminal);
  const files = await openLogFiles(directory);
  if (format === undefined) return exportAsTiles(directory, options.into, terminal);
  const origin = parseCheckpoint((await files.read(checkpointFile))?.toString() ?? "")?.origin ?? "";
  const write = format.start({ origin, version: version() });
  const ended = terminal.untilEnded();
  for await (const record of readEvents({ directory, files, signal: ended })) {
    const line = write(record);
    if (line !== null) await terminal.out(`${line}\n`);
    if (ended.aborted) return;
  }
}

async function exportAsTiles(directory: string, into: string | undefined, terminal: Terminal): Promise<void> {
  if (into === undefined) throw wrongUse("tiles are a folder of files, and none is named", "give one with --into");
  const covered = await exportTiles(directory, into).catch((error: unknown) => {
    throw failed(`the tiles cannot be written: ${causeText(error)}`);
  });
  await terminal.out(`${figure(covered)} records are covered by the tiles in ${visible(into)}\n`);
}

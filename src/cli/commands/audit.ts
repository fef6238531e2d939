/**
 * `holdfast audit`: tail, show, verify and export the record.
 * It only reads; nothing on the command line can change the log.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { publicKeyFile } from "../../audit/keys.ts";
import { verifyLog } from "../../audit/verify.ts";
import type { AuditEvent } from "../../model/event.ts";
import { describeEvent } from "../audit/describe.ts";
import { csvHead, csvRow } from "../audit/csv.ts";
import { type ReadRecord, allRecords, followRecords, lastRecords, openLogFiles } from "../audit/reader.ts";
import { renderRecords } from "../audit/show.ts";
import { renderVerification } from "../audit/verification.ts";
import { causeText, exitCodes, failed, wrongUse } from "../errors.ts";
import { fit, padEnd, visible } from "../output.ts";
import { setExit } from "../program.ts";
import { configOption, stateOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "./index.ts";

interface Place {
  readonly config?: string;
  readonly directory?: string;
}

export const define: Define = (command, terminal) => {
  const add = (name: string, summary: string): Command =>
    command
      .command(name)
      .summary(summary)
      .addOption(configOption())
      .option("-d, --directory <folder>", "the log's folder (default: from the config)");
  add("tail", "show the newest records")
    .option("-n, --lines <count>", "how many", "20")
    .option("-f, --follow", "go on as records come in")
    .option("--json", "print the stored lines")
    .addHelpText("after", "\nExamples:\n  holdfast audit tail\n  holdfast audit tail -n 100 --follow\n  holdfast audit tail --json | jq .kind\n")
    .action((options: Place & { lines: string; follow?: boolean; json?: boolean }) => tail(options, terminal));
  add("show <id>", "show all that is recorded about an act, a session, a judgement or a record number")
    .option("--json", "print the stored lines")
    .addHelpText("after", "\nExamples:\n  holdfast audit show s_0123456789abcdef\n  holdfast audit show s_0123456789abcdef.12\n  holdfast audit show 4711 --json\n")
    .action((id: string, options: Place & { json?: boolean }) => show(id, options, terminal));
  add("verify", "prove that the log is whole: needs only its files and the public key")
    .option("-k, --key <file>", "the public key, as kept outside the machine (default: from the state directory)")
    .option("-w, --witness <file>", "checkpoints kept elsewhere, to hold the log against")
    .option("--json", "print the report as one JSON object")
    .addHelpText("after", "\nExamples:\n  holdfast audit verify\n  holdfast audit verify --directory /backup/audit --key audit.pub --witness checkpoints\n\nThe exit code is 0 when the log verifies and 1 when it does not.\n")
    .action((options: Place & { key?: string; witness?: string; json?: boolean }) => verify(options, terminal));
  add("export", "print the whole log for other programs")
    .option("--format <name>", "jsonl (the stored lines) or csv", "jsonl")
    .addHelpText("after", "\nExamples:\n  holdfast audit export > audit.jsonl\n  holdfast audit export --format csv > audit.csv\n")
    .action((options: Place & { format: string }) => exportAll(options, terminal));
};

async function directoryOf(options: Place, terminal: Terminal): Promise<string> {
  return options.directory ?? (await stateOf(options.config, terminal)).audit;
}

type Judgements = Map<string, Extract<AuditEvent, { kind: "judgement" }>>;

async function tail(options: Place & { lines: string; follow?: boolean; json?: boolean }, terminal: Terminal): Promise<void> {
  const count = Number(options.lines);
  if (!Number.isInteger(count) || count < 0 || count > 100_000) throw wrongUse(`\`${visible(options.lines)}\` is no number of records from 0 to 100000`);
  const files = await openLogFiles(await directoryOf(options, terminal));
  const judgements: Judgements = new Map();
  const print = (read: ReadRecord) => terminal.out(options.json === true ? `${read.line}\n` : lineOf(read, judgements, terminal));
  const { records, next } = await lastRecords(files, count);
  const ended = terminal.untilEnded();
  for (const read of records) {
    if (ended.aborted) return;
    await print(read);
  }
  if (options.follow !== true) return;
  for await (const read of followRecords(files, next, ended)) await print(read);
}

/** One record as one line within the terminal's columns. */
function lineOf({ record, line }: ReadRecord, judgements: Judgements, terminal: Terminal): string {
  if (record === null) return `${terminal.style("red", fit(visible(`not a record: ${line}`), terminal.columns))}\n`;
  if (record.event.kind === "judgement") judgements.set(record.event.judgement, record.event);
  const { word, about, text, tone } = describeEvent(record.event, judgements);
  const style = { good: "green", bad: "red", warn: "yellow", plain: "dim" } as const;
  const head = `${timeText(record.t)}  `;
  const subject = padEnd(visible(about), 21);
  const room = Math.max(20, terminal.columns - head.length - 12 - 23);
  return `${terminal.style("dim", head)}${terminal.style(style[tone], padEnd(word, 10))}  ${subject}  ${fit(visible(text), room)}\n`.replace(/ +\n$/, "\n");
}

/** `11-22 03:46:54.123`, in UTC as everything in the log. */
export function timeText(ms: number): string {
  return Number.isFinite(new Date(ms).getTime()) ? new Date(ms).toISOString().slice(5, 23).replace("T", " ") : "?";
}

async function show(id: string, options: Place & { json?: boolean }, terminal: Terminal): Promise<void> {
  const files = await openLogFiles(await directoryOf(options, terminal));
  const wanted = wantedBy(id);
  const found: ReadRecord[] = [];
  const judgements: Judgements = new Map();
  for await (const read of allRecords(files)) {
    if (read.record === null) continue;
    if (read.record.event.kind === "judgement") judgements.set(read.record.event.judgement, read.record.event);
    if (wanted(read)) found.push(read);
    if (found.length > 100_000) throw failed(`more than 100,000 records are about \`${visible(id)}\``, "narrow it: give the id of an act, or use `holdfast audit export`");
  }
  if (found.length === 0) throw failed(`nothing is recorded about \`${visible(id)}\``, "ids stand in `holdfast audit tail`");
  await terminal.out(options.json === true ? found.map((read) => `${read.line}\n`).join("") : renderRecords(found, judgements, terminal));
}

/** A number means the record of that place; `s_x.3` an act; anything else a session or a judgement. */
function wantedBy(id: string): (read: ReadRecord) => boolean {
  if (/^\d+$/.test(id)) return ({ record }) => record?.n === Number(id);
  return ({ record }) => {
    const event = record?.event;
    if (event === undefined) return false;
    if ("judgement" in event && event.judgement === id) return true;
    if ("session" in event && event.session === id) return true;
    if ("actions" in event && event.actions.some((action) => action === id)) return true;
    return "action" in event && event.action !== null && (event.action === id || event.action.startsWith(`${id}.`));
  };
}

async function verify(options: Place & { key?: string; witness?: string; json?: boolean }, terminal: Terminal): Promise<void> {
  const directory = await directoryOf(options, terminal);
  await openLogFiles(directory);
  const keyPath = options.key ?? join((await stateOf(options.config, terminal)).keys, publicKeyFile);
  const [publicKey, witness] = await Promise.all([
    readText(keyPath, "the public key", "give it with --key: it was printed when the log was made"),
    options.witness === undefined ? undefined : readText(options.witness, "the witness file"),
  ]);
  const report = await verifyLog({ directory, publicKey, ...(witness === undefined ? {} : { witness }) }).catch((error: unknown) => {
    throw failed(`the log cannot be verified: ${causeText(error)}`);
  });
  await terminal.out(options.json === true ? `${JSON.stringify(report)}\n` : renderVerification(report, terminal));
  if (!report.ok) setExit(terminal, exitCodes.failed);
}

async function readText(path: string, what: string, next?: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw failed(`${what} \`${path}\` cannot be read: ${causeText(error)}`, next);
  }
}

async function exportAll(options: Place & { format: string }, terminal: Terminal): Promise<void> {
  const { format } = options;
  if (format !== "jsonl" && format !== "csv") throw wrongUse(`\`${visible(format)}\` is no format`, "give jsonl or csv");
  const files = await openLogFiles(await directoryOf(options, terminal));
  const ended = terminal.untilEnded();
  const judgements: Judgements = new Map();
  if (format === "csv") await terminal.out(csvHead);
  for await (const read of allRecords(files)) {
    if (ended.aborted) return;
    if (format === "jsonl") await terminal.out(`${read.line}\n`);
    else if (read.record !== null) {
      if (read.record.event.kind === "judgement") judgements.set(read.record.event.judgement, read.record.event);
      await terminal.out(csvRow(read.record, judgements));
    }
  }
}

/**
 * `holdfast explain`: judges actions without running or recording anything, one JSON line in and one out, or one for a person to read.
 * The judging itself is the gateway's own; here are only streams and layout.
 */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { limits } from "../../base/limits.ts";
import { environments } from "../../model/principal.ts";
import { type ExitCode, causeText, exitCodes, failed, wrongUse } from "../errors.ts";
import { type Line, linesOf } from "../lines.ts";
import { effectsTable, type ShownEffect } from "../effects-table.ts";
import { paragraph, visible } from "../output.ts";
import { pipelined } from "../pipelined.ts";
import { policyNamed } from "../policies.ts";
import { setExit } from "../exit.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";

interface Options {
  readonly environment: string;
  readonly policy?: string;
  readonly schema?: readonly string[];
  readonly json?: boolean;
}

/** Lines under way at once: enough to keep every analysis worker busy while results are written. */
const linesUnderWayMax = 64;

export const define: Define = (command, terminal) => {
  command
    .command("sql [statement]")
    .summary("judge SQL")
    .description("Judge SQL without running it: the statement given, or JSON Lines on standard input.")
    .option("-e, --environment <name>", `what the target counts as: ${environments.join(", ")}`, "production")
    .option("-p, --policy <preset or file>", "the policy that answers (default: the environment's own preset)")
    .option("-s, --schema <file>", "DDL that stands for the catalogue; may be given several times", (file: string, all: string[] = []) => [
      ...all,
      file,
    ])
    .option("--json", "print JSON although one statement was given")
    .addHelpText("after", examples)
    .action((statement: string | undefined, options: Options) => explainSql(statement, options, terminal));
  for (const kind of ["shell", "http", "tool"] as const) addUnavailable(command, kind);
};

const examples = `
Examples:
  holdfast explain sql "DELETE FROM orders WHERE id = 7" --schema schema.sql
  echo '{"sql": "DROP TABLE orders"}' | holdfast explain sql
  holdfast explain sql --environment staging --policy guarded-writes < statements.jsonl

Each line read is {"sql": "..."}; each line written, in the same order, is
  {"decision":"allow|hold|deny","effects":[{"operation","resource","extent","reversibility"}],"reason":{"code","message"}}
A line that cannot be read is answered with a deny. With a statement given, the exit code is the answer:
0 allow, 1 deny, 3 hold. Reading lines, it is 0 when every line was answered.
`;

function addUnavailable(command: Command, kind: "shell" | "http" | "tool"): void {
  command
    .command(kind)
    .summary(`judge ${kind === "tool" ? "tool calls" : kind === "http" ? "HTTP calls" : "shell commands"} (not there yet)`)
    .allowExcessArguments(true)
    .allowUnknownOption(true)
    .action(() => {
      throw wrongUse(`\`holdfast explain ${kind}\` is not there yet: this version judges SQL only`, "use `holdfast explain sql`");
    });
}

async function explainSql(statement: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const environment = environments.find((name) => name === options.environment);
  if (environment === undefined) {
    throw wrongUse(`\`${visible(options.environment)}\` is no environment`, `give one of ${environments.join(", ")}`);
  }
  if (statement === undefined && terminal.input.isTTY === true) {
    throw wrongUse("no statement was given, and standard input is a terminal", "give a statement, or pipe JSON Lines in");
  }
  const policy = await policyNamed(options.policy, environment);
  const schema = await Promise.all((options.schema ?? []).map(readSchema));
  const { openExplainer } = await import("../../wiring.ts");
  const explainer = await openExplainer({ environment, policy, schema });
  try {
    for (const text of explainer.notUnderstood) terminal.err(`warning: not understood in the schema, and so not known: ${visible(text)}\n`);
    if (statement === undefined) return await explainLines(explainer.explain, terminal);
    const result = await explainer.explain(JSON.stringify({ sql: statement }));
    await terminal.out(options.json === true ? `${result}\n` : rendered(JSON.parse(result) as Explanation, terminal));
    setExit(terminal, exitOf((JSON.parse(result) as Explanation).decision));
  } finally {
    await explainer.close();
  }
}

async function readSchema(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path));
  } catch (error) {
    throw failed(`the schema \`${visible(path)}\` cannot be read: ${causeText(error)}`);
  }
}

async function explainLines(explain: (line: string) => Promise<string>, terminal: Terminal): Promise<void> {
  const ended = terminal.untilEnded();
  // Stopping must not wait for the next line, which may never come: what is under way then is left, and the process ends.
  const stopped = new Promise<"stopped">((resolve) => ended.addEventListener("abort", () => resolve("stopped"), { once: true }));
  const lines = linesOf(terminal.input as AsyncIterable<Uint8Array>, limits.explainLineBytesMax);
  const results = pipelined(lines, linesUnderWayMax, (line) => explainOne(line, explain));
  while (!ended.aborted) {
    const next = await Promise.race([results.next(), stopped]);
    if (next === "stopped" || next.done === true) return;
    await terminal.out(`${next.value}\n`);
  }
}

function explainOne(line: Line, explain: (line: string) => Promise<string>): Promise<string> {
  switch (line.kind) {
    case "text":
      return explain(line.text);
    case "bad_utf8":
      return Promise.resolve(refusal("not_parsed", "the line is not valid UTF-8"));
    case "too_long":
      return Promise.resolve(refusal("too_large", `the line is longer than ${limits.explainLineBytesMax} bytes`));
  }
}

function refusal(code: string, message: string): string {
  return JSON.stringify({ decision: "deny", effects: [], reason: { code, message } });
}

/** The result as `pipeline/explain.ts` writes it. */
interface Explanation {
  readonly decision: "allow" | "hold" | "deny";
  readonly observed?: string;
  readonly effects: readonly ShownEffect[];
  readonly reason: { readonly code: string; readonly message: string; readonly next?: string };
}

function exitOf(decision: Explanation["decision"]): ExitCode {
  return decision === "allow" ? exitCodes.done : decision === "hold" ? exitCodes.held : exitCodes.failed;
}

const colours = { allow: "green", hold: "yellow", deny: "red" } as const;

function rendered(result: Explanation, terminal: Terminal): string {
  const head = `${terminal.style(["bold", colours[result.decision]], result.decision)}  ${terminal.style("dim", result.reason.code)}\n`;
  const observed =
    result.observed === undefined ? "" : paragraph(`The policy only observes; it would answer ${result.observed}.`, terminal.columns, 2);
  const next = result.reason.next === undefined ? "" : paragraph(visible(result.reason.next), terminal.columns, 2);
  const why = paragraph(visible(result.reason.message), terminal.columns, 2) + observed + next;
  if (result.effects.length === 0) return head + why;
  return `${head}${why}\n${effectsTable(result.effects, terminal.columns)}`;
}

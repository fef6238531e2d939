/**
 * `holdfast explain`: judges actions without running or recording anything, one JSON line in and one out, or one for a person to read.
 * The judging itself is the gateway's own; here are only streams and layout.
 */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { limits } from "../../base/limits.ts";
import { requestOfText } from "../../effects/http/request-text.ts";
import { environments } from "../../model/principal.ts";
import { type ExitCode, causeText, exitCodes, failed, wrongUse } from "../errors.ts";
import { type Line, linesOf } from "../lines.ts";
import type { ShownEffect } from "../../control/contract.ts";
import { effectsTable } from "../effects-table.ts";
import { paragraph, visible } from "../output.ts";
import { pipelined } from "../pipelined.ts";
import { policyNamed } from "../policies.ts";
import { setExit } from "../exit.ts";
import type { Terminal } from "../terminal.ts";
import type { Explainer } from "../../wiring.ts";
import type { Define } from "../define.ts";

interface Options {
  readonly environment: string;
  readonly policy?: string;
  readonly schema?: readonly string[];
  readonly bin?: boolean;
  readonly json?: boolean;
}

/** Lines under way at once: enough to keep every analysis worker busy while results are written. */
const linesUnderWayMax = 64;

export const define: Define = (command, terminal) => {
  judging(command, "sql [statement]")
    .summary("judge SQL")
    .description("Judge SQL without running it: the statement given, or JSON Lines on standard input.")
    .addHelpText("after", examples)
    .action((statement: string | undefined, options: Options) => explain(sql, statement, options, terminal));
  judging(command, "http [request]")
    .summary("judge requests of HTTP APIs")
    .description("Judge a request of an HTTP API without sending it: the one given, or JSON Lines on standard input.")
    .addHelpText("after", httpExamples)
    .action((request: string | undefined, options: Options) => explain(http, request, options, terminal));
  judging(command, "tool [call]")
    .summary("judge calls of tools")
    .description("Judge a call of a tool without making it: the one given, or JSON Lines on standard input.")
    .addHelpText("after", toolExamples)
    .action((call: string | undefined, options: Options) => explain(tool, call, options, terminal));
  judging(command, "command [line]")
    .summary("judge calls of providers' programs")
    .description("Judge a call of a provider's command line without running it: the one given, or JSON Lines on standard input.")
    .addHelpText("after", commandExamples)
    .action((line: string | undefined, options: Options) => explain(programCall, line, options, terminal));
  addUnavailable(command);
};

function judging(command: Command, usage: string): Command {
  return command
    .command(usage)
    .option("-e, --environment <name>", `what the target counts as: ${environments.join(", ")}`, "production")
    .option("-p, --policy <preset or file>", "the policy that answers (default: the environment's own preset)")
    .option("-s, --schema <file>", "DDL that stands for the catalogue; may be given several times", (file: string, all: string[] = []) => [
      ...all,
      file,
    ])
    .option("--bin", "judge as at a target that keeps a bin")
    .option("--json", "print JSON although one was given");
}

/** What is judged: how it is called, what one given as an argument is as a line, and who judges lines. */
interface Kind {
  readonly noun: string;
  lineOf(given: string): string;
  of(explainer: Explainer): (line: string) => Promise<string>;
}

const sql: Kind = {
  noun: "statement",
  lineOf: (text) => JSON.stringify({ sql: text }),
  of: (explainer) => (line) => explainer.explain(line),
};

const http: Kind = {
  noun: "request",
  lineOf(text) {
    const request = requestOfText(text);
    if (request === undefined)
      throw wrongUse("the request cannot be read", 'give it as "METHOD URL body", for example "GET https://api.render.com/v1/services"');
    const { method, url, body } = request;
    return JSON.stringify({ method, url, body });
  },
  of: (explainer) => (line) => explainer.explainHttp(line),
};

const examples = `
Examples:
  holdfast explain sql "DELETE FROM orders WHERE id = 7" --schema schema.sql
  echo '{"sql": "DROP TABLE orders"}' | holdfast explain sql
  holdfast explain sql --environment staging --policy guarded-writes < statements.jsonl

Each line read is {"sql": "..."}; each line written, in the same order, is
  {"decision":"allow|hold|deny","effects":[{"operation","resource","extent","reversibility"}],"reason":{"code","message"}}
and "bin":true where what it removes goes into the bin.
A line that cannot be read is answered with a deny. With a statement given, the exit code is the answer:
0 allow, 1 deny, 3 hold. Reading lines, it is 0 when every line was answered.
`;

const httpExamples = `
Examples:
  holdfast explain http "DELETE https://api.render.com/v1/postgres/dpg-1" --environment staging
  echo '{"method":"GET","url":"https://api.heroku.com/apps","headers":{},"body":""}' | holdfast explain http

Each line read is {"method","url","headers","body"}, where headers and body may be left out; a header's value is a text or a list of them,
a body a text or JSON. Each line written is as for \`holdfast explain sql\`, and so are the exit codes. A schema is for SQL in bodies.
Which APIs are known is in docs/packs.md. Nothing is sent, and no header's value is printed.
`;

const tool: Kind = {
  noun: "call",
  lineOf(text) {
    const [name = ""] = text.trim().split(" ");
    const given = text.trim().slice(name.length).trim();
    try {
      return JSON.stringify({ tool: name, arguments: given === "" ? {} : (JSON.parse(given) as unknown) });
    } catch {
      throw wrongUse("the call's arguments cannot be read", 'give it as a name and JSON, for example \'delete_volume {"volumeId":"v"}\'');
    }
  },
  of: (explainer) => (line) => explainer.explainTool(line),
};

const programCall: Kind = {
  noun: "command",
  lineOf(text) {
    if (text.trim().startsWith("[")) return `{"argv":${text}}`;
    // What a shell would make of the rest is not guessed at.
    if (/[^\w@%+=:,./ {}-]/.test(text))
      throw wrongUse(
        "the command holds what a shell reads in a way of its own",
        'give it as a JSON list, for example \'["gh","repo","delete","acme/shop"]\'',
      );
    return JSON.stringify({ argv: text.trim().split(/ +/) });
  },
  of: (explainer) => (line) => explainer.explainCommand(line),
};

const toolExamples = `
Examples:
  holdfast explain tool 'delete_volume {"volumeId":"v-1"}' --environment staging
  echo '{"tool":"delete_branch","server":"neon","arguments":{"branchId":"b"}}' | holdfast explain tool

Each line read is {"tool","server","arguments"}; only the tool's name must be there. Each line written is as for \`holdfast explain sql\`,
and so are the exit codes. Which tools are known is in docs/packs.md; what no pack knows is denied.
`;

const commandExamples = `
Examples:
  holdfast explain command "railway volume delete --volume data" --environment staging
  echo '{"argv":["gh","repo","delete","acme/shop","--yes"]}' | holdfast explain command

Each line read is {"argv"}: a program and its words, as it would be started, without a shell. Each line written is as for
\`holdfast explain sql\`, and so are the exit codes. Which programs are known is in docs/packs.md; what no pack knows is denied.
`;

function addUnavailable(command: Command): void {
  command
    .command("shell")
    .summary("judge shell commands (not there yet)")
    .allowExcessArguments(true)
    .allowUnknownOption(true)
    .action(() => {
      throw wrongUse(
        "`holdfast explain shell` is not there yet: this version judges SQL, requests of HTTP APIs, calls of tools and of programs",
        "use `holdfast explain command` for one program's call",
      );
    });
}

async function explain(kind: Kind, given: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const environment = environments.find((name) => name === options.environment);
  if (environment === undefined) {
    throw wrongUse(`\`${visible(options.environment)}\` is no environment`, `give one of ${environments.join(", ")}`);
  }
  if (given === undefined && terminal.input.isTTY === true) {
    throw wrongUse(`no ${kind.noun} was given, and standard input is a terminal`, `give a ${kind.noun}, or pipe JSON Lines in`);
  }
  const only = given === undefined ? undefined : kind.lineOf(given);
  const policy = await policyNamed(options.policy, environment);
  const schema = await Promise.all((options.schema ?? []).map(readSchema));
  const { openExplainer } = await import("../../wiring.ts");
  const explainer = await openExplainer({ environment, policy, schema, bin: options.bin === true });
  const judged = kind.of(explainer);
  try {
    for (const text of explainer.notUnderstood) terminal.err(`warning: not understood in the schema, and so not known: ${visible(text)}\n`);
    if (only === undefined) return await explainLines(judged, terminal);
    const result = await judged(only);
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

async function explainLines(judged: (line: string) => Promise<string>, terminal: Terminal): Promise<void> {
  const ended = terminal.untilEnded();
  // Stopping must not wait for the next line, which may never come: what is under way then is left, and the process ends.
  const stopped = new Promise<"stopped">((resolve) => ended.addEventListener("abort", () => resolve("stopped"), { once: true }));
  const lines = linesOf(terminal.input as AsyncIterable<Uint8Array>, limits.explainLineBytesMax);
  const results = pipelined(lines, linesUnderWayMax, (line) => explainOne(line, judged));
  while (!ended.aborted) {
    const next = await Promise.race([results.next(), stopped]);
    if (next === "stopped" || next.done === true) return;
    await terminal.out(`${next.value}\n`);
  }
}

function explainOne(line: Line, judged: (line: string) => Promise<string>): Promise<string> {
  switch (line.kind) {
    case "text":
      return judged(line.text);
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
  readonly bin?: true;
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
  const bin = result.bin === true ? paragraph("What it removes goes into the bin.", terminal.columns, 2) : "";
  const next = result.reason.next === undefined ? "" : paragraph(visible(result.reason.next), terminal.columns, 2);
  const why = paragraph(visible(result.reason.message), terminal.columns, 2) + observed + bin + next;
  if (result.effects.length === 0) return head + why;
  return `${head}${why}\n${effectsTable(result.effects, terminal.columns)}`;
}

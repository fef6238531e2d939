/**
 * Runs one command line to its exit code: finds the command, loads only its code, and says errors so that a reader can act on them.
 * It does not end the process.
 */
import { Command, CommanderError } from "commander";
import { commands } from "./commands/index.ts";
import { CliError, type ExitCode, causeText, exitCodes } from "./errors.ts";
import { exitOf } from "./exit.ts";
import { visible, wrap } from "./output.ts";
import type { Terminal } from "./terminal.ts";

const startWith = `
Start with:
  holdfast demo                       see it work, on a database of its own
  holdfast init --url postgres://...  put it in front of yours
`;

/** `words` are the arguments after the program's name. */
export async function run(words: readonly string[], terminal: Terminal, version: string): Promise<number> {
  const program = configure(new Command("holdfast"), terminal)
    .description("An agent firewall: every statement an AI agent sends is understood, judged by one policy, and recorded.")
    .version(version, "-V, --version", "print the version")
    .addHelpText("after", startWith);
  const called = calledCommand(words);
  for (const entry of commands) {
    const command = configure(program.command(entry.name), terminal)
      .summary(entry.summary)
      .description(`${capital(entry.summary)}.`);
    if (entry.name === called) (await entry.load()).define(command, terminal);
  }
  try {
    if (words.length === 0) {
      program.outputHelp();
      return exitCodes.wrongUse;
    }
    await program.parseAsync([...words], { from: "user" });
    return exitOf(terminal);
  } catch (error) {
    return report(error, terminal);
  }
}

/** The settings that commander does not hand down to sub-commands made before them. Sub-commands inherit it by `command.command()`. */
function configure(command: Command, terminal: Terminal): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError(false)
    .helpOption("-h, --help", "show help")
    .configureHelp({ helpWidth: Math.min(terminal.columns, 100) })
    .configureOutput({
      writeOut: (text) => void terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(wrongUseText(text, command, terminal)),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** Commander's own sentence in our form: lower case, no final stop, input in backticks, what to do after it. */
function wrongUseText(text: string, command: Command, terminal: Terminal): string {
  const sentence = text
    .replace(/^error: /, "")
    .trim()
    .replace(/'([^'\n]*)'/g, (_, input: string) => `\`${visible(input)}\``);
  const [message = "", suggestion] = sentence.replace(/\. Expected/, ": expected").split("\n");
  const meant = /Did you mean (?:one of )?(.*)\?\)/.exec(suggestion ?? "")?.[1];
  const guess =
    meant === undefined
      ? ""
      : `: did you mean ${meant
          .split(", ")
          .map((word) => `\`${word}\``)
          .join(" or ")}?`;
  return errorText(`${message.replace(/\.$/, "")}${guess}`, `see \`${commandPath(command)} --help\``, terminal);
}

function commandPath(command: Command): string {
  return command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;
}

function report(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUse;
  }
  if (error instanceof CliError) {
    terminal.err(errorText(error.message, error.next, terminal));
    return error.code;
  }
  terminal.err(errorText(`a defect of Holdfast: ${causeText(error)}`, "please report it with the lines below", terminal));
  if (error instanceof Error && error.stack !== undefined) terminal.err(`${error.stack}\n`);
  return exitCodes.failed;
}

function errorText(message: string, next: string | undefined, terminal: Terminal): string {
  const head = terminal.styleErr(["bold", "red"], "error:");
  // Messages may hold several lines (a config error points into its file): only the last advice is wrapped.
  const advice = next === undefined ? [] : wrap(next, Math.min(terminal.columns, 100) - 2).map((line) => `  ${line}\n`);
  return `${head} ${message}\n${advice.join("")}`;
}

/** The first word that is no option; after `help` the word behind it. */
function calledCommand(words: readonly string[]): string | undefined {
  const plain = words.filter((word) => !word.startsWith("-"));
  return plain[0] === "help" ? plain[1] : plain[0];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

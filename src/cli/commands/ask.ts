/**
 * `holdfast ask`: an agent asks a person for rights on named tables, with a purpose.
 * It works inside `holdfast run` and can do nothing else. It waits only when it is told to.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Ask } from "../../model/grant.ts";
import type { Define } from "../define.ts";
import { exitCodes, failed, wrongUse } from "../errors.ts";
import { setExit } from "../exit.ts";
import { operationsOf, tablesOf } from "../grant-terms.ts";
import { visible } from "../output.ts";
import { ask as askSocket, socketOptions, type SocketOptions } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";

interface Options extends SocketOptions {
  readonly table?: readonly string[];
  readonly allow?: string;
  readonly purpose?: string;
  readonly session?: string;
  readonly wait?: boolean;
}

const POLL_MS = 1_000;
const PURPOSE_CHARACTERS_MIN = 10;

export const define: Define = (command, terminal) => {
  socketOptions(command)
    .option("--table <name...>", "the tables, with their schemas")
    .option("--allow <operations>", "some of select, insert, update, delete, with commas between")
    .option("--purpose <text>", "what for, in a sentence that a person can decide on")
    .option("--session <name>", "the session (default: the one this program runs in)")
    .option("--wait", "until a person has answered")
    .addHelpText(
      "after",
      '\nExample:\n  holdfast ask --table public.orders --allow delete --purpose "remove the two duplicates of order 7"\n\n' +
        "The exit code is 3 while nobody has answered. A person answers with `holdfast grant`.\n",
    )
    .action((options: Options) => ask(options, terminal));
};

async function ask(options: Options, terminal: Terminal): Promise<void> {
  const session = options.session ?? terminal.env["HOLDFAST_SESSION"];
  if (session === undefined)
    throw wrongUse("this is not inside a session", "run it in a program that `holdfast run` started, or give --session");
  const tables = tablesOf(options.table);
  const operations = operationsOf(options.allow);
  if (tables.length === 0 || operations.length === 0)
    throw wrongUse("--table and --allow are needed", "for example --table public.orders --allow delete");
  const purpose = options.purpose ?? "";
  if (purpose.trim().length < PURPOSE_CHARACTERS_MIN)
    throw wrongUse("--purpose is needed", "say in a sentence what it is for: a person decides on it");
  const token = terminal.env["HOLDFAST_ASK_TOKEN"] ?? "";
  const body = { session, token, tables, operations, purpose };
  const asked = (await askSocket(options, { method: "POST", path: "/v1/asks", body }, terminal)) as Ask;
  const answered = options.wait === true ? await answer(asked, options, terminal) : asked;
  if (options.json === true) await terminal.out(`${JSON.stringify(answered)}\n`);
  else await terminal.out(`${asked.id}: ${words(answered)}\n`);
  if (answered.state === "open") setExit(terminal, exitCodes.held);
  if (answered.state === "dropped") setExit(terminal, exitCodes.failed);
}

function words({ id, state, grant }: Ask): string {
  if (state === "granted") return `granted as ${grant ?? "a grant"}; see \`holdfast grants list\` for its bounds`;
  if (state === "dropped") return "dropped: the session has ended";
  return `asked; a person answers with \`holdfast grant ${visible(id)}\``;
}

async function answer(asked: Ask, options: Options, terminal: Terminal): Promise<Ask> {
  const ended = terminal.untilEnded();
  for (;;) {
    const { asks } = (await askSocket(options, { method: "GET", path: "/v1/asks" }, terminal)) as { asks: readonly Ask[] };
    const found = asks.find(({ id }) => id === asked.id);
    if (found === undefined) throw failed(`ask \`${visible(asked.id)}\` is not known any more`);
    if (found.state !== "open" || ended.aborted) return found;
    await delay(POLL_MS, undefined, { signal: ended }).catch(() => undefined);
  }
}

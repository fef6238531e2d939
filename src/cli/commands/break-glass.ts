/**
 * `holdfast break-glass`: a person says that for a short time nobody is asked before one session's acts; another agrees; either ends it.
 * It signs what stands on the command line. What is forbidden stays so.
 */
import { figure } from "../../base/counted.ts";
import type { BreakGlass } from "../../model/break-glass.ts";
import type { Define } from "../define.ts";
import { failed, wrongUse } from "../errors.ts";
import { untilOf } from "../grant-terms.ts";
import { table, visible } from "../output.ts";
import { ask, askAsPerson, personOptions, type PersonOptions, socketOptions, type SocketOptions } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";

interface OpenOptions extends PersonOptions {
  readonly target?: string;
  readonly session?: string;
  readonly until?: string;
  readonly reason?: string;
}

interface ListOptions extends SocketOptions {
  readonly all?: boolean;
}

const path = "/v1/break-glass";

export const define: Define = (command, terminal) => {
  command.addHelpText(
    "after",
    "\nExamples:\n" +
      '  holdfast break-glass open --target shop --session r_8k2m1v0q4c7d --until 15m --reason "outage"\n' +
      "  holdfast break-glass agree b_3f9x0k2m1v\n  holdfast break-glass close b_3f9x0k2m1v\n\n" +
      "It is recorded with every act that passes because of it, told on every channel, and shown by\n" +
      "`holdfast status`. It is over after an hour at most, with its session, and with the gateway.\n",
  );
  personOptions(command.command("open").description("Ask nobody for a while before one session's acts; what is forbidden stays so."))
    .option("--target <name>", "the target, which must be the session's")
    .option("--session <session>", "the session, by its id or name: see `holdfast sessions list`")
    .option("--until <when>", "a span such as 15m, or a time; an hour at most", "15m")
    .option("--reason <text>", "why, for the record")
    .action((options: OpenOptions) => open(options, terminal));
  personOptions(command.command("agree <id>").description("Agree to what another person wanted, where it takes two.")).action(
    (id: string, options: PersonOptions) => agree(id, options, terminal),
  );
  personOptions(command.command("close <id>").description("End it; transactions that rest on it are rolled back.")).action(
    (id: string, options: PersonOptions) => close(id, options, terminal),
  );
  socketOptions(command.command("list").description("Show what is open or wanted."))
    .option("--all", "what is over too, since the gateway was started")
    .action((options: ListOptions) => list(options, terminal));
};

async function open(options: OpenOptions, terminal: Terminal): Promise<void> {
  const { target, session, reason } = options;
  if (target === undefined) throw wrongUse("no target is named", "give --target NAME");
  if (session === undefined) throw wrongUse("no session is named", "give --session: see `holdfast sessions list`");
  if (reason === undefined) throw wrongUse("no reason is given", 'give --reason "..."');
  const untilMs = untilOf(options.until, Date.now());
  const body = { session, target, untilMs, reason };
  const glass = (await askAsPerson(options, { method: "POST", path, body }, termsText(body, terminal), terminal)) as BreakGlass;
  await told(glass, options, terminal);
}

async function agree(id: string, options: PersonOptions, terminal: Terminal): Promise<void> {
  const found = (await listed(options, terminal)).find((glass) => glass.id === id);
  if (found?.state !== "wanted") throw failed(`no break-glass \`${visible(id)}\` waits for a person`, "see `holdfast break-glass list`");
  const { run, target, untilMs, principal, persons, reason } = found;
  const wanted = `${persons.map(visible).join(" and ")} wants this, for: ${visible(reason)}\n`;
  const terms = `${wanted}${termsText({ session: `${run} (${principal})`, target, untilMs }, terminal)}`;
  const call = { method: "POST" as const, path: `${path}/${encodeURIComponent(id)}`, body: { run, target, untilMs } };
  await told((await askAsPerson(options, call, terms, terminal)) as BreakGlass, options, terminal);
}

async function close(id: string, options: PersonOptions, terminal: Terminal): Promise<void> {
  const call = { method: "DELETE" as const, path: `${path}/${encodeURIComponent(id)}` };
  await told((await askAsPerson(options, call, `end break-glass ${visible(id)}\n`, terminal)) as BreakGlass, options, terminal);
}

async function listed(options: SocketOptions, terminal: Terminal): Promise<readonly BreakGlass[]> {
  return ((await ask(options, { method: "GET", path }, terminal)) as { breakGlass: readonly BreakGlass[] }).breakGlass;
}

async function list(options: ListOptions, terminal: Terminal): Promise<void> {
  const found = (await listed(options, terminal)).filter(({ state }) => options.all === true || state !== "closed");
  if (options.json === true) return terminal.out(`${JSON.stringify({ breakGlass: found })}\n`);
  if (found.length === 0) return terminal.out(terminal.style("dim", "no break-glass is open\n"));
  const heads = [
    { title: "ID" },
    { title: "STATE" },
    { title: "TARGET" },
    { title: "SESSION" },
    { title: "PERSONS" },
    { title: "ACTS" },
    { title: "UNTIL" },
    { title: "REASON", shrink: true },
  ];
  const rows = found.map((glass) => [
    glass.id,
    glass.state,
    visible(glass.target),
    visible(glass.principal),
    glass.persons.map(visible).join(" "),
    figure(glass.uses),
    glass.state === "closed" ? visible(glass.because ?? "over") : new Date(glass.untilMs).toISOString().slice(0, 19),
    visible(glass.reason),
  ]);
  await terminal.out(table(heads, rows, terminal.columns));
}

interface Terms {
  readonly session: string;
  readonly target: string;
  readonly untilMs: number;
}

function termsText({ session, target, untilMs }: Terms, terminal: Terminal): string {
  const head = terminal.styleErr(["bold", "red"], `BREAK-GLASS at ${visible(target)}`);
  return (
    `${head} for session ${visible(session)}\nuntil ${new Date(untilMs).toISOString()}: ` +
    "what would be held for a person passes without one; what is forbidden stays so\n"
  );
}

async function told(glass: BreakGlass, options: SocketOptions, terminal: Terminal): Promise<void> {
  if (options.json === true) return terminal.out(`${JSON.stringify(glass)}\n`);
  const { id, state, untilMs, uses, personsNeeded, persons } = glass;
  const missing = personsNeeded - persons.length;
  const text = {
    wanted: `${id} takes ${figure(missing)} more: holdfast break-glass agree ${id}`,
    open: `${terminal.style(["bold", "red"], "open")} ${id} until ${new Date(untilMs).toISOString()}; end it with holdfast break-glass close ${id}`,
    closed: `${terminal.style("green", "closed")} ${id}; ${figure(uses)} acts passed because of it`,
  }[state];
  await terminal.out(`${text}\n`);
}

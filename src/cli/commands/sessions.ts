/**
 * `holdfast sessions`: what runs, for whom, with what used up; a person suspends, resumes or ends a session.
 * It starts none: `holdfast run` does.
 */
import { figure } from "../../base/counted.ts";
import type { Command } from "commander";
import type { SessionView } from "../../control/contract.ts";
import type { Budget } from "../../model/run.ts";
import type { Define } from "../define.ts";
import { failed } from "../errors.ts";
import { padEnd, table, visible } from "../output.ts";
import { ask, askAsPerson, personOptions, type PersonOptions, socketOptions, type SocketOptions } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";

interface ListOptions extends SocketOptions {
  readonly all?: boolean;
}

interface ReasonOptions extends PersonOptions {
  readonly reason?: string;
}

export const define: Define = (command, terminal) => {
  command.addHelpText(
    "after",
    '\nExamples:\n  holdfast sessions list\n  holdfast sessions suspend r_8k2m1v0q4c7d --reason "let me look first"\n',
  );
  socketOptions(command.command("list").description("Show the sessions that run."))
    .option("--all", "those that have ended too")
    .action((options: ListOptions) => list(options, terminal));
  socketOptions(command.command("show <session>").description("Show one session in full.")).action((name: string, options: SocketOptions) =>
    show(name, options, terminal),
  );
  const decide = (words: string, summary: string, act: (name: string, options: ReasonOptions) => Promise<void>): Command =>
    personOptions(command.command(words).description(summary)).option("--reason <text>", "why, for the record and the agent").action(act);
  decide("suspend <session>", "Stop a session until it is resumed; what it has open is rolled back.", async (name, options) => {
    const body = { session: name, because: options.reason ?? "a person wants to look first" };
    await askAsPerson(options, { method: "POST", path: "/v1/suspensions", body }, `suspend session ${visible(name)}\n`, terminal);
    await done(name, "suspended", options, terminal);
  });
  decide("resume <session>", "Lift a suspension.", async (name, options) => {
    const call = {
      method: "DELETE" as const,
      path: `/v1/suspensions/${encodeURIComponent(name)}`,
      body: { because: options.reason ?? "" },
    };
    await askAsPerson(options, call, `resume session ${visible(name)}\n`, terminal);
    await done(name, "open", options, terminal);
  });
  decide("end <session>", "End a session: connections, grants, login and role.", async (name, options) => {
    const call = { method: "DELETE" as const, path: `/v1/sessions/${encodeURIComponent(name)}`, body: { because: options.reason ?? "" } };
    await askAsPerson(options, call, `end session ${visible(name)}\n`, terminal);
    await done(name, "ended", options, terminal);
  });
};

async function done(session: string, state: string, options: SocketOptions, terminal: Terminal): Promise<void> {
  await terminal.out(options.json === true ? `${JSON.stringify({ session, state })}\n` : `session ${visible(session)} is ${state}\n`);
}

async function sessionsOf(options: SocketOptions, terminal: Terminal): Promise<readonly SessionView[]> {
  return ((await ask(options, { method: "GET", path: "/v1/sessions" }, terminal)) as { sessions: readonly SessionView[] }).sessions;
}

async function list(options: ListOptions, terminal: Terminal): Promise<void> {
  const sessions = (await sessionsOf(options, terminal)).filter(({ state }) => options.all === true || state !== "ended");
  if (options.json === true) return terminal.out(`${JSON.stringify({ sessions })}\n`);
  if (sessions.length === 0) return terminal.out(terminal.style("dim", "no sessions\n"));
  const heads = [
    { title: "SESSION" },
    { title: "NAME" },
    { title: "TARGET" },
    { title: "STATE" },
    { title: "FOR" },
    { title: "STATEMENTS" },
    { title: "READ" },
    { title: "CHANGED" },
    { title: "GRANTS" },
    { title: "PURPOSE", shrink: true },
  ];
  const rows = sessions.map((session) => [
    session.id,
    visible(session.principal),
    visible(session.target),
    session.state,
    visible(session.actsFor),
    used(session.used.statements, session.budget.statements),
    used(session.used.rowsRead, session.budget.rowsRead),
    used(session.used.rowsChanged, session.budget.rowsChanged),
    figure(session.grants),
    visible(session.purpose),
  ]);
  await terminal.out(table(heads, rows, terminal.columns));
}

function used(figureUsed: number, max: number | null): string {
  return max === null ? figure(figureUsed) : `${figure(figureUsed)}/${figure(max)}`;
}

async function show(name: string, options: SocketOptions, terminal: Terminal): Promise<void> {
  const sessions = await sessionsOf(options, terminal);
  const found = sessions.find(({ id }) => id === name) ?? sessions.findLast(({ principal }) => principal === name);
  if (found === undefined) throw failed(`no session is named \`${visible(name)}\``, "see `holdfast sessions list --all`");
  await terminal.out(options.json === true ? `${JSON.stringify(found)}\n` : shown(found, terminal));
}

function shown(session: SessionView, terminal: Terminal): string {
  const line = (title: string, text: string) => (text === "" ? "" : `${terminal.style("dim", padEnd(title, 12))} ${visible(text)}\n`);
  const { used: spent, budget, because } = session;
  const share = (title: string, figureUsed: number, key: keyof Budget): string => line(title, used(figureUsed, budget[key]));
  const over = session.endedAtMs === undefined ? "" : new Date(session.endedAtMs).toISOString();
  return (
    line("session", `${session.id}, ${session.state}${because === undefined ? "" : `: ${because}`}`) +
    line("login", `${session.principal} at ${session.target} (${session.environment})`) +
    line("program", `${session.program}${session.programVersion === "" ? "" : `, ${session.programVersion}`}`) +
    line("acts for", session.actsFor) +
    line("purpose", session.purpose) +
    line("since", new Date(session.startedAtMs).toISOString()) +
    line("ended", over) +
    (budget.wallMs === null ? "" : line("until", new Date(session.startedAtMs + budget.wallMs).toISOString())) +
    line("connections", figure(session.connections)) +
    line("grants", figure(session.grants)) +
    share("statements", spent.statements, "statements") +
    line("refused", figure(spent.refused)) +
    share("rows read", spent.rowsRead, "rowsRead") +
    share("bytes read", spent.bytes, "bytes") +
    share("rows changed", spent.rowsChanged, "rowsChanged") +
    share("held", spent.held, "held")
  );
}

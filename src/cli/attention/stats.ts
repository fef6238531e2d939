/**
 * `holdfast approvals stats`: what questions cost the persons who answer them, from the audit log.
 * It needs no gateway, and changes nothing.
 */
import { figure } from "../../base/counted.ts";
import type { Command } from "commander";
import { Attention, type AttentionFigures, type GroupFigures, type Share, type Times } from "../../attention/figures.ts";
import { padEnd, table, visible } from "../output.ts";
import { stateOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { readWindow, sinceOf, type WindowOptions, windowOptions } from "./window.ts";

export function defineStats(command: Command, terminal: Terminal): void {
  windowOptions(
    command.command("stats").description("Show how often persons are asked, how fast they answer, and how often it is simply yes."),
  )
    .addHelpText("after", "\nExamples:\n  holdfast approvals stats\n  holdfast approvals stats --since 24h --json | jq .under2s\n")
    .action((options: WindowOptions) => stats(options, terminal));
}

async function stats(options: WindowOptions, terminal: Terminal): Promise<void> {
  const since = sinceOf(options.since, Date.now());
  const attention = new Attention();
  const directory = options.directory ?? (await stateOf(options.config, terminal)).audit;
  await readWindow(directory, since, ({ event, t }, counts) => attention.step(event, t, counts));
  const figures = attention.figures();
  await terminal.out(options.json === true ? `${JSON.stringify(figures)}\n` : rendered(figures, terminal));
}

function rendered(figures: AttentionFigures, terminal: Terminal): string {
  const line = (title: string, text: string) => `${terminal.style("dim", padEnd(title, 20))} ${text}\n`;
  const { acts, sessions, questions, perSession, became, breakGlass } = figures;
  const each = perSession === null ? "" : `, ${rounded(perSession.mean)} a session, ${figure(perSession.most)} at most`;
  const hundred = figures.questionsPer100Acts === null ? "" : `, ${rounded(figures.questionsPer100Acts)} in 100 acts`;
  const head =
    line("acts", `${figure(acts)} in ${figure(sessions)} sessions`) +
    line("questions", `${figure(questions)}${hundred}${each}`) +
    line(
      "became",
      `${figure(became.approved)} approved, ${figure(became.denied)} denied, ${figure(became.expired)} expired, ` +
        `${figure(became.lapsed)} lapsed, ${figure(became.open)} open`,
    ) +
    line("time to answer", timesText(figures.timeToAnswer)) +
    line("answered under 2 s", shareText(figures.under2s, terminal)) +
    line("approved unchanged", shareText(figures.approvedUnchanged)) +
    (breakGlass.opened === 0
      ? ""
      : line("break-glass", `${figure(breakGlass.opened)} opened, ${figure(breakGlass.acts)} acts passed unasked`));
  if (questions === 0) return head;
  const persons = table(
    [
      { title: "PERSON" },
      { title: "ANSWERS" },
      { title: "APPROVED" },
      { title: "DENIED" },
      { title: "TIME TO ANSWER" },
      { title: "UNDER 2 S" },
    ],
    figures.byPerson.map(({ name, answers, approved, denied, timeToAnswer, under2s }) => [
      visible(name),
      figure(answers),
      figure(approved),
      figure(denied),
      timesText(timeToAnswer),
      shareText(under2s),
    ]),
    terminal.columns,
  );
  return `${head}\n${persons}\n${groups("RULE", figures.byRule, terminal)}\n${groups("ENVIRONMENT", figures.byEnvironment, terminal)}`;
}

function groups(title: string, found: readonly GroupFigures[], terminal: Terminal): string {
  const heads = [
    { title },
    { title: "QUESTIONS" },
    { title: "APPROVED" },
    { title: "DENIED" },
    { title: "TIME TO ANSWER" },
    { title: "UNCHANGED" },
  ];
  const rows = found.map(({ name, questions, became, timeToAnswer, approvedUnchanged }) => [
    visible(name),
    figure(questions),
    figure(became.approved),
    figure(became.denied),
    timesText(timeToAnswer),
    shareText(approvedUnchanged),
  ]);
  return table(heads, rows, terminal.columns);
}

function timesText(times: Times | null): string {
  return times === null ? "-" : `${span(times.medianMs)} (90 %: ${span(times.p90Ms)})`;
}

function span(ms: number): string {
  if (ms < 60_000) return `${rounded(ms / 1_000)} s`;
  return ms < 3_600_000 ? `${rounded(ms / 60_000)} min` : `${rounded(ms / 3_600_000)} h`;
}

/** Many quick answers are a warning sign: somebody has stopped reading. */
function shareText({ count, of }: Share, terminal?: Terminal): string {
  if (of === 0) return "-";
  const text = `${figure(count)} of ${figure(of)}, ${Math.round((100 * count) / of)} %`;
  return terminal !== undefined && of >= 5 && count * 2 >= of ? terminal.style(["bold", "yellow"], text) : text;
}

function rounded(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 });
}

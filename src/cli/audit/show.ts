/**
 * Shows records to a person: one a line for `tail`, or in full with the effects of the judgement behind them.
 * It shows only what is recorded.
 */
import type { ReadRecord } from "../../audit/events.ts";
import { effectsTable } from "../effects-table.ts";
import { fit, padEnd, paragraph, visible, width } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { describeEvent } from "./describe.ts";
import type { Judgement, Judgements } from "./reader.ts";

const tones = { good: "green", bad: "red", warn: "yellow", plain: "dim" } as const;

/** One record as one line within the terminal's columns. */
export function recordLine(record: ReadRecord, judgements: Judgements, terminal: Terminal): string {
  const { word, about, text, tone } = describeEvent(record.event, judgements);
  const head = `${timeText(record.t)}  `;
  const subject = padEnd(visible(about), 21);
  const room = Math.max(20, terminal.columns - head.length - 12 - width(subject) - 2);
  return (
    `${terminal.style("dim", head)}${terminal.style(tones[tone], padEnd(word, 10))}  ${subject}  ${fit(visible(text), room)}`.trimEnd() +
    "\n"
  );
}

/** `11-22 03:46:54.123`, in UTC as everything in the log. */
function timeText(ms: number): string {
  return Number.isFinite(new Date(ms).getTime()) ? new Date(ms).toISOString().slice(5, 23).replace("T", " ") : "?";
}

/** Each record in full; the judgement behind an act is shown with the first act that refers to it. */
export function renderRecords(records: readonly ReadRecord[], judgements: Judgements, terminal: Terminal): string {
  const explained = new Set<string>();
  return records.map((record) => renderRecord(record, judgements, explained, terminal)).join("");
}

function renderRecord(record: ReadRecord, judgements: Judgements, explained: Set<string>, terminal: Terminal): string {
  const { n, t, event } = record;
  const { word, about, text, tone } = describeEvent(event, judgements);
  const head =
    `${terminal.style(["bold", tones[tone]], padEnd(word, 10))} ${visible(about)}  ` +
    `${terminal.style("dim", `record ${n}, ${new Date(t).toISOString()}`)}\n`;
  const body = head + paragraph(visible(text), terminal.columns, 2);
  const judgement = event.kind === "judgement" ? event : event.kind === "intent" ? judgements.get(event.judgement) : undefined;
  if (judgement === undefined || explained.has(judgement.judgement)) return `${body}\n`;
  explained.add(judgement.judgement);
  return `${body}${renderJudgement(judgement, terminal)}\n`;
}

function renderJudgement(judgement: Judgement, terminal: Terminal): string {
  const known = [
    ["text digest", judgement.textDigest],
    ["role", `${judgement.role}, search path ${judgement.searchPath.join(", ")}, catalogue ${judgement.catalogueVersion}`],
    ["policy", judgement.policyDigest],
    ["rules", judgement.rules.length === 0 ? "none applied" : judgement.rules.join(", ")],
  ];
  const lines = known.map(([name = "", value = ""]) => `  ${padEnd(name, 12)} ${visible(value)}\n`).join("");
  if (judgement.effects.length === 0) return lines;
  const effects = judgement.effects.map(({ resource, extent, ...rest }) => ({
    ...rest,
    resource: `${resource.type}:${resource.name}`,
    extent: extent.kind,
    ...("count" in extent ? { rows: extent.count } : {}),
  }));
  const rendered = effectsTable(effects, terminal.columns - 2)
    .trimEnd()
    .split("\n")
    .map((row) => `  ${row}\n`);
  return `${lines}\n${rendered.join("")}`;
}

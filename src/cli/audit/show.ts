/**
 * Shows whole records for a person: the line of `tail` in full, and the effects of the judgement behind it.
 * It shows only what is recorded.
 */
import type { AuditEvent } from "../../model/event.ts";
import { padEnd, paragraph, table, visible } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { describeEvent } from "./describe.ts";
import type { ReadRecord } from "./reader.ts";

type Judgement = Extract<AuditEvent, { kind: "judgement" }>;

export function renderRecords(reads: readonly ReadRecord[], judgements: ReadonlyMap<string, Judgement>, terminal: Terminal): string {
  const explained = new Set<string>();
  return reads.map((read) => renderRecord(read, judgements, explained, terminal)).join("");
}

function renderRecord(read: ReadRecord, judgements: ReadonlyMap<string, Judgement>, explained: Set<string>, terminal: Terminal): string {
  if (read.record === null) return "";
  const { n, t, event } = read.record;
  const { word, about, text } = describeEvent(event, judgements);
  const head = `${terminal.style("bold", padEnd(word, 10))} ${visible(about)}  ${terminal.style("dim", `record ${n}, ${new Date(t).toISOString()}`)}\n`;
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
  const heads = [{ title: "OPERATION" }, { title: "RESOURCE", shrink: true }, { title: "EXTENT" }, { title: "REVERSIBILITY" }, { title: "CAUSE" }, { title: "DETAIL" }];
  const rows = judgement.effects.map((effect) => [
    effect.operation, visible(`${effect.resource.type}:${effect.resource.name}`),
    "count" in effect.extent ? `${effect.extent.kind} ${effect.extent.count}` : effect.extent.kind,
    effect.reversibility, effect.cause, visible(effect.detail),
  ]);
  const rendered = table(heads, rows, terminal.columns - 2).trimEnd().split("\n").map((row) => `  ${row}\n`);
  return `${lines}\n${rendered.join("")}`;
}

/**
 * What an undo leaves as it is, by the audit log: acts that share a transaction with what was asked for, and effects that are not rows.
 * It reads the log and asks no server.
 */
import { readEvents } from "../audit/events.ts";
import type { Effect } from "../model/effect.ts";
import type { ToldTransaction } from "./undo-scope.ts";

const TOLD_MAX = 20;

/** A sentence each, about the acts of these transactions. */
export async function notUndone(directory: string, told: readonly ToldTransaction[]): Promise<readonly string[]> {
  const acts = new Set(told.flatMap(({ actions }) => actions));
  const judgements = new Map<string, readonly string[]>();
  const sentences = new Set<string>();
  for await (const { event } of readEvents({ directory })) {
    if (event.kind === "judgement") judgements.set(event.judgement, event.effects.filter(staysDone).map(sentenceOf));
    if (event.kind === "intent" && event.decision === "allow" && acts.has(event.action))
      for (const sentence of judgements.get(event.judgement) ?? []) sentences.add(sentence);
  }
  for (const { tables } of told)
    for (const { table, truncated } of tables)
      if (truncated > 0) sentences.add(`what TRUNCATE took from ${table} is in no row images: see \`holdfast bin list\``);
  const shown = [...sentences].slice(0, TOLD_MAX);
  const more = sentences.size - shown.length;
  return [
    ...shown,
    ...(more > 0 ? [`and ${more} more that are no rows`] : []),
    "sequences keep their values: numbers that were drawn stay used",
  ];
}

/** What is no row of a table: its images cannot bring it back. */
function staysDone({ operation, reversibility, resource }: Effect): boolean {
  if (operation === "read" || operation === "connect") return resource.type === "foreign_table";
  if (operation === "update" || operation === "delete" || operation === "create") return resource.type === "foreign_table";
  return operation === "define" || operation === "grant" || reversibility === "irreversible" || reversibility === "unknown";
}

function sentenceOf({ detail, resource }: Effect): string {
  return `${detail} on ${resource.type} ${resource.name} stays: only rows are taken back`;
}

/**
 * The terms of a grant as people write and read them: tables, operations, until when, how often, how many rows.
 * It asks nobody and sends nothing.
 */
import { figure } from "../base/counted.ts";
import { parseDuration } from "../config/quantities.ts";
import { type GrantOperation, grantOperations } from "../model/grant.ts";
import { wrongUse } from "./errors.ts";
import { visible } from "./output.ts";

const DEFAULT_MS = 30 * 60_000;
const DEFAULT_ROWS = 100;

/** `--table a.b,c.d --table e.f`. */
export function tablesOf(given: readonly string[] | undefined): readonly string[] {
  const tables = (given ?? []).flatMap((text) => text.split(",")).map((name) => name.trim());
  const wrong = tables.find((name) => !/^[^.]+\.[^.]/.test(name));
  if (wrong !== undefined)
    throw wrongUse(`\`${visible(wrong)}\` does not name a table with its schema`, "for example --table public.orders");
  return [...new Set(tables)];
}

export function operationsOf(given: string | undefined): readonly GrantOperation[] {
  const words = (given ?? "").split(",").flatMap((word) => (word.trim() === "" ? [] : [word.trim().toLowerCase()]));
  const wrong = words.find((word) => !grantOperations.includes(word as GrantOperation));
  if (wrong !== undefined)
    throw wrongUse(`\`${visible(wrong)}\` cannot be granted`, `some of ${grantOperations.join(", ")}: TRUNCATE and definitions never are`);
  return [...new Set(words as GrantOperation[])];
}

/** `30m`, `30min`, `2h` from now, or a time such as `2026-11-22T18:00:00Z`. */
export function untilOf(text: string | undefined, nowMs: number): number {
  if (text === undefined) return nowMs + DEFAULT_MS;
  const span = parseDuration(text.replace(/^(\d+) ?m$/, "$1min"));
  const until = span === undefined ? Date.parse(text) : nowMs + span;
  if (!Number.isSafeInteger(until) || until <= nowMs)
    throw wrongUse(`\`${visible(text)}\` is no time to come`, "give a span such as 30m or 2h, or a time such as 2026-11-22T18:00:00Z");
  return until;
}

/** `--count`, `--rows`. */
export function countOf(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,11}$/.test(text)) throw wrongUse(`${option} takes a whole number from 1, not \`${visible(text)}\``);
  return Number(text);
}

export function rowsOf(text: string | undefined): number {
  return countOf(text, "--rows") ?? DEFAULT_ROWS;
}

export interface Terms {
  readonly session: string;
  readonly tables: readonly string[];
  readonly operations: readonly GrantOperation[];
  readonly untilMs: number;
  readonly usesMax: number | null;
  readonly rowsMax: number;
}

/** What is about to be signed, in a few lines. */
export function termsText({ session, tables, operations, untilMs, usesMax, rowsMax }: Terms): string {
  const uses = usesMax === null ? "any number of statements" : `${figure(usesMax)} statement${usesMax === 1 ? "" : "s"}`;
  return (
    `grant ${operations.join(", ").toUpperCase()}\n` +
    `   on ${tables.map(visible).join(", ")}\n` +
    `   to session ${visible(session)}\n` +
    `until ${new Date(untilMs).toISOString()}, for ${uses} and ${figure(rowsMax)} row${rowsMax === 1 ? "" : "s"} changed in all\n`
  );
}

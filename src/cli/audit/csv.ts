/**
 * A record as one row of RFC 4180 CSV, for spreadsheets: what the record says in words, beside its ids.
 * It does not lose anything silently: the JSON lines are the complete export.
 */
import type { StoredRecord } from "../../audit/record.ts";
import type { AuditEvent } from "../../model/event.ts";
import { describeEvent } from "./describe.ts";

export const csvHead = "record,time,kind,about,word,text\r\n";

export function csvRow(record: StoredRecord, judgements: ReadonlyMap<string, Extract<AuditEvent, { kind: "judgement" }>>): string {
  const { word, about, text } = describeEvent(record.event, judgements);
  const cells = [String(record.n), new Date(record.t).toISOString(), record.event.kind, about, word, text];
  return `${cells.map(quoted).join(",")}\r\n`;
}

/** Quoted where it must be; a leading `=`, `+`, `-` or `@` would be run as a formula by spreadsheets, so it is made text. */
function quoted(cell: string): string {
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

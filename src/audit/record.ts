/**
 * One record as a line of JSON: place `n`, time `t`, on the first line of each write the chain `c`, then the event's own fields.
 * It does not hash and does not choose what is secret (`redact.ts` does).
 */
import type { AuditEvent } from "../model/event.ts";
import type { Measured } from "../model/outcome.ts";
import { redactedJson } from "./redact.ts";

/** A stored line, parsed as far as everybody needs it. */
export interface StoredRecord {
  /** Its index in the log, from 0: the leaf index of the Merkle tree. */
  readonly n: number;
  /** Wall time in milliseconds. */
  readonly t: number;
  /** On the first line of each write: the chain value over all bytes of the write before. */
  readonly c?: string;
  readonly event: AuditEvent;
}

/** The event's fields, without the opening brace. The two kinds of the hot path are put together by hand. */
export function eventFields(event: AuditEvent): string {
  if (event.kind === "intent") {
    const { action, judgement, decision, code, textDigest } = event;
    const own = textDigest === undefined ? "" : `,"textDigest":${text(textDigest)}`;
    return `"kind":"intent","action":${text(action)},"judgement":${text(judgement)},"decision":"${decision}","code":"${code}"${own}}`;
  }
  if (event.kind === "outcome" && event.outcome.status === "succeeded" && figuresAlone(event.outcome.measured)) {
    const { rowsChanged, rowsReturned, bytesReturned, elapsedMs } = event.outcome.measured;
    const figures = figure("rowsChanged", rowsChanged) + figure("rowsReturned", rowsReturned) + figure("bytesReturned", bytesReturned);
    const measured = `{${figures}"elapsedMs":${number(elapsedMs)}}`;
    return `"kind":"outcome","action":${text(event.action)},"outcome":{"status":"succeeded","measured":${measured}}}`;
  }
  return redactedJson(event).slice(1);
}

/** The whole line without its line feed. */
export function recordLine(n: number, timeMs: number, chain: string | null, fields: string): string {
  return chain === null ? `{"n":${n},"t":${timeMs},${fields}` : `{"n":${n},"t":${timeMs},"c":"${chain}",${fields}`;
}

/** Parses one stored line; `null` when it is not a record. */
export function parseRecord(line: string): StoredRecord | null {
  try {
    const { n, t, c, ...event } = JSON.parse(line) as Record<string, unknown>;
    if (!Number.isSafeInteger(n) || !Number.isSafeInteger(t) || typeof event["kind"] !== "string") return null;
    if (c !== undefined && typeof c !== "string") return null;
    if ((event["kind"] === "intent" || event["kind"] === "outcome") && typeof event["action"] !== "string") return null;
    if (event["kind"] === "recovered" && !isTexts(event["unknownOutcomes"])) return null;
    const record = { n: n as number, t: t as number, event: event as unknown as AuditEvent };
    return c === undefined ? record : { ...record, c };
  } catch {
    return null;
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

// Ids are ours and plain; anything else takes the long way.
const plain = /^[\w.:-]*$/;

function text(value: string): string {
  return plain.test(value) ? `"${value}"` : JSON.stringify(value);
}

function figuresAlone({ tables, answeredBy, transaction }: Measured): boolean {
  return tables === undefined && answeredBy === undefined && transaction === undefined;
}

function figure(name: string, value: number | undefined): string {
  return value === undefined ? "" : `"${name}":${number(value)},`;
}

function number(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value * 1000) / 1000) : "null";
}

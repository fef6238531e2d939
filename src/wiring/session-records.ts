/**
 * The records of one session, a run over all its connections or one connection alone, with what its acts were judged to be.
 * It reads the log from where the session began, writes nothing, and keeps nothing between two calls.
 */
import { type ReadRecord, readEvents } from "../audit/events.ts";
import type { LogFiles } from "../audit/files.ts";
import type { AuditEvent } from "../model/event.ts";

export interface SessionQuery {
  readonly directory: string;
  readonly files: LogFiles;
  /** A run's id, or a connection's. */
  readonly session: string;
  /** In small letters; what is said or judged must hold it. */
  readonly text: string;
  /** Records before this place, `limit` at most, the last ones. */
  readonly end: number;
  readonly limit: number;
}

/** Records that are read at a time on the way back to the beginning, and in all. */
const windowRecords = 5_000;
const recordsMax = 250_000;
/** A text judged before the session began is not judged again in it: so far back its judgement is looked for. */
const recordsForContext = 2_000;

/** Whether the id is one of a run or a connection, whose records tell their beginning. */
export function isSession(id: string): boolean {
  return /^[rs]_\w+$/.test(id);
}

/** Calls `judged` with each judgement that stands in the part of the log that is read. */
export async function sessionRecords(query: SessionQuery, judged: (event: AuditEvent) => void): Promise<readonly ReadRecord[]> {
  const { directory, files, session, text, end, limit } = query;
  const start = await beginningOf(query);
  const connections = new Set([session]);
  const texts = new Map<string, string>();
  let found: ReadRecord[] = [];
  for await (const record of readEvents({ directory, files, from: Math.max(0, start - recordsForContext) })) {
    if (record.n >= end) break;
    const { event } = record;
    if (event.kind === "judgement") {
      judged(event);
      texts.set(event.judgement, record.line.toString().toLowerCase());
    }
    if (event.kind === "session_opened" && event.run === session) connections.add(event.session);
    if (record.n < start || !belongs(record, connections, session)) continue;
    const said = record.line.toString().toLowerCase();
    const judgement = event.kind === "intent" ? texts.get(event.judgement) : undefined;
    if (!said.includes(text) && judgement?.includes(text) !== true) continue;
    found.push(record);
    if (found.length > 2 * limit) found = found.slice(-limit);
  }
  return found.slice(-limit);
}

/** The number of the record that began it, or of the oldest that is looked at. */
async function beginningOf({ directory, files, session, end }: SessionQuery): Promise<number> {
  const least = Math.max(0, end - recordsMax);
  for (let before = end; before > least; ) {
    const from = Math.max(least, before - windowRecords);
    for await (const { n, event } of readEvents({ directory, files, from })) {
      if (n >= before) break;
      if (event.kind === "run_started" && event.run === session) return n;
      if (event.kind === "session_opened" && event.session === session) return n;
    }
    before = from;
  }
  return least;
}

function belongs({ event, line }: ReadRecord, connections: ReadonlySet<string>, session: string): boolean {
  if ("session" in event && event.session !== undefined && connections.has(event.session)) return true;
  if ("action" in event && event.action !== undefined && event.action !== null)
    return connections.has(event.action.slice(0, event.action.lastIndexOf(".")));
  return event.kind !== "judgement" && line.includes(session);
}

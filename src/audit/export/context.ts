/**
 * What an exported record refers to: sessions and judgements stand earlier in the log and are remembered here, within a bound.
 * It does not look back into the log; what was forgotten or lies before the first record read is left out of the export.
 */
import type { AuditEvent } from "../../model/event.ts";

type Opened = Extract<AuditEvent, { kind: "session_opened" }>;
type Judgement = Extract<AuditEvent, { kind: "judgement" }>;

export interface ExportContext {
  step(event: AuditEvent): void;
  session(action: string): Opened | undefined;
  judgement(id: string): Judgement | undefined;
  /** The judgement under which an act was sent. */
  judgementOf(action: string): Judgement | undefined;
}

const rememberedMax = 20_000;

export function exportContext(): ExportContext {
  const sessions = new Map<string, Opened>();
  const judgements = new Map<string, Judgement>();
  const acts = new Map<string, string>();
  return {
    step(event) {
      if (event.kind === "session_opened") remember(sessions, event.session, event);
      else if (event.kind === "judgement") remember(judgements, event.judgement, event);
      else if (event.kind === "intent") remember(acts, event.action, event.judgement);
    },
    // An action id is its session's id, a dot and a number.
    session: (id) => sessions.get(id.split(".")[0] ?? ""),
    judgement: (id) => judgements.get(id),
    judgementOf: (action) => judgements.get(acts.get(action) ?? ""),
  };
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size <= rememberedMax) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

/**
 * Puts a session's records together to acts as people think of them: what was intended, what was decided, what came of it.
 * What belongs to no act stays a line of its own. It drops nothing and orders by the log.
 */
import type { AuditLine } from "../../src/control/contract.ts";
import { rows } from "./numbers.ts";

type Event = AuditLine["event"];
type Judgement = Extract<Event, { kind: "judgement" }>;
type Outcome = Extract<Event, { kind: "outcome" }>["outcome"];

export interface Act {
  readonly kind: "act";
  readonly id: string;
  readonly atMs: number;
  readonly index: number;
  readonly decision: "allow" | "deny" | "hold";
  readonly code: string;
  /** Present where the judgement stands among the records. */
  readonly judged?: Judgement;
  /** In words; absent while nobody has answered, and of what was refused. */
  readonly outcome?: string;
  readonly outcomeBad?: boolean;
}

export interface Other {
  readonly kind: "other";
  readonly id: string;
  readonly atMs: number;
  readonly index: number;
  readonly line: string;
}

/** Newest first, whatever the order they are given in. `judgements`: of acts among the records, where they stand elsewhere. */
export function timelineOf(records: readonly AuditLine[], judgements: readonly Event[] = []): readonly (Act | Other)[] {
  const judged = new Map<string, Judgement>();
  for (const event of judgements) if (event.kind === "judgement") judged.set(event.judgement, event);
  const outcomes = new Map<string, Outcome>();
  for (const { event } of records) {
    if (event.kind === "judgement") judged.set(event.judgement, event);
    if (event.kind === "outcome") outcomes.set(event.action, event.outcome);
  }
  const intended = new Set(records.flatMap(({ event }) => (event.kind === "intent" ? [event.action as string] : [])));
  const used = new Set(records.flatMap(({ event }) => (event.kind === "intent" ? [event.judgement] : [])));
  return records
    .flatMap(({ event, index, atMs, line }): (Act | Other)[] => {
      // They are told with their act; where the act is beyond these records, they tell themselves.
      if (event.kind === "judgement" && used.has(event.judgement)) return [];
      if (event.kind === "outcome" && intended.has(event.action)) return [];
      if (event.kind !== "intent") return [{ kind: "other", id: `n${index}`, atMs, index, line }];
      const judgement = judged.get(event.judgement);
      const { action, decision, code } = event;
      return [
        {
          kind: "act",
          id: action,
          atMs,
          index,
          decision,
          code,
          ...(judgement === undefined ? {} : { judged: judgement }),
          ...outcomeOf(outcomes.get(action)),
        },
      ];
    })
    .toSorted((a, b) => b.index - a.index);
}

function outcomeOf(outcome: Outcome | undefined): Pick<Act, "outcome" | "outcomeBad"> {
  switch (outcome?.status) {
    case undefined:
      return {};
    case "succeeded":
      return { outcome: measuredWords(outcome.measured), outcomeBad: false };
    case "failed":
      return { outcome: `failed at the server (${outcome.code})`, outcomeBad: true };
    case "unknown":
      return { outcome: `nobody knows: ${outcome.because}`, outcomeBad: true };
  }
}

function measuredWords({ rowsChanged, rowsReturned }: Extract<Outcome, { status: "succeeded" }>["measured"]): string {
  const parts = [
    rowsChanged === undefined ? "" : `${rows(rowsChanged)} changed`,
    rowsReturned === undefined ? "" : `${rows(rowsReturned)} returned`,
  ].filter(Boolean);
  return parts.length === 0 ? "done" : parts.join(", ");
}

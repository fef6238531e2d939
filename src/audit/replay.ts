/**
 * The log's state as a fold over its lines: tree, chain, place, and the acts that have no outcome yet.
 * The writer keeps one of these; at start it is rebuilt from the frontier and the lines after it. It does no I/O.
 */
import { createHash, hash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { AuditEvent } from "../model/event.ts";

/** The chain value before the first record: it binds the log to its origin. */
export function chainStart(origin: string): string {
  return chainValue(`${origin}\n`);
}

/** Chain values are 128 bits of SHA-256 over the bytes of one write, line feeds included. */
export function chainValue(bytes: string | Uint8Array): string {
  return hash("sha256", bytes, "hex").slice(0, 32);
}

/** The chain over the writes of a log that is read line by line. */
export interface ChainReader {
  /** Takes one line with its own `c`, if any; returns the value that was due when it does not fit, else `null`. */
  step(line: Uint8Array, c: string | undefined): string | null;
  /** The value that the next write must carry. */
  due(): string;
}

/** Reads a chain from the place where the next line must carry `start`. */
export function chainReader(start: string): ChainReader {
  let group: Hash | null = null;
  const due = (): string => (group === null ? start : group.copy().digest("hex").slice(0, 32));
  return {
    step(line, c) {
      let wrong: string | null = null;
      if (c !== undefined || group === null) {
        const wanted = due();
        if (c !== wanted) wrong = wanted;
        group = createHash("sha256");
      }
      group.update(line).update("\n");
      return wrong;
    },
    due,
  };
}

/** Which allowed acts have an intent and no outcome. */
export interface OpenActs {
  readonly open: ReadonlySet<string>;
  /** Returns the acts that this event settles although none of them was open. */
  step(event: AuditEvent): readonly string[];
  /** All events of one write at once. */
  stepAll(acts: WrittenActs): void;
}

/** What the events of one write have done to the open acts; what begins and ends in it leaves nothing. */
export interface WrittenActs {
  readonly opened: ReadonlySet<string>;
  readonly settled: readonly string[];
}

export function openActs(initial: Iterable<string> = []): OpenActs {
  const open = new Set<string>(initial);
  const close = (action: string): boolean => open.delete(action);
  return {
    open,
    step(event) {
      if (event.kind === "intent") {
        if (event.decision === "allow") open.add(event.action);
      } else if (event.kind === "outcome") {
        return close(event.action) ? [] : [event.action];
      } else if (event.kind === "recovered") {
        return event.unknownOutcomes.filter((action) => !close(action));
      }
      return [];
    },
    stepAll({ opened, settled }) {
      for (const action of settled) open.delete(action);
      for (const action of opened) open.add(action);
    },
  };
}

/** The acts of a write that is being gathered: their ids alone, as events that are kept alive cost the collector more than their bytes. */
export class GatheredActs {
  #opened = new Set<string>();
  #settled: string[] = [];

  add(event: AuditEvent): void {
    if (event.kind === "intent") {
      if (event.decision === "allow") this.#opened.add(event.action);
    } else if (event.kind === "outcome") this.#settle(event.action);
    else if (event.kind === "recovered") for (const action of event.unknownOutcomes) this.#settle(action);
  }

  /** What was gathered; the next write begins. */
  take(): WrittenActs {
    const taken = { opened: this.#opened, settled: this.#settled };
    this.clear();
    return taken;
  }

  clear(): void {
    this.#opened = new Set();
    this.#settled = [];
  }

  #settle(action: string): void {
    if (!this.#opened.delete(action)) this.#settled.push(action);
  }
}

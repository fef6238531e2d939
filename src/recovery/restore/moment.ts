/**
 * The moment just before an act, by what the log tells of it: a recovery point, the transaction that it was in, or else its time.
 * A fold over records in their order; it reads no file.
 */
import type { AuditEvent } from "../../model/event.ts";
import type { ReplayUntil } from "./source.ts";

export interface Moment {
  /** What was asked for. */
  readonly act: string;
  readonly target: string | undefined;
  readonly database: string | undefined;
  readonly principal: string | undefined;
  readonly atMs: number;
  readonly until: ReplayUntil;
  /** Exact to the transaction; otherwise to the millisecond, and what others committed in the same moment may be in or not. */
  readonly exact: boolean;
}

/** What an operator writes behind `--before`: an act's id, a WAL position, or a time. */
export type Before =
  | { readonly kind: "act"; readonly action: string }
  | { readonly kind: "lsn"; readonly lsn: string }
  | { readonly kind: "time"; readonly atMs: number };

/** `undefined` where it is none of them. */
export function parseBefore(text: string): Before | undefined {
  if (/^s_[0-9a-z]+\.\d+$/.test(text)) return { kind: "act", action: text };
  if (/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(text)) return { kind: "lsn", lsn: text };
  const atMs = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : { kind: "time", atMs };
}

/** A moment that was not looked up in a log. */
export function momentOf(before: Exclude<Before, { kind: "act" }>, nowMs: number): Moment {
  const unknown = { target: undefined, database: undefined, principal: undefined };
  if (before.kind === "time")
    return { act: new Date(before.atMs).toISOString(), ...unknown, atMs: before.atMs, until: before, exact: false };
  return { act: before.lsn, ...unknown, atMs: nowMs, until: before, exact: true };
}

export class ActSearch {
  readonly #action: string;
  readonly #session: string;
  #opened: { readonly target: string; readonly database: string; readonly principal: string } | undefined;
  #atMs: number | undefined;
  #lsn: string | undefined;
  #transaction: string | undefined;

  constructor(action: string) {
    this.#action = action;
    this.#session = action.slice(0, action.indexOf("."));
  }

  step(event: AuditEvent, atMs: number): void {
    switch (event.kind) {
      case "session_opened":
        if (event.session === this.#session) this.#opened = event;
        return;
      case "intent":
        if (event.action === this.#action) this.#atMs ??= atMs;
        return;
      case "recovery_point":
        if (event.action === this.#action && event.lsn !== null) this.#lsn ??= event.lsn;
        return;
      case "transaction_ended":
        if (event.transaction !== undefined && event.actions.some((action) => action === this.#action))
          this.#transaction ??= event.transaction;
        return;
      default:
    }
  }

  /** `undefined` where the log does not know the act. */
  found(): Moment | undefined {
    if (this.#atMs === undefined) return undefined;
    const { target, database, principal } = this.#opened ?? { target: undefined, database: undefined, principal: undefined };
    const until: ReplayUntil =
      this.#lsn !== undefined
        ? { kind: "lsn", lsn: this.#lsn }
        : this.#transaction !== undefined
          ? { kind: "before_transaction", transaction: this.#transaction }
          : { kind: "time", atMs: this.#atMs };
    return { act: this.#action, target, database, principal, atMs: this.#atMs, until, exact: until.kind !== "time" };
  }
}

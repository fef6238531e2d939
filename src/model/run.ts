/**
 * A run: one session of one principal over all its connections, with what it was started for and what it may use up.
 * In commands and documents it is "the session"; the audit log's `session` is one connection of it.
 */
import type { RunId } from "../base/ids.ts";
import type { Environment, Principal } from "./principal.ts";

/** What a run may use up in all; `null` is no limit. */
export interface Budget {
  readonly statements: number | null;
  readonly rowsRead: number | null;
  readonly rowsChanged: number | null;
  /** Bytes of rows that were returned. */
  readonly bytes: number | null;
  /** Acts that were held for a person. */
  readonly held: number | null;
  readonly wallMs: number | null;
}

export const noBudget: Budget = { statements: null, rowsRead: null, rowsChanged: null, bytes: null, held: null, wallMs: null };

/** Of two budgets the stricter figure each: what a run asks for can only lower what its target allows. */
export function strictestBudget(target: Budget | undefined, asked: Partial<Budget>): Budget {
  const lower = (a: number | null, b: number | null | undefined): number | null =>
    a === null || b === null || b === undefined ? (a ?? b ?? null) : Math.min(a, b);
  const own = target ?? noBudget;
  return {
    statements: lower(own.statements, asked.statements),
    rowsRead: lower(own.rowsRead, asked.rowsRead),
    rowsChanged: lower(own.rowsChanged, asked.rowsChanged),
    bytes: lower(own.bytes, asked.bytes),
    held: lower(own.held, asked.held),
    wallMs: lower(own.wallMs, asked.wallMs),
  };
}

/** What a run has used up. Wall time follows from the clock. */
export interface Used {
  readonly statements: number;
  readonly refused: number;
  readonly rowsRead: number;
  readonly rowsChanged: number;
  readonly bytes: number;
  readonly held: number;
}

export const nothingUsed: Used = { statements: 0, refused: 0, rowsRead: 0, rowsChanged: 0, bytes: 0, held: 0 };

/** `program`: made for one program and gone with it. `login`: a configured user, from its first connection on. */
export type RunKind = "program" | "login";

/** The state of a run. A suspended one keeps its place and may do nothing. */
export type RunState = "open" | "suspended" | "ended";

export interface Run {
  readonly id: RunId;
  readonly kind: RunKind;
  /** The name that its connections log in with. */
  readonly principal: string;
  readonly principalKind: Principal["kind"];
  readonly target: string;
  readonly environment: Environment;
  /** The program as it was started, and what it says its version is: data, never trusted. Empty for a login. */
  readonly program: string;
  readonly programVersion: string;
  /** The person it acts for, as whoever started it says; empty when nobody was named. */
  readonly actsFor: string;
  readonly purpose: string;
  readonly budget: Budget;
  readonly startedAtMs: number;
  readonly state: RunState;
  readonly endedAtMs?: number;
  /** Why it was suspended or ended. */
  readonly because?: string;
  readonly used: Used;
}

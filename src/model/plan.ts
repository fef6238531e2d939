/**
 * A plan: what one act was measured to do, what it rests on, and the digest that binds both to exactly that act.
 * It does not carry the act's bytes: they come again with whoever has it carried out, and must have the same digest.
 */
import type { ActionId, PlanId, RunId, SessionId } from "../base/ids.ts";
import type { Effect, Reversibility } from "./effect.ts";
import type { TableCount } from "./outcome.ts";
import type { Environment } from "./principal.ts";

export interface Plan {
  readonly version: 1;
  readonly id: PlanId;
  readonly madeAtMs: number;
  /** Afterwards it is of no use, whatever was answered. */
  readonly expiresAtMs: number;
  readonly target: PlanTarget;
  readonly asked: PlanAsker;
  readonly act: PlannedAct;
  readonly effects: readonly Effect[];
  /** `null`: nothing was measured, and `unmeasured` says why. */
  readonly measured: Measurement | null;
  /** What no rolled-back trial can tell of this act, a sentence each. Never empty where `measured` is `null`. */
  readonly unmeasured: readonly string[];
  /** What others say of what it would change, such as the provider whose it is; never a measurement. Absent where nobody was asked. */
  readonly told?: readonly string[];
  readonly reversibility: Reversibility;
  /** What can be taken back and how, what cannot, and since when there is a verified backup: a sentence each, for people. */
  readonly undo: readonly string[];
  readonly policy: { readonly digest: string; readonly rules: readonly string[] };
  /** What it rests on, by name and value, as they were: one of them changed makes the plan stale. */
  readonly preconditions: readonly Precondition[];
  /** SHA-256 over the canonical form of everything that binds, the expiry included (`approvals/plan-digest.ts`). */
  readonly digest: string;
}

export interface PlanTarget {
  readonly name: string;
  readonly environment: Environment;
  readonly database: string;
  /** Of the real server, as it says itself: another server with the same address is another target. */
  readonly identity: string;
}

/** Who wants it. `actsFor` and `purpose` are what whoever started the run says. */
export interface PlanAsker {
  readonly principal: string;
  readonly session?: SessionId;
  readonly run?: RunId;
  readonly action?: ActionId;
  readonly actsFor?: string;
  readonly purpose?: string;
}

export interface PlannedAct {
  /** Of the exact bytes with their parameters. */
  readonly digest: string;
  /** As people may read it: the whole of it, never cut, with what is classified secret masked. */
  readonly shown: string;
  /** Statements (or calls) that it consists of. */
  readonly parts: number;
}

export interface Precondition {
  readonly name: string;
  readonly value: string;
}

/** What a trial that was rolled back did. Numbers are the server's own counts, never estimates. */
export interface Measurement {
  readonly tables: readonly TableChange[];
  /** What would be gone, with what goes along. */
  readonly objects: readonly ObjectChange[];
  readonly locks: readonly LockTaken[];
  /** Rows that each part said it changed or returned, in order; `null` where it said none. */
  readonly parts: readonly (number | null)[];
  readonly elapsedMs: number;
  /** Where it was measured. */
  readonly on: "target" | "replica" | "clone";
  /** Absent where the act removes nothing that a bin could hold, or there is none. */
  readonly bin?: BinMeasure;
}

/**
 * Whether the bin takes what the act removes: it then goes there when the act is carried out, for `keepMs` at most. `untried`: the trial
 * was elsewhere than the bin, and the act goes there or is not carried out.
 */
export type BinMeasure =
  | { readonly takes: "all" | "untried"; readonly keepMs: number }
  | { readonly takes: "nothing"; readonly because: string };

/** What the act removes rests in the bin afterwards, or nothing was done. */
export function goesToBin(bin: BinMeasure | undefined): bin is Extract<BinMeasure, { keepMs: number }> {
  return bin !== undefined && bin.takes !== "nothing";
}

export interface TableChange {
  readonly table: string;
  /** What the act names itself. */
  readonly direct: RowCounts;
  /** What follows through foreign keys, triggers and functions. */
  readonly following: RowCounts;
  /** Rows it had before; `null` where counting would have taken too long. */
  readonly rowsBefore: number | null;
  readonly bytes: number | null;
  /** Of the rows that the act itself updates and deletes, as they were; absent where they are too many, or could not be read. */
  readonly rowsDigest?: string;
  readonly samples: readonly SampleRow[];
}

/** All rows of each table, what follows included. A trial counts what TRUNCATE takes as deleted. */
export function tableCounts({ tables }: Pick<Measurement, "tables">): readonly TableCount[] {
  return tables.map(({ table, direct, following }) => ({
    table,
    inserted: direct.inserted + following.inserted,
    updated: direct.updated + following.updated,
    deleted: direct.deleted + following.deleted,
    truncated: 0,
  }));
}

export interface RowCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** One row as it was and as it would be; a value that is classified, or not known to be public, is masked. */
export interface SampleRow {
  readonly before: Readonly<Record<string, string | null>> | null;
  readonly after: Readonly<Record<string, string | null>> | null;
}

export interface ObjectChange {
  readonly type: string;
  readonly name: string;
  readonly change: "dropped" | "truncated" | "altered" | "created";
  /** The object's name through which it goes; absent for what the act names itself. */
  readonly through?: string;
}

export interface LockTaken {
  readonly relation: string;
  readonly mode: string;
  readonly heldMs: number;
}

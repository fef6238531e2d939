/**
 * What the routes for drills and restores ask of the running gateway. The composition root fulfils it.
 * A drill is run here; a restore runs where the person is, and is put on record here.
 */
import type { Drill } from "../model/recovery.ts";
import type { Signer } from "./parts.ts";

export interface WantedDrill {
  /** Empty is the only one. */
  readonly target: string;
  /** An act's id, a WAL position or a time; empty is now. */
  readonly before: string;
}

/** All that a person signs. */
export interface RestoreRecord {
  readonly target: string;
  readonly backup: string;
  readonly until: string;
  readonly what: "scratch" | "tables" | "cluster";
  readonly names: readonly string[];
}

/** Every method rejects with `ControlRefusal` where it is not to be. */
export interface DrillControl {
  readonly drill: (wanted: WantedDrill, by: Signer) => Promise<Drill>;
  /** Durable when it resolves. */
  readonly restored: (record: RestoreRecord, by: Signer) => Promise<void>;
}

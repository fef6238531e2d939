/**
 * Runs, asks, grants and disarms as entries of a table each, whatever database has the tables: when one is over, and how it is read back.
 * It does not write or read by itself.
 */
import type { Disarm } from "../model/disarm.ts";
import type { Ask, Grant } from "../model/grant.ts";
import type { Run } from "../model/run.ts";
import { parseAsk, parseDisarm, parseGrant, parseRun } from "./entries.ts";

export const entryTables = ["runs", "asks", "grants", "disarms"] as const;
export type EntryTable = (typeof entryTables)[number];

export abstract class KeptEntries {
  /** Puts the entry in place of the one with its id. `over`: it may be forgotten beyond what is kept. */
  protected abstract put(table: EntryTable, entry: { readonly id: string }, over: boolean): Promise<void>;

  /** In the order in which they were first put. Rejects where an entry is not understood. */
  protected abstract all<T extends { readonly id: string }>(
    table: EntryTable,
    parse: (text: string) => T | undefined,
  ): Promise<readonly T[]>;

  putRun(run: Run): Promise<void> {
    return this.put("runs", run, run.state === "ended");
  }

  putAsk(ask: Ask): Promise<void> {
    return this.put("asks", ask, ask.state !== "open");
  }

  putGrant(grant: Grant): Promise<void> {
    return this.put("grants", grant, grant.state === "lapsed");
  }

  /** Over from the first: what is old is forgotten beyond what is kept. */
  putDisarm(disarm: Disarm): Promise<void> {
    return this.put("disarms", disarm, true);
  }

  runs(): Promise<readonly Run[]> {
    return this.all("runs", parseRun);
  }

  asks(): Promise<readonly Ask[]> {
    return this.all("asks", parseAsk);
  }

  grants(): Promise<readonly Grant[]> {
    return this.all("grants", parseGrant);
  }

  disarms(): Promise<readonly Disarm[]> {
    return this.all("disarms", parseDisarm);
  }
}

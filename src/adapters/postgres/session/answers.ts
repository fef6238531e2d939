/**
 * What an entry of the queue says about the answer to it: whose it is, what waits for it, whether COPY data are still to come.
 * It does not change anything.
 */
import type { Act } from "./act.ts";
import { IDLE, type Core } from "./core.ts";
import type { MeterBounds } from "./meter-sql.ts";
import { EXECUTE, type Expect } from "./queue.ts";

/** A reading follows that counts for this statement alone, and sees all that it changes. */
export function readingDecides(core: Core, { act, kind, inside, splice }: Expect): boolean {
  if (act === undefined || !act.metered || act.foreign) return false;
  if (kind === EXECUTE) return core.status === IDLE && core.meter.single;
  return splice?.readingFollows === true || (inside === true && act.writing === 1);
}

/** Whether the completion of this statement is told only when the meter has agreed. */
export function mustWait(core: Core, entry: Expect): boolean {
  const { act } = entry;
  if (act === undefined || !act.metered) return false;
  if (entry.kind === EXECUTE) return core.status === IDLE;
  if (entry.inside === true) return act.completed >= act.admission.statements.length;
  return entry.splice?.readingFollows === true;
}

/** The answer is to a query of ours that returns a row. */
export function isOwn({ audience, splice }: Expect): boolean {
  return audience === "context" || audience === "meter" || splice?.reading !== undefined;
}

/** The bounds of the reading whose answer is complete with this entry's; `undefined` for anything else. */
export function readingOf({ splice, reading, audience, kind }: Expect): MeterBounds | undefined {
  return splice?.reading ?? (audience === "meter" && kind === EXECUTE ? reading?.bounds : undefined);
}

/** Whether the end of a transaction was skipped behind `failed`. */
export function endSkipped(skipped: readonly Expect[], failed: Expect): boolean {
  return skipped.some((gone) => gone !== failed && gone.kind === EXECUTE && gone.act?.facts.ends === true);
}

export function copyToCome(act: Act): boolean {
  return act.facts.copyIn && act.admission.statements.slice(act.completed).some((statement) => statement.copy === "in");
}

export function copyInFlight(core: Core): boolean {
  for (const { act } of core.expect.all()) if (act !== undefined && copyToCome(act)) return true;
  return false;
}

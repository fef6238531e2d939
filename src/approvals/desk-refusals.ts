/**
 * Acts that a person has said no to: the same act is not asked about again, in the same run at all, in others for a while. Nor is another
 * text that would empty or remove what the refused one would have.
 * It holds what a person said, and no rule.
 */
import type { RunId } from "../base/ids.ts";
import type { Approval } from "../model/approval.ts";
import type { Plan } from "../model/plan.ts";

export interface Refusal {
  readonly approval: Approval["id"];
  readonly person: string;
  readonly reason: string;
  readonly atMs: number;
  readonly run: RunId | undefined;
}

/** Whose acts, and where. */
export interface RefusedTo {
  readonly principal: string;
  readonly target: { readonly name: string; readonly database: string };
}

/** In which run it is asked about again, and since when another run's no still holds. */
export interface AskedAgain {
  readonly run: RunId | undefined;
  readonly sinceMs: number;
}

interface Remembered extends Refusal {
  readonly act: string;
  readonly whole: readonly string[];
}

/** Principals at targets, and refusals of each: the oldest are forgotten beyond this. */
const PLACES_MAX = 2_000;
const REMEMBERED_MAX = 200;

export class Refusals {
  readonly #places = new Map<string, readonly Remembered[]>();

  /** Takes up a denied approval; nothing else. */
  note({ id, state, plan, answers }: Approval): void {
    const no = answers.find(({ answer }) => answer === "deny");
    if (state !== "denied" || no === undefined) return;
    const { asked, target, act } = plan;
    const key = placeKey({ principal: asked.principal, target });
    const others = (this.#places.get(key) ?? []).filter(({ approval }) => approval !== id);
    const { person, reason, atMs } = no;
    const own: Remembered = { approval: id, person, reason, atMs, run: asked.run, act: act.digest, whole: wholeOf(plan) };
    this.#places.delete(key);
    this.#places.set(key, [...others, own].slice(-REMEMBERED_MAX));
    const [oldest] = this.#places.keys();
    if (this.#places.size > PLACES_MAX && oldest !== undefined) this.#places.delete(oldest);
  }

  /** `act` is the digest of its bytes: a setting changed in between makes no other act of it. */
  of(whose: RefusedTo, act: string, again: AskedAgain): Refusal | undefined {
    return this.#holding(whose, again).findLast((each) => each.act === act);
  }

  /** Of a text that would do as a whole what was refused: what was to be emptied or removed then would be now. */
  ofEffect(whose: RefusedTo, plan: Plan, again: AskedAgain): Refusal | undefined {
    const whole = new Set(wholeOf(plan));
    if (whole.size === 0) return undefined;
    return this.#holding(whose, again).findLast((each) => each.whole.length > 0 && each.whole.every((name) => whole.has(name)));
  }

  #holding(whose: RefusedTo, { run, sinceMs }: AskedAgain): readonly Remembered[] {
    const remembered = this.#places.get(placeKey(whose)) ?? [];
    return remembered.filter((each) => (run !== undefined && each.run === run) || each.atMs >= sinceMs);
  }
}

/** What it would leave nothing of: by name, and whether the thing itself goes or what it holds. */
function wholeOf({ measured }: Plan): readonly string[] {
  if (measured === null) return [];
  const emptied = measured.tables.filter(({ direct, following, rowsBefore }) => {
    const deleted = direct.deleted + following.deleted;
    return rowsBefore !== null && deleted > 0 && deleted >= rowsBefore;
  });
  const names = [
    ...emptied.map(({ table }) => `empties ${table}`),
    ...measured.objects.flatMap(({ change, name }) => {
      if (change === "truncated") return [`empties ${name}`];
      return change === "dropped" ? [`removes ${name}`] : [];
    }),
  ];
  return [...new Set(names)];
}

function placeKey({ principal, target }: RefusedTo): string {
  return JSON.stringify([principal, target.name, target.database]);
}

/**
 * What this gateway may use of a run's budget that others share: figures that are looked at for each act, and never waited for.
 * It asks for more by itself when half of what it had is used; where that comes from is not its business.
 */
import { type Counted, counted } from "../model/run-account.ts";
import type { Budget, Used } from "../model/run.ts";
import type { Spent } from "./reasons.ts";
import type { Figures } from "./shares.ts";

const nothing: Figures = { statements: 0, rowsRead: 0, rowsChanged: 0, bytes: 0, held: 0 };

export class Portion {
  /** This configuration's own: whatever the store says, it is never more. */
  readonly #budget: Budget;
  #granted: Figures = nothing;
  #elsewhere: Figures = nothing;
  /** Where it is time to ask for more. */
  #marks = { ...nothing };
  readonly #short = new Set<Counted>();
  /** Told when it begins to run short of something. */
  low: () => void = () => {};

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  max(what: Counted): number | null {
    const budget = this.#budget[what];
    return budget === null ? null : Math.min(budget, this.#granted[what]);
  }

  /** What it has run short of since it was last given. */
  get short(): ReadonlySet<Counted> {
    return this.#short;
  }

  /** Before others may have it: from now on this gateway uses no more. */
  lower(granted: Figures): void {
    this.#granted = each((what) => Math.min(this.#granted[what], granted[what]));
  }

  /** The store has it so. `elsewhere`: what there may be to get. */
  give(granted: Figures, elsewhere: Figures, used: Used): void {
    this.#granted = granted;
    this.#elsewhere = elsewhere;
    this.#short.clear();
    // Nothing of it yet: asked for again as soon as another gives back.
    for (const what of counted)
      if (this.#budget[what] !== null && granted[what] <= used[what] && elsewhere[what] > 0) this.#short.add(what);
    this.#marks = each((what) => {
      if (this.#budget[what] === null || elsewhere[what] === 0) return Number.POSITIVE_INFINITY;
      return used[what] + Math.ceil(Math.max(0, granted[what] - used[what]) / 2);
    });
  }

  /** Others have changed something. */
  see(elsewhere: Figures): void {
    this.#elsewhere = elsewhere;
  }

  /** Nothing is held of something that there may be more of. */
  get wanting(): boolean {
    return counted.some((what) => this.#budget[what] !== null && this.#granted[what] === 0 && this.#elsewhere[what] > 0);
  }

  /** After something was used; `held` is what open transactions may still use. */
  look(used: Used, rowsHeld: number): void {
    for (const what of counted) {
      const figure = what === "rowsChanged" ? used.rowsChanged + rowsHeld : used[what];
      if (figure < this.#marks[what]) continue;
      this.#marks[what] = Number.POSITIVE_INFINITY;
      this.#short.add(what);
      this.low();
    }
  }

  /** Why nothing of it is left here although the budget is not used up; `undefined` where it is. */
  lacking(what: Counted, words: string): Spent | undefined {
    const allowed = this.#budget[what];
    if (allowed === null || this.#elsewhere[what] === 0) return undefined;
    if (!this.#short.has(what)) {
      this.#short.add(what);
      this.low();
    }
    const message = `what is left of the session's budget of ${allowed} ${words} is held for its connections at another gateway`;
    const next = "try again in a second, or when the session's other transactions have ended";
    return { reason: { code: "budget_exhausted", message, next }, figure: Math.max(0, this.#granted[what]), allowed };
  }
}

function each(of: (what: Counted) => number): Record<Counted, number> {
  return {
    statements: of("statements"),
    rowsRead: of("rowsRead"),
    rowsChanged: of("rowsChanged"),
    bytes: of("bytes"),
    held: of("held"),
  };
}

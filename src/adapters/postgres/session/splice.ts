/**
 * A simple query in which statements of ours stand between the client's: which of its answers are whose.
 * It does not hold the text.
 */
import type { MeterBounds } from "./meter-sql.ts";

export class Splice {
  /** One entry a statement of the query, in order: the bounds of a reading, `null` for a statement of the client's. */
  readonly #statements: readonly (MeterBounds | null)[];
  #at = 0;

  constructor(statements: readonly (MeterBounds | null)[]) {
    this.#statements = statements;
  }

  /** The bounds of the reading that is being answered; `undefined` when the client's own statement is. */
  get reading(): MeterBounds | undefined {
    return this.#statements[this.#at] ?? undefined;
  }

  /** A reading follows the statement that is being answered: its completion is kept back until that has passed. */
  get readingFollows(): boolean {
    return this.#statements[this.#at + 1] != null;
  }

  /** The server has completed a statement. */
  next(): void {
    this.#at += 1;
  }
}

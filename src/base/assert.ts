/**
 * Assertions that stay on in production, and the exhaustive-switch guard.
 * It does not format messages for people: an assertion that fails is a defect of ours.
 */

/** Raised when the program contradicts itself. Never raised for bad input. */
export class Defect extends Error {
  override readonly name = "Defect";
}

/** Throws {@link Defect} unless `condition` holds. `what` states the invariant positively. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Defect(`invariant broken: ${what}`);
}

/** The `default` of every exhaustive switch. A value that reaches it was not in the closed union. */
export function assertNever(value: never, where: string): never {
  throw new Defect(`unexpected value in ${where}: ${JSON.stringify(value)}`);
}

/**
 * Errors that a person at the command line can act on, and the exit codes they end in.
 * Anything else that is thrown is a defect of ours and is shown as one.
 */

export const exitCodes = { done: 0, failed: 1, wrongUse: 2, held: 3 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Carries a message (lower case, no final stop, input in backticks, cause after a colon) and what to do about it. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: ExitCode;
  readonly next: string | undefined;

  constructor(code: ExitCode, message: string, next?: string) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

/** Something was refused or did not work. */
export function failed(message: string, next?: string): CliError {
  return new CliError(exitCodes.failed, message, next);
}

/** The command was called in a way that cannot work. */
export function wrongUse(message: string, next?: string): CliError {
  return new CliError(exitCodes.wrongUse, message, next);
}

/** The text of whatever was thrown, for the place after a colon. */
export function causeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node reports a refused connection to several addresses as an AggregateError with an empty message.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(causeText).join(", ");
  return error.message;
}

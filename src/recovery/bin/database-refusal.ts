/**
 * Errors of the statements that put a database into the bin, told as the server tells them of DROP DATABASE.
 * What is no answer to the act (a lost connection, a full disk) is not one here either.
 */

/** As it goes over the wire. */
export interface ServerError {
  readonly severity: "ERROR";
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** SQLSTATEs that say something about the database or about who asks. */
const ANSWERS = new Set(["3D000", "42501", "42809", "55006"]);

export function databaseRefusal(error: unknown, name: string): ServerError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, detail, hint } = error as Error & { code?: string; detail?: string; hint?: string };
  if (code === undefined || !ANSWERS.has(code)) return undefined;
  // The server lets an owner drop, but wants CREATEDB of who renames.
  if (error.message === "permission denied to rename database")
    return {
      severity: "ERROR",
      code,
      message: `database \`${name}\` cannot be put into the bin: the login that Holdfast uses may not rename databases`,
      hint: "Give that role CREATEDB, or have the act approved as it is: holdfast plan.",
    };
  return { severity: "ERROR", code, message: error.message, ...(detail ? { detail } : {}), ...(hint ? { hint } : {}) };
}

/**
 * Why a trial came to nothing, in the terms of whoever asked for it: given up for a limit, refused by the server, or not to be had.
 * It reads no more of the server's words than name objects and limits.
 */
import { NotMeasurable } from "../../../pipeline/approvals-port.ts";
import { actError } from "./act-frames.ts";
import { ConnectionLost, ServerRefused } from "./frame-client.ts";
import { TooManyObjects } from "./objects.ts";

/** The trial ended without a measurement, and without an error of server or connection. It must not be asked about. */
export class TrialRefused extends Error {
  override readonly name = "TrialRefused";
}

/** The server's error to the act itself. */
export class ActRefused extends Error {
  override readonly name = "ActRefused";
  readonly sqlstate: string;

  constructor(sqlstate: string, because: string) {
    super(because);
    this.sqlstate = sqlstate;
  }
}

/** Limits that were reached say nothing of the act but that it is too much for a trial: a person may still be asked. */
const LIMITS: ReadonlySet<string> = new Set(["57014", "55P03", "40P01", "25P03"]);

export function refusing(error: unknown, identity: string, gaveUp: string | undefined): NotMeasurable {
  if (error instanceof NotMeasurable) return error;
  if (gaveUp !== undefined) return new NotMeasurable(gaveUp, identity);
  if (error instanceof TrialRefused) return new NotMeasurable(error.message, identity, true);
  if (error instanceof TooManyObjects) return new NotMeasurable(`it drops, changes or makes ${error.message}`, identity);
  if (error instanceof ActRefused) return ofServer(error.sqlstate, error.message, identity);
  if (error instanceof ServerRefused) return ofServer(error.sqlstate, actError(error.frame).because, identity);
  if (error instanceof ConnectionLost) return new NotMeasurable(`the executor's connection was lost: ${error.message}`, identity, true);
  throw error;
}

function ofServer(sqlstate: string, because: string, identity: string): NotMeasurable {
  if (LIMITS.has(sqlstate)) return new NotMeasurable(`its trial was given up: ${because}`, identity);
  return new NotMeasurable(`the server refuses it: ${because}`, identity, true);
}

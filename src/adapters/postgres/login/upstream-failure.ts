/**
 * Why a login at the server failed: what the client is told, and what is recorded.
 * The server's own words pass only where they cannot name Holdfast's login or its address.
 */

export interface UpstreamFailure {
  readonly kind: "failed";
  readonly sqlstate: string;
  /** For the client. */
  readonly message: string;
  readonly hint?: string;
  /** For the record and the operator: may name the server's role, never a password. */
  readonly because: string;
}

/** Thrown by who lends the login, where the client itself can ask for something else: its message is for the client. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
  readonly sqlstate: string;

  constructor(sqlstate: string, message: string) {
    super(message);
    this.sqlstate = sqlstate;
  }
}

/** What becomes of an error of who lends the login. */
export function lendingFailed(error: unknown): UpstreamFailure {
  if (!(error instanceof LoginRefused)) return loginFailed(error instanceof Error ? error.message : "no session role could be made");
  const { sqlstate, message } = error;
  return { kind: "failed", sqlstate, message: `holdfast: ${message}`, because: message };
}

/** Holdfast or the operator has to act; the client only learns that it is so. */
export function loginFailed(because: string): UpstreamFailure {
  return {
    kind: "failed",
    sqlstate: "08006",
    message: "cannot log in to the server behind Holdfast",
    hint: "the reason stands in Holdfast's audit log",
    because,
  };
}

/** The server cannot be reached, or went away: the code a client knows from a server that is starting up. */
export function serverUnreachable(because: string): UpstreamFailure {
  return { kind: "failed", sqlstate: "57P03", message: "the server behind Holdfast cannot be reached: try again later", because };
}

/** Codes whose text speaks of the database the client named, or of the server's state. */
const PASSED = new Set(["3D000", "53300", "57P01", "57P02", "57P03", "55000", "57P05"]);

/** An ErrorResponse of the server before its session was authenticated. */
export function refusedByServer(fields: ReadonlyMap<string, string>): UpstreamFailure {
  const sqlstate = fields.get("C") ?? "";
  const message = fields.get("M") ?? "";
  const because = `the server answered \`${sqlstate}\`: ${message}`;
  return PASSED.has(sqlstate) ? { kind: "failed", sqlstate, message, because } : loginFailed(because);
}

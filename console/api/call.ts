/**
 * Calls of the console's API: JSON in and out, the token that a foreign page cannot know, refusals as errors.
 * It keeps no data; whoever is no longer logged in is told so by `onLoggedOut`.
 */

/** What the server refused, in its own words. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: string;
  readonly next: string | undefined;
  readonly status: number;

  constructor(status: number, code: string, message: string, next?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.next = next;
  }
}

export type Call = <T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown) => Promise<T>;

const csrfHeader = "x-holdfast-csrf";

/** What the calls know of the login, and tell of the server. */
export interface CallContext {
  readonly csrf: () => string | undefined;
  readonly onLoggedOut: () => void;
  /** The server's time, from its answers. */
  readonly onDate: (serverMs: number) => void;
}

export function callsWith(context: CallContext): Call {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const csrf = context.csrf();
    const headers: Record<string, string> = { accept: "application/json" };
    if (method !== "GET" && csrf !== undefined) headers[csrfHeader] = csrf;
    if (method !== "GET") headers["content-type"] = "application/json";
    const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store", redirect: "error" };
    const response = await fetch(path, method === "GET" ? init : { ...init, body: JSON.stringify(body ?? {}) }).catch(() => {
      throw new Refused(
        0,
        "unreachable",
        "Holdfast does not answer: nothing is known of what became of this",
        "look at the list before trying again",
      );
    });
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) context.onDate(date);
    if (response.ok) return (response.status === 204 ? null : await response.json()) as T;
    const refused = await refusalOf(response);
    if (response.status === 401 && path !== "/api/login") context.onLoggedOut();
    throw refused;
  };
}

async function refusalOf(response: Response): Promise<Refused> {
  const answer: unknown = await response.json().catch(() => null);
  const error = isRecord(answer) && isRecord(answer["error"]) ? answer["error"] : {};
  const text = (key: string): string | undefined => (typeof error[key] === "string" ? error[key] : undefined);
  return new Refused(
    response.status,
    text("code") ?? "internal",
    text("message") ?? `the server answered ${response.status}`,
    text("next"),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** An error as one sentence for the screen. */
export function wordsOf(error: unknown): string {
  if (error instanceof Refused) return error.next === undefined ? error.message : `${error.message}: ${error.next}`;
  return error instanceof Error ? error.message : "something failed";
}

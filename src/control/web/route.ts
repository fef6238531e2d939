/**
 * What a route of the console's API is: a method and a path, and its answer to a request whose login was found and whose body was read.
 * It does no I/O.
 */
import type { VerifiedPerson } from "../authority-port.ts";
import type { Login } from "./logins.ts";
import type { WebConsole } from "./parts.ts";

export interface WebRequest {
  /** What stands in the place of `*` in the path, decoded. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; `null` where there is none. */
  readonly body: unknown;
}

export interface LoggedIn {
  readonly login: Login;
  /** As the vault has the person now. */
  readonly person: VerifiedPerson;
}

export type WebAnswer =
  | { readonly status: number; readonly body: unknown; readonly cookie?: string }
  /** Server-sent events until the login ends; `begin` is given a sink and returns how to let go. */
  | { readonly status: 200; readonly stream: (sink: EventSink) => () => void };

export interface EventSink {
  /** Never blocks: a reader that is too slow is cut off, and comes again. */
  send(event: string, data: unknown): void;
}

interface Place {
  readonly method: "GET" | "POST" | "DELETE";
  /** `/api/approvals`, or `/api/approvals/*` with one name in the star's place. */
  readonly path: string;
}

/** `open`: for anybody who reaches the server. Any other route cannot be written without the person in its hands. */
export type WebRoute =
  | (Place & { readonly open: true; readonly answer: (request: WebRequest, console: WebConsole) => Promise<WebAnswer> | WebAnswer })
  | (Place & {
      readonly open: false;
      readonly answer: (request: WebRequest, console: WebConsole, by: LoggedIn) => Promise<WebAnswer> | WebAnswer;
    });

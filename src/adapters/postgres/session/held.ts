/**
 * What a session knows of an act that a person must agree to: the text as it was judged, the portal that waits, and the wait itself.
 * It holds no behaviour but the wait's own end; `held-run.ts` presents and carries out.
 */
import type { SqlContext } from "../../../model/action.ts";
import type { Approvals } from "../../../pipeline/approvals-port.ts";
import type { Held } from "../../../pipeline/guard.ts";
import type { Executor, ExecutorMessage } from "../executor/port.ts";
import type { Refusal } from "./act.ts";
import { refusal } from "./refusal.ts";

/** Where acts can be brought before persons and carried out. */
export interface HeldParts {
  readonly approvals: Approvals;
  readonly executor: Executor;
  /** Settings as the server had reported them when the session began. */
  readonly settings: ReadonlyMap<string, string>;
}

/** A text that the policy holds, and the context that it was judged in. */
export interface HeldText {
  readonly admission: Held;
  readonly text: string;
  readonly context: SqlContext;
}

/** A prepared statement that is held: the server never knows it under a name, so that nothing there can run it by one. */
export interface HeldStatement {
  readonly admission: Held;
  /** OIDs as Parse gave them; 0 where it left one open. */
  readonly types: readonly number[];
  /** Its judgement was not used by an Execute yet. */
  fresh: boolean;
}

/** A portal over a held statement. The server never has it. */
export interface HeldPortal {
  /** What stands behind the two names in Bind. */
  readonly bind: Buffer;
  /** Set when it was carried out: what the client has not taken yet. */
  rest: Buffer[] | undefined;
}

/** One act as it is presented. */
export interface HeldAsk {
  readonly held: Held;
  readonly text: string;
  readonly context: SqlContext;
  /** Of Parse, where one of them is not the server's own. */
  readonly parameterTypes: readonly number[] | undefined;
  readonly message: ExecutorMessage;
}

export type HeldAnswer =
  /** The server's own messages, without ReadyForQuery. */
  | { readonly kind: "done"; readonly answers: readonly Buffer[] }
  /** The server's own ErrorResponse. */
  | { readonly kind: "failed"; readonly error: Buffer }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What a client reads that has taken back what it asked for. */
export const withdrawn: HeldAnswer = {
  kind: "refused",
  refusal: refusal("approval_required", "canceling statement due to user request", undefined, "57014"),
};

/** The wait of one message for a person, and for what was approved to be done. */
export class HeldWait {
  readonly #gone = new AbortController();
  answer: HeldAnswer | undefined = undefined;
  /** It is being carried out: nothing stops it any more, and the session's record stays open until it is over. */
  running = false;
  /** Nobody waits here any more. */
  ended = false;
  /** Resolves when nothing more comes of it. Never rejects. */
  over: Promise<void> = Promise.resolve();

  /** Aborted when whoever waits has gone. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** `left`: the client has gone or given up, so that the act must not run later. */
  end(left: boolean): void {
    this.ended = true;
    if (left) this.#gone.abort();
  }
}

/**
 * One client connection of one caller, as the guard knows it: opened with its first request, closed with its socket.
 * It counts acts and decides nothing.
 */
import { actionId, newSessionId, type RandomBytes } from "../../base/ids.ts";
import type { Clock } from "../../base/clock.ts";
import type { Action } from "../../model/action.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import type { Session } from "../../model/principal.ts";
import type { Guard } from "../../pipeline/guard.ts";
import type { Caller } from "./options.ts";

export interface HttpSessionParts {
  readonly guard: Guard;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

export class HttpSession {
  readonly caller: Caller;
  readonly session: Session;
  readonly #guard: Guard;
  #acts = 0;
  #running = 0;
  /** Set when the client has gone: closed once nothing of it is under way any more. */
  #because: string | undefined;
  #closed = false;

  constructor(caller: Caller, { peer, client }: { peer: string; client: string }, { guard, clock, random }: HttpSessionParts) {
    this.caller = caller;
    this.#guard = guard;
    this.session = { id: newSessionId(random), principal: caller.principal, client, peer, openedAtMs: clock.now() };
    guard.sessionOpened(this.session, caller.target, undefined);
  }

  action(request: HttpRequest): Action {
    this.#acts += 1;
    const { target, context } = this.caller;
    return { id: actionId(this.session.id, this.#acts), session: this.session, target, payload: { kind: "http", request, context } };
  }

  /** The same act, told more of what it is about. */
  about(action: Action, request: HttpRequest): Action {
    const { payload } = action;
    return payload.kind !== "http" || payload.request === request ? action : { ...action, payload: { ...payload, request } };
  }

  /** While `act` runs the session's record stays open, so that its outcome is seen even where its client has gone. */
  async during(act: () => Promise<void>): Promise<void> {
    this.#running += 1;
    try {
      await act();
    } finally {
      this.#running -= 1;
      this.#settle();
    }
  }

  close(because: string): void {
    this.#because ??= because;
    this.#settle();
  }

  #settle(): void {
    if (this.#closed || this.#because === undefined || this.#running > 0) return;
    this.#closed = true;
    this.#guard.sessionClosed(this.session, this.#because);
  }
}

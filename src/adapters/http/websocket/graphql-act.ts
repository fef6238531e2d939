/**
 * One operation on a WebSocket from the moment it may be sent to its outcome, which is told once.
 * It sends nothing.
 */
import type { Clock } from "../../../base/clock.ts";
import type { Measured, Outcome } from "../../../model/outcome.ts";
import type { Guard } from "../../../pipeline/guard.ts";
import { boundsOf } from "../capabilities.ts";
import type { Passing } from "../passing.ts";

export interface ActParts {
  readonly guard: Guard;
  readonly clock: Clock;
  /** It went beyond what is permitted: it is to be ended. */
  readonly cut: (because: string) => void;
}

export class GraphqlAct {
  readonly #passing: Passing;
  readonly #parts: ActParts;
  readonly #began: number;
  readonly #bytesMax: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  /** A result came: what it asked for has happened. */
  #answered = false;
  #over = false;

  constructor(passing: Passing, parts: ActParts) {
    this.#passing = passing;
    this.#parts = parts;
    this.#began = parts.clock.monotonic();
    const { bytesMax, msMax } = boundsOf(passing.admission);
    this.#bytesMax = bytesMax;
    if (msMax !== undefined) this.#timer = setTimeout(() => this.#cut("it took longer than permitted"), msMax);
  }

  get changes(): boolean {
    return !this.#passing.admission.readOnly;
  }

  get over(): boolean {
    return this.#over;
  }

  came(bytes: number, kind: "result" | "failed" | "over"): void {
    this.#bytes += bytes;
    if (kind === "result") this.#answered = true;
    if (kind === "over") this.#settle({ status: "succeeded", measured: this.#measured() }, "used");
    else if (kind === "failed") this.#settle({ status: "failed", code: "graphql_error", measured: this.#measured() }, "used");
    else if (this.#bytes > this.#bytesMax) this.#cut(`its answer is longer than the ${this.#bytesMax} bytes that are permitted`);
  }

  /** By the client, which waits for no more of it. */
  stopped(): void {
    this.lost("its client waits for no more of it");
  }

  /** It never left. */
  unsent(because: string): void {
    this.#settle({ status: "failed", code: "host_not_reachable", measured: this.#measured() }, "not_reached", because);
  }

  /** Nothing more of it will be seen. */
  lost(because: string): void {
    if (this.#answered || !this.changes) this.#settle({ status: "succeeded", measured: this.#measured() }, "used");
    else this.#settle({ status: "unknown", because }, "unknown");
  }

  #cut(because: string): void {
    if (this.#over) return;
    if (this.changes && !this.#answered) this.#settle({ status: "unknown", because }, "unknown");
    else this.#settle({ status: "failed", code: "time_limit", measured: this.#measured() }, "used");
    this.#parts.cut(because);
  }

  #measured(): Measured {
    return { elapsedMs: Math.max(0.001, this.#parts.clock.monotonic() - this.#began), bytesReturned: this.#bytes };
  }

  #settle(outcome: Outcome, how: "used" | "unknown" | "not_reached", because?: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const { admission, ticket } = this.#passing;
    this.#parts.guard.settle(admission, outcome);
    void ticket?.end(how, because ?? (outcome.status === "unknown" ? outcome.because : `it ${outcome.status}`)).catch(() => undefined);
  }
}

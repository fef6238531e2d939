/**
 * Whether the client went before its answer was written: known at once to whoever asks, and told to those that wait for it.
 * It ends nothing by itself.
 */
import type { ClientResponse } from "./answers.ts";

export class Leaving {
  #aborted = false;
  /** Made for the first who waits: most requests are over before anybody does. */
  #controller: AbortController | undefined;

  constructor(response: ClientResponse) {
    // After the last byte nobody waits any more.
    response.once("close", () => {
      if (response.writableEnded) return;
      this.#aborted = true;
      this.#controller?.abort();
    });
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }
}

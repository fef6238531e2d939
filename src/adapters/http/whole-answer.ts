/**
 * One request of Holdfast's own and its answer, read whole within a bound of size and time.
 * It adds no credential, and reads nothing out of what comes back.
 */
import { messageOf } from "../../base/message-of.ts";
import type { Upstream } from "./upstream.ts";
import type { Outgoing, SentRequest } from "./upstream-port.ts";

/** Answers that tell of one thing are small. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

export interface WholeAnswer {
  readonly status: number;
  readonly bytes: Buffer;
}

export interface WholeAnswerParts {
  readonly upstream: Pick<Upstream, "send">;
  readonly msMax: number;
  /** Why it is given up when this is aborted, in a clause. */
  readonly gone: AbortSignal;
  readonly goneBecause: string;
}

/** A clause where nothing came back. Never rejects. */
export function wholeAnswer(outgoing: Outgoing, { upstream, msMax, gone, goneBecause }: WholeAnswerParts): Promise<WholeAnswer | string> {
  return new Promise((resolve) => {
    let status = 0;
    let size = 0;
    const chunks: Buffer[] = [];
    let sent: SentRequest | undefined;
    const over = (result: WholeAnswer | string): void => {
      clearTimeout(timer);
      gone.removeEventListener("abort", left);
      resolve(result);
    };
    const giveUp = (because: string): void => {
      over(because);
      sent?.abort(because);
    };
    const left = (): void => giveUp(goneBecause);
    const timer = setTimeout(() => giveUp("the provider did not answer in time"), msMax);
    gone.addEventListener("abort", left, { once: true });
    const sink = {
      informed: () => undefined,
      head: (code: number) => void (status = code),
      data: (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES_MAX) giveUp("the provider's answer is longer than is read");
        else chunks.push(chunk);
        return true;
      },
      end: () => over({ status, bytes: Buffer.concat(chunks) }),
      upgraded: () => giveUp("the provider wants to change the protocol"),
      failed: (error: Error) => over(error.message),
    };
    const begin = async (): Promise<void> => void (sent = await upstream.send(outgoing, false, sink));
    begin().catch((error: unknown) => over(messageOf(error)));
  });
}

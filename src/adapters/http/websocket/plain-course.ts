/**
 * Messages of a WebSocket whose handshake was the whole act: consoles, logs, terminals. They are not judged one by one; what is looked for
 * is credentials, which no message may carry but in the place of a placeholder.
 */
import type { BrokerMessage, TakenMessage } from "../options.ts";
import type { Course, Ends, Message } from "./course.ts";
import { opcodes } from "./frames.ts";
import { SecretsAcross } from "./across.ts";

export interface PlainParts {
  readonly take: (message: Pick<BrokerMessage, "text" | "opening">) => TakenMessage;
  readonly holdsSecret: (bytes: Buffer) => boolean;
  /** It is recorded and told aloud. */
  readonly found: (slot: string) => Promise<void>;
  /** What was put in must not come back. */
  readonly put: (secrets: readonly string[]) => void;
}

export class PlainCourse implements Course {
  readonly #parts: PlainParts;
  readonly #across: SecretsAcross;

  constructor(parts: PlainParts) {
    this.#parts = parts;
    this.#across = new SecretsAcross(parts.holdsSecret);
  }

  async fromClient({ text, bytes }: Message, ends: Ends): Promise<void> {
    const { take, found, put } = this.#parts;
    const refuse = async (slot: string): Promise<void> => {
      ends.stop(1008, "it carries a credential that Holdfast did not give out");
      await found(slot);
    };
    if (this.#across.holds(bytes)) return refuse("a message of its WebSocket");
    if (!text) return ends.server.send(opcodes.binary, bytes);
    const taken = take({ text: bytes.toString("utf8"), opening: false });
    if (taken.kind === "found") return refuse(taken.slot);
    const sent = await taken.sent();
    if (typeof sent === "string") return ends.stop(1011, sent);
    put(sent.secrets);
    await ends.server.text(sent.text);
  }

  ended(): Promise<void> {
    return Promise.resolve();
  }
}

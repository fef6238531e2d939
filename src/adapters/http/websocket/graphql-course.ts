/**
 * GraphQL over a WebSocket: each operation that a client begins is an act of its own, judged as a request with the same document would be,
 * held and refused by itself. The connection goes on.
 * It reads no documents, and what opens the connection carries a placeholder or nothing.
 */
import { messageOf } from "../../../base/message-of.ts";
import { limits } from "../../../base/limits.ts";
import type { Reason } from "../../../model/decision.ts";
import type { HttpRequest } from "../../../model/http-request.ts";
import { type OwnAnswer, refusalAnswer } from "../answers.ts";
import type { HeaderPair } from "../codec/headers.ts";
import type { GraphqlAct } from "./graphql-act.ts";
import type { Passing } from "../passing.ts";
import type { Redaction } from "../options.ts";
import type { Course, Ends, Message, RelayEnd } from "./course.ts";
import {
  askText,
  type ClientMessage,
  type GraphqlProtocol,
  messageText,
  readClientMessage,
  readServerMessage,
  refusalText,
  stopText,
} from "./graphql-messages.ts";
import { opcodes } from "./frames.ts";
import type { PlainParts } from "./plain-course.ts";

interface OperationAsking {
  /** Nobody waits for it any more. */
  readonly gone: AbortSignal;
  /** The placeholder that opened the connection, as a request would carry it. */
  readonly header: HeaderPair | undefined;
}

export interface GraphqlParts extends PlainParts {
  readonly protocol: GraphqlProtocol;
  /** Of the handshake. */
  readonly url: string;
  /** From the request to the right to send it. Rejects on a defect. */
  readonly admit: (request: HttpRequest, asking: OperationAsking) => Promise<Passing | OwnAnswer>;
  /** An act that has the right to be sent, told of its outcome. */
  readonly act: (passing: Passing, cut: (because: string) => void) => GraphqlAct;
  readonly redaction: () => Redaction | undefined;
}

interface Asked {
  readonly gone: AbortController;
  /** Once it was sent. */
  act: GraphqlAct | undefined;
  /** Nobody waits for its answer any more. */
  unheard: boolean;
}

export class GraphqlCourse implements Course {
  readonly #parts: GraphqlParts;
  readonly #asked = new Map<string, Asked>();
  readonly #running = new Set<Promise<void>>();
  /** What the connection was opened with. */
  #header: HeaderPair | undefined;

  constructor(parts: GraphqlParts) {
    this.#parts = parts;
  }

  async fromClient({ text, bytes }: Message, ends: Ends): Promise<void> {
    const { protocol, holdsSecret } = this.#parts;
    if (!text) return ends.stop(1003, "a message of GraphQL is text");
    if (holdsSecret(bytes)) return this.#found("a message of its WebSocket", ends);
    const message = readClientMessage(protocol, bytes.toString("utf8"));
    switch (message.kind) {
      case "broken":
        return ends.stop(message.code, message.because);
      case "pass":
        return ends.server.text(message.text);
      case "init":
        return this.#open(message.payload, ends);
      case "stop":
        return this.#stop(message.id, ends);
      case "ask":
        return this.#begin(message, ends);
    }
  }

  async fromServer({ text, bytes }: Message, ends: Ends): Promise<void> {
    const redaction = this.#parts.redaction();
    const shown = redaction === undefined ? bytes : Buffer.concat([redaction.step(bytes), redaction.end()]);
    const told = readServerMessage(this.#parts.protocol, bytes.toString("utf8"));
    const asked = told.kind === "other" ? undefined : this.#asked.get(told.id);
    if (told.kind !== "other" && asked?.act !== undefined) {
      asked.act.came(bytes.length, told.kind);
      if (asked.act.over) this.#asked.delete(told.id);
    }
    if (asked?.unheard !== true) await ends.client.send(text ? opcodes.text : opcodes.binary, shown);
  }

  async ended(end: RelayEnd): Promise<void> {
    for (const { gone } of this.#asked.values()) gone.abort();
    await Promise.all(this.#running);
    for (const { act } of this.#asked.values()) act?.lost(lostText(end));
  }

  async #open(payload: string | undefined, ends: Ends): Promise<void> {
    if (payload === undefined) return ends.server.text(messageText({ type: "connection_init", payload }));
    const taken = this.#parts.take({ text: payload, opening: true });
    if (taken.kind === "found") return this.#found(taken.slot, ends);
    const sent = await taken.sent();
    if (typeof sent === "string") return ends.stop(1011, sent);
    this.#parts.put(sent.secrets);
    this.#header = taken.header;
    await ends.server.text(messageText({ type: "connection_init", payload: sent.text }));
  }

  async #found(slot: string, ends: Ends): Promise<void> {
    ends.stop(1008, "it carries a credential that Holdfast did not give out");
    await this.#parts.found(slot);
  }

  async #stop(id: string, ends: Ends): Promise<void> {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    asked.gone.abort();
    // What may change something is seen to its end, by us alone.
    if (asked.act?.changes === true) asked.unheard = true;
    else {
      this.#asked.delete(id);
      asked.act?.stopped();
      if (asked.act !== undefined) await ends.server.text(stopText(this.#parts.protocol, id));
    }
  }

  /** The next message is read while this one is judged: a person may take minutes. */
  #begin(message: Extract<ClientMessage, { kind: "ask" }>, ends: Ends): void {
    const { id } = message;
    if (this.#asked.has(id)) return ends.stop(4409, `subscriber for ${id} already exists`);
    if (this.#asked.size >= limits.webSocketActsMax) {
      const reason: Reason = { code: "rate_limit", message: `more than ${limits.webSocketActsMax} operations are under way` };
      return void this.#refuse(id, refusalAnswer(reason), ends);
    }
    const asked: Asked = { gone: new AbortController(), act: undefined, unheard: false };
    this.#asked.set(id, asked);
    const running = this.#ask(message, asked, ends).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #ask({ id, payload }: Extract<ClientMessage, { kind: "ask" }>, asked: Asked, ends: Ends): Promise<void> {
    const { protocol, admit, act, take, put } = this.#parts;
    const refuse = (answer: OwnAnswer): void => {
      if (this.#asked.get(id) === asked) this.#asked.delete(id);
      if (!asked.gone.signal.aborted) void this.#refuse(id, answer, ends);
    };
    try {
      const taken = take({ text: payload, opening: false });
      if (taken.kind === "found") return void (await this.#found(taken.slot, ends));
      const passing = await admit(this.#request(taken.judged), { gone: asked.gone.signal, header: this.#header });
      if ("status" in passing) return refuse(passing);
      const begun = act(passing, (because) => {
        void ends.server.text(stopText(protocol, id));
        refuse(refusalAnswer({ code: "time_limit", message: because }));
      });
      const sent = asked.gone.signal.aborted || ends.server.closed ? "nobody waits for it any more" : await taken.sent();
      if (typeof sent === "string") {
        begun.unsent(sent);
        return refuse(refusalAnswer({ code: "host_not_reachable", message: sent }));
      }
      put(sent.secrets);
      asked.act = begun;
      await ends.server.text(askText(protocol, id, sent.text));
    } catch (error) {
      refuse(refusalAnswer({ code: "internal", message: `a defect of Holdfast kept this from being judged: ${messageOf(error)}` }));
    }
  }

  /** As the same document would be asked for by POST; by which way it came stands beside it. */
  #request(body: string): HttpRequest {
    const { url, protocol } = this.#parts;
    const headers: HttpRequest["headers"] = [
      ["content-type", "application/json"],
      ["sec-websocket-protocol", protocol],
    ];
    return { method: "POST", url, headers, body };
  }

  #refuse(id: string, { reason, decision, headers }: OwnAnswer, ends: Ends): Promise<void> {
    const approval = headers?.["holdfast-approval"];
    return ends.client.text(refusalText(this.#parts.protocol, id, reason, { decision, approval }));
  }
}

function lostText(end: RelayEnd): string {
  if (end.kind === "stopped") return `the connection was ended: ${end.because}`;
  return end.kind === "lost" ? "the provider was lost" : "the connection was closed before its answer came";
}

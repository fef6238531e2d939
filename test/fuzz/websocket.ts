/**
 * Fuzz targets of WebSockets: frames, whole, damaged and cut anywhere, against themselves uncut; and messages of GraphQL, whose
 * parts are what any reader of JSON sees.
 */
import assert from "node:assert/strict";
import { FrameReader } from "../../src/adapters/http/websocket/frame-reader.ts";
import { closePayload, frameBytes, opcodes } from "../../src/adapters/http/websocket/frames.ts";
import { askText, graphqlProtocols, readClientMessage } from "../../src/adapters/http/websocket/graphql-messages.ts";
import { membersOf } from "../../src/adapters/http/websocket/json-members.ts";
import { below, bytesOf, chopped, damaged, damagedText, pick } from "./mutate.ts";
import type { Random } from "./wire.ts";

const MESSAGE_BYTES_MAX = 5_000;
const texts = ["", "plain", "é\u{1f600}", "a".repeat(130)];

/** As a client or a server might send them, in the right order or not. */
function someFrames(random: Random, mask: (() => Buffer) | undefined): Buffer {
  const frames = Array.from({ length: 1 + below(random, 6) }, () => {
    const opcode = pick(random, random() < 0.9 ? Object.values(opcodes) : [3, 7, 11, 15]);
    const text = opcode === opcodes.close ? closePayload(1000, "over") : Buffer.from(pick(random, texts));
    const payload = random() < 0.2 ? bytesOf(random, below(random, 3_000)) : text;
    const masked = mask === undefined ? {} : { mask: mask() };
    return frameBytes(opcode, payload, { end: random() < 0.8, ...masked });
  });
  return Buffer.concat(frames);
}

/** In one line each: pieces are put together, as their cuts are the wire's. */
function told(chunks: readonly Buffer[], from: "client" | "server"): readonly string[] {
  const reader = new FrameReader({ from, messageBytesMax: MESSAGE_BYTES_MAX });
  const lines: string[] = [];
  let message: Buffer = Buffer.alloc(0);
  let over = false;
  for (const chunk of chunks) {
    for (const event of reader.push(chunk)) {
      assert(!over, "something comes after the end");
      if (event.kind === "data") {
        message = event.first ? event.bytes : Buffer.concat([message, event.bytes]);
        assert(message.length <= MESSAGE_BYTES_MAX, "a message is longer than its bound");
        if (event.end && event.text) assert(Buffer.from(message.toString("utf8")).equals(message), "a text is not UTF-8");
        if (event.end) lines.push(`${event.text ? "text" : "binary"} ${message.toString("hex")}`);
      } else if (event.kind === "close" || event.kind === "broken") {
        over = true;
        lines.push(`${event.kind} ${event.code ?? ""}`);
      } else {
        assert(event.payload.length <= 125, "a control frame is longer than it may be");
        lines.push(`${event.kind} ${event.payload.toString("hex")}`);
      }
    }
  }
  return lines;
}

/** However they are cut, the same is read; and what was read, written anew, is read as the same again. */
export function webSocketFrames(random: Random): void {
  const from = pick(random, ["client", "server"] as const);
  const whole = someFrames(random, from === "client" ? () => bytesOf(random, 4) : undefined);
  const bytes = random() < 0.5 ? damaged(random, whole) : whole;
  const lines = told([bytes], from);
  const cut = told(chopped(random, bytes), from);
  // A text that is none is seen with the piece that breaks it: what came before is the same.
  assert.deepEqual(cut, lines);
  const anew = lines.flatMap((line) => {
    const [kind = "", payload = ""] = line.split(" ");
    return kind in opcodes && kind !== "close" ? [frameBytes(opcodes[kind as keyof typeof opcodes], Buffer.from(payload, "hex"))] : [];
  });
  assert.deepEqual(
    told([Buffer.concat(anew)], "server"),
    lines.filter((line) => !/^(close|broken)/.test(line)),
  );
}

const messages = [
  { id: "1", type: "subscribe", payload: { query: "{ me { id } }", variables: { "a}": ["]", '"', "\\"], big: 1e21 } } },
  { type: "start", payload: { query: 'mutation { volumeDelete(volumeId: "1") }' }, id: "é" },
  { type: "connection_init", payload: { Authorization: "Bearer x" } },
  { type: "ping" },
  { payload: null, type: "complete", id: "2" },
];

/** What is read of a message are its members as any reader of JSON sees them, and what is sent of an act says nothing else. */
export function graphqlMessages(random: Random): void {
  const sent = JSON.stringify(pick(random, messages), undefined, pick(random, [0, 1, 3]));
  const text = random() < 0.7 ? damagedText(random, sent) : sent;
  const members = membersOf(text);
  if ("refused" in members) return;
  const read = JSON.parse(text) as Record<string, unknown>;
  assert.deepEqual([...members.keys()].toSorted(), Object.keys(read).toSorted());
  for (const [name, value] of members) assert.deepEqual(JSON.parse(value), read[name], name);
  const protocol = pick(random, graphqlProtocols);
  const message = readClientMessage(protocol, text);
  if (message.kind !== "ask") return;
  const { id, type, payload } = read;
  assert.deepEqual(JSON.parse(askText(protocol, message.id, message.payload)), { id, type, payload });
}

/** The frames of a WebSocket as a playbook: bytes by hand in, events out; each again with every cut, and cut short at every byte. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type FrameEvent, FrameReader } from "./frame-reader.ts";
import { closePayload, frameBytes, opcodes } from "./frames.ts";

const bytesMax = 70_000;
const MASK = "37fa213d";
type Side = "client" | "server";

/** One line an event; pieces of one message put together, as their cuts are the wire's. */
function told(events: readonly FrameEvent[]): string[] {
  const lines: string[] = [];
  let pieces: Buffer[] = [];
  for (const event of events) {
    if (event.kind === "data") {
      if (event.first) pieces = [];
      pieces.push(event.bytes);
      const whole = Buffer.concat(pieces);
      if (event.end) lines.push(event.text ? `text ${whole.toString("utf8").slice(0, 40)}`.trim() : `binary ${whole.length}`);
    } else if (event.kind === "close") lines.push(`close ${event.code ?? "-"} ${event.reason}`.trim());
    else if (event.kind === "broken") lines.push(`broken ${event.code}: ${event.because}`);
    else lines.push(`${event.kind} ${event.payload.toString("utf8")}`);
  }
  return lines;
}

function read(bytes: Buffer, from: Side, cuts: readonly number[] = []): FrameEvent[] {
  const reader = new FrameReader({ from, messageBytesMax: bytesMax });
  const edges = [0, ...cuts, bytes.length];
  return edges.slice(1).flatMap((end, at) => [...reader.push(bytes.subarray(edges[at], end))]);
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

// Of RFC 6455, 5.7, and what the sections before it forbid.
const playbook: readonly (readonly [what: string, from: Side, bytes: Buffer, events: readonly string[]])[] = [
  ["a text", "server", hex("81 05 48656c6c6f"), ["text Hello"]],
  ["a masked text", "client", hex(`81 85 ${MASK} 7f9f4d5158`), ["text Hello"]],
  ["fragments", "server", hex("01 03 48656c 80 02 6c6f"), ["text Hello"]],
  ["a ping between fragments", "server", hex("01 03 48656c 89 01 21 80 02 6c6f"), ["ping !", "text Hello"]],
  ["fragments of nothing", "server", hex("01 00 00 00 80 00"), ["text"]],
  ["256 bytes", "server", Buffer.concat([hex("82 7e 0100"), Buffer.alloc(256)]), ["binary 256"]],
  ["65,536 bytes", "server", Buffer.concat([hex("82 7f 0000000000010000"), Buffer.alloc(65_536)]), ["binary 65536"]],
  ["a character in two fragments", "server", hex("01 01 c3 80 01 a9"), ["text é"]],
  ["a masked pong", "client", hex(`8a 85 ${MASK} 7f9f4d5158`), ["pong Hello"]],
  ["a close", "server", hex("88 04 03e8 6f6b"), ["close 1000 ok"]],
  ["a close without a code", "server", hex("88 00"), ["close -"]],
  ["nothing after a close", "server", hex("88 00 81 01 61"), ["close -"]],
  ["a client without a mask", "client", hex("81 01 61"), ["broken 1002: a client's frame is not masked"]],
  ["a server with one", "server", hex(`81 81 ${MASK} 00`), ["broken 1002: a server's frame is masked"]],
  ["a reserved bit", "server", hex("c1 01 61"), ["broken 1002: a reserved bit is set, and no extension was agreed on"]],
  ["a reserved opcode", "server", hex("83 00"), ["broken 1002: an opcode that is reserved"]],
  ["a reserved control opcode", "server", hex("8b 00"), ["broken 1002: an opcode that is reserved"]],
  ["a ping in fragments", "server", hex("09 00"), ["broken 1002: a control frame in fragments"]],
  ["a long ping", "server", hex("89 7e 007e"), ["broken 1002: a control frame that is too long"]],
  ["a continuation of nothing", "server", hex("80 01 61"), ["broken 1002: a continuation of nothing"]],
  ["a message inside another", "server", hex("01 01 61 81 01 62"), ["broken 1002: a message inside another"]],
  ["a length that is too wide", "server", hex("82 7e 007d"), ["broken 1002: a length that is not in its shortest form"]],
  ["a length that is much too wide", "server", hex("82 7f 000000000000ffff"), ["broken 1002: a length that is not in its shortest form"]],
  ["a length beyond all", "server", hex("82 7f ffffffffffffffff"), ["broken 1009: a length that nothing could have"]],
  ["a length beyond the bound", "server", hex("82 7f 0000000000011171"), ["broken 1009: a message of more than 70000 bytes"]],
  [
    "fragments beyond the bound",
    "server",
    Buffer.concat([hex("02 7e ea60"), Buffer.alloc(60_000), hex("80 7e 2711")]),
    ["broken 1009: a message of more than 70000 bytes"],
  ],
  ["no UTF-8", "server", hex("81 02 c328"), ["broken 1007: a text that is not UTF-8"]],
  ["half a character at the end", "server", hex("81 01 c3"), ["broken 1007: a text that is not UTF-8"]],
  ["a surrogate", "server", hex("81 03 eda080"), ["broken 1007: a text that is not UTF-8"]],
  ["a close of one byte", "server", hex("88 01 03"), ["broken 1002: a close of one byte"]],
  ["a close code that is no code", "server", hex("88 02 03ed"), ["broken 1002: a close code that nobody may send"]],
  ["a close whose reason is no text", "server", hex("88 03 03e8 ff"), ["broken 1007: the reason of a close is not UTF-8"]],
];

describe("frames in", () => {
  for (const [what, from, bytes, events] of playbook) {
    test(what, () => {
      assert.deepEqual(told(read(bytes, from)), events);
      const [head, tail] = [Math.min(bytes.length, 40), Math.max(bytes.length - 4, 0)];
      for (let cut = 1; cut < bytes.length; cut++) {
        if (cut > head && cut < tail) continue;
        assert.deepEqual(told(read(bytes, from, [cut])), events, `cut at ${cut}`);
      }
      const every = Array.from({ length: Math.min(bytes.length, 200) }, (_, at) => at);
      assert.deepEqual(told(read(bytes, from, every)), events, "byte by byte");
    });

    test(`${what}, cut short, says nothing that is not so`, () => {
      for (let end = 0; end < Math.min(bytes.length, 40); end++) {
        const seen = told(read(bytes.subarray(0, end), from));
        assert.deepEqual(seen, events.slice(0, seen.length), `the first ${end} bytes`);
      }
    });
  }
});

test("frames out are frames in, however they are cut", () => {
  const frame = fc.record({ text: fc.string({ maxLength: 300, unit: "grapheme" }), mask: fc.uint8Array({ minLength: 4, maxLength: 4 }) });
  const property = fc.property(
    fc.array(frame, { maxLength: 6 }),
    fc.array(fc.nat(2_000), { maxLength: 8 }),
    fc.boolean(),
    (all, at, masked) => {
      const bytes = Buffer.concat(all.map(({ text, mask }) => frameBytes(opcodes.text, Buffer.from(text), masked ? { mask } : {})));
      const cuts = at.filter((each) => each < bytes.length).toSorted((one, other) => one - other);
      const events = read(bytes, masked ? "client" : "server", cuts);
      let seen = "";
      const texts: string[] = [];
      const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
      for (const event of events) {
        assert(event.kind === "data" && event.text);
        seen += utf8.decode(event.bytes, { stream: !event.end });
        if (!event.end) continue;
        texts.push(seen);
        seen = "";
      }
      assert.deepEqual(
        texts,
        all.map(({ text }) => text),
      );
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("a reason that is too long is cut between characters", () => {
  const payload = closePayload(1008, "é".repeat(200));
  assert(payload.length <= 125);
  const [event] = read(frameBytes(opcodes.close, payload), "server");
  assert(event?.kind === "close" && /^é+$/.test(event.reason), "it is read as it was written");
});

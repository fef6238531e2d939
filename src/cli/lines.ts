/**
 * Splits a stream of bytes into lines of bounded length and decodes each strictly.
 * It does not know what a line holds.
 */
import { TextDecoder } from "node:util";

export type Line =
  | { readonly kind: "text"; readonly text: string }
  /** The line's bytes are no UTF-8: decoding it anyway would judge another text than was given. */
  | { readonly kind: "bad_utf8" }
  /** Longer than the limit: its bytes were passed over and not kept. */
  | { readonly kind: "too_long" };

const newline = 0x0a;

/** Lines end at `\n`; a `\r` before it belongs to the end. A last line without an end counts when it holds anything. */
export async function* linesOf(input: AsyncIterable<Uint8Array>, lineBytesMax: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let tooLong = false;
  const keep = (part: Uint8Array) => {
    heldBytes += part.length;
    if (heldBytes > lineBytesMax) {
      tooLong = true;
      held = [];
    }
    if (!tooLong && part.length > 0) held.push(part);
  };
  const finish = (): Line => {
    const line = tooLong ? ({ kind: "too_long" } as const) : decode(held, decoder);
    held = [];
    heldBytes = 0;
    tooLong = false;
    return line;
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (heldBytes > 0) yield finish();
}

function decode(parts: readonly Uint8Array[], decoder: TextDecoder): Line {
  const bytes = parts.length === 1 ? (parts[0] ?? new Uint8Array()) : Buffer.concat(parts);
  const line = bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
  try {
    return { kind: "text", text: decoder.decode(line) };
  } catch {
    return { kind: "bad_utf8" };
  }
}

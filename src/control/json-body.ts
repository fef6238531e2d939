/**
 * A request's body as JSON, bounded while it is read.
 * It does not look at what is in it.
 */
import type { IncomingMessage } from "node:http";
import { ControlRefusal } from "./parts.ts";

/** The largest body is a grant's: fifty names of tables. */
const BODY_BYTES_MAX = 64 * 1024;

/** `bytesMax` where more may come. `null` where there is none. Rejects with {@link ControlRefusal} when it is too long or no JSON. */
export async function readJson(request: IncomingMessage, bytesMax: number = BODY_BYTES_MAX): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new ControlRefusal("too_large", `a body has at most ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  if (bytes === 0) return null;
  const whole = Buffer.concat(chunks);
  try {
    return JSON.parse(whole.toString("utf8"));
  } catch {
    throw new ControlRefusal("bad_request", "the body is not JSON");
  } finally {
    // It may hold a passphrase.
    whole.fill(0);
    for (const chunk of chunks) chunk.fill(0);
  }
}

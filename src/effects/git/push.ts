/**
 * The commands of a push over HTTP (`git-receive-pack`): which refs are made, moved and deleted.
 * It does not know who may, and what it cannot read whole is no list of commands.
 */
import { gunzipSync, constants } from "node:zlib";
import { addsOnly } from "./pack-commits.ts";
import { linesToFlush } from "./pkt-lines.ts";

export interface RefChange {
  readonly ref: string;
  /** `moved_on`: everything that was there before is still in it, which its own commits prove. `moved`: that is not certain. */
  readonly kind: "created" | "deleted" | "moved_on" | "moved";
}

/** Bytes that a compressed body is read to. */
const UNPACKED_BYTES_MAX = 1_048_576;

const COMMAND = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[^\0-\x20\x7f]+)$/;

/**
 * `bytes` begin the body, and may end before it does. `undefined` where the list of commands is not to be read; empty where the body asks
 * for nothing.
 */
export function pushedRefs(bytes: Buffer, encoding: string | undefined): readonly RefChange[] | undefined {
  const plain = unpacked(bytes, encoding);
  const list = plain === undefined ? undefined : linesToFlush(plain);
  if (plain === undefined || list === undefined) return undefined;
  const texts = list.lines.map((line) => line.toString("utf8"));
  const capabilities = (texts[0]?.split("\0")[1] ?? "").trim().split(" ");
  const commands: (readonly [before: string, after: string, ref: string])[] = [];
  for (const text of texts) {
    const line = (text.split("\0")[0] ?? "").replace(/\n$/, "");
    if (/^shallow [0-9a-f]{40,64}$/.test(line)) continue;
    // A signed push holds its commands in a certificate, and what is not a command is not guessed at.
    const [, before, after, ref] = COMMAND.exec(line) ?? [];
    if (before === undefined || after === undefined || ref === undefined || before.length !== after.length) return undefined;
    commands.push([before, after, ref]);
  }
  const options = capabilities.includes("push-options") ? linesToFlush(plain, list.end)?.end : undefined;
  const pack = plain.subarray(options ?? list.end);
  return commands.map(([before, after, ref]) => ({ ref, kind: kindOf(before, after, ref, pack) }));
}

function kindOf(before: string, after: string, ref: string, pack: Buffer): RefChange["kind"] {
  if (/^0+$/.test(after)) return "deleted";
  if (/^0+$/.test(before)) return "created";
  // Whoever moves a tag gives a name that others rely on another meaning.
  return ref.startsWith("refs/heads/") && addsOnly(pack, before, after) ? "moved_on" : "moved";
}

function unpacked(bytes: Buffer, encoding: string | undefined): Buffer | undefined {
  const name = encoding?.trim().toLowerCase();
  if (name === undefined || name === "" || name === "identity") return bytes;
  if (name !== "gzip" && name !== "x-gzip") return undefined;
  try {
    // What is there of it so far is given out, too.
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: UNPACKED_BYTES_MAX });
  } catch {
    return undefined;
  }
}

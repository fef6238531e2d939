/**
 * Takes the demo's evidence from the audit log: that it verifies, and what becomes of a copy in which one byte was changed.
 * It never touches the log itself.
 */
import { cp, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { publicKeyFile } from "../../audit/keys.ts";
import { type VerifyReport, verifyLog } from "../../audit/verify.ts";
import { failed } from "../errors.ts";

export interface Tampering {
  readonly file: string;
  /** The byte's place in the file, from 0. */
  readonly offset: number;
  /** The record whose line it is in, from 0. */
  readonly record: number;
  readonly before: string;
  readonly after: string;
  readonly report: VerifyReport;
}

export async function verifyHere(audit: string, keys: string): Promise<VerifyReport> {
  return verifyLog({ directory: audit, publicKey: await readFile(join(keys, publicKeyFile), "utf8") });
}

/** Makes a recorded refusal read as something else in a copy at `copy`, by one byte, and verifies that copy. */
export async function tamperWithCopy(audit: string, keys: string, copy: string): Promise<Tampering> {
  await cp(audit, copy, { recursive: true });
  const wanted = Buffer.from('"decision":"deny"');
  for (const file of (await readdir(copy)).filter((name) => name.endsWith(".jsonl")).sort()) {
    const bytes = await readFile(join(copy, file));
    const found = bytes.indexOf(wanted);
    if (found < 0) continue;
    // The `y` of deny: what was refused reads as nothing any more.
    const offset = found + wanted.length - 2;
    const record = bytes.subarray(0, offset).filter((byte) => byte === 0x0a).length;
    bytes[offset] = 0x74;
    await writeFile(join(copy, file), bytes);
    return { file, offset, record, before: "deny", after: "dent", report: await verifyHere(copy, keys) };
  }
  throw failed("no refusal is recorded in the audit log");
}

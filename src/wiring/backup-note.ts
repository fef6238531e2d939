/**
 * Which backup of a target is being made by this gateway, noted beside: should it be killed, its next start says what became of it.
 * It is no lock, and counts for nothing but the record.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackupId } from "../base/ids.ts";

export async function noteMaking(place: string, id: BackupId): Promise<void> {
  await writeFile(join(place, "making"), `${id}\n`, { mode: 0o600 });
}

export async function forgetMaking(place: string): Promise<void> {
  await rm(join(place, "making"), { force: true });
}

/** What a process before this one was making when it ended; `undefined` where it was making none. */
export async function leftMaking(place: string): Promise<BackupId | undefined> {
  const text = await readFile(join(place, "making"), "utf8").catch(() => "");
  return /^k_[0-9a-z]{12}\n$/.test(text) ? (text.trim() as BackupId) : undefined;
}

/**
 * Reads every byte of a backup again: opened with the key, unpacked, and held against the manifest and the server's own list.
 * What is whole can still fail to restore; only a drill shows that it does not.
 */
import { createHash } from "node:crypto";
import { Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../base/message-of.ts";
import type { StoredFile } from "./manifest.ts";
import type { Repository, StoredBackup } from "./repository.ts";
import { differences, parseServerManifest, serverManifestName } from "./server-manifest.ts";
import { lookingAtTar, type TarEntry } from "./tar-entries.ts";
import { parseLsn, segmentsBetween } from "./wal-names.ts";

export interface BackupCheck {
  /** A file's name, `server's list` or `WAL`. */
  readonly name: string;
  readonly passed: boolean;
  readonly because: string;
}

/** Never rejects for what is wrong with the backup: that is a check that did not pass. `progress` is told of each stored piece. */
export async function verifyBackup(
  repository: Repository,
  backup: StoredBackup,
  progress: (bytes: number) => void = () => undefined,
): Promise<readonly BackupCheck[]> {
  const checks: BackupCheck[] = [];
  const entries = new Map<string, TarEntry>();
  let list: Buffer | undefined;
  for (const file of backup.manifest.files) {
    const look = file.what === "base" || file.what === "tablespace" ? lookingAtTar(serverManifestName) : undefined;
    const { check, plain } = await verifyFile(repository, backup, file, look?.stream, progress);
    checks.push(check);
    const within = file.what === "tablespace" ? `pg_tblspc/${file.of ?? ""}/` : "";
    for (const [path, entry] of look?.entries ?? []) entries.set(`${within}${path}`, entry);
    list ??= look?.kept() ?? (file.what === "list" ? plain : undefined);
  }
  if (backup.manifest.backup.method === "basebackup") checks.push(checkList(list, entries));
  if (backup.manifest.wal === "archive") checks.push(await checkWal(repository, backup));
  return checks;
}

const KEPT_BYTES_MAX = 512 * 1024 * 1024;

async function verifyFile(
  repository: Repository,
  backup: StoredBackup,
  file: StoredFile,
  look: Transform | undefined,
  progress: (bytes: number) => void,
): Promise<{ readonly check: BackupCheck; readonly plain: Buffer | undefined }> {
  const digest = createHash("sha256");
  let bytes = 0;
  let plainBytes = 0;
  const kept: Buffer[] = [];
  const stored = new Transform({
    transform: (chunk: Buffer, _, done) => {
      digest.update(chunk);
      bytes += chunk.length;
      progress(chunk.length);
      done(null, chunk);
    },
  });
  const end = new Writable({
    write: (chunk: Buffer, _, done) => {
      plainBytes += chunk.length;
      if (file.what === "list" && plainBytes <= KEPT_BYTES_MAX) kept.push(chunk);
      done();
    },
  });
  const failed = (because: string) => ({ check: { name: file.name, passed: false, because }, plain: undefined });
  try {
    await pipeline([repository.read(backup, file, [stored]), ...(look === undefined ? [] : [look]), end]);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failed(code === "ENOENT" ? "it is missing" : messageOf(error));
  }
  if (bytes !== file.bytes) return failed(`it has ${bytes} bytes and should have ${file.bytes}`);
  if (digest.digest("hex") !== file.sha256) return failed("its bytes are not those that were stored");
  const because = `${plainBytes} bytes, ${bytes} as they lie there`;
  return { check: { name: file.name, passed: true, because }, plain: Buffer.concat(kept) };
}

function checkList(list: Buffer | undefined, entries: ReadonlyMap<string, TarEntry>): BackupCheck {
  const name = "server's list";
  if (list === undefined || list.length === 0) return { name, passed: false, because: `\`${serverManifestName}\` is not there` };
  try {
    const manifest = parseServerManifest(list);
    const wrong = differences(manifest, entries);
    if (wrong.length > 0) return { name, passed: false, because: wrong.join(", ") };
    return { name, passed: true, because: `${manifest.files.length} files, each with the SHA-256 that the server gave` };
  } catch (error) {
    return { name, passed: false, because: messageOf(error) };
  }
}

/** From the backup's first position to its last: without these segments it is not consistent. */
async function checkWal(repository: Repository, { manifest }: StoredBackup): Promise<BackupCheck> {
  const { backup, walSegmentBytes = 16 * 1024 * 1024 } = manifest;
  const [from, to] = [parseLsn(backup.from ?? ""), parseLsn(backup.to ?? "")];
  if (from === undefined || to === undefined) return { name: "WAL", passed: false, because: "the manifest names no positions" };
  const needed = segmentsBetween(from, to, walSegmentBytes);
  const missing = await repository.wal(backup.target).missing(backup.timeline ?? 1, ...needed, walSegmentBytes);
  if (missing.length > 0) return { name: "WAL", passed: false, because: `missing in the archive: ${missing.slice(0, 5).join(", ")}` };
  return { name: "WAL", passed: true, because: `${backup.from} to ${backup.to} is in the archive` };
}

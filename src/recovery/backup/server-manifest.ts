/**
 * The list that the server makes of a base backup (`backup_manifest`): each file with its size and SHA-256, and the WAL it needs.
 * Held against what is in the archives it says whether every byte that the server sent is there. It reads no file.
 */
import { sha256Hex } from "../../base/canonical.ts";
import type { TarEntry } from "./tar-entries.ts";

export const serverManifestName = "backup_manifest";

export interface ServerManifest {
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string | undefined }[];
  readonly timeline: number;
  readonly from: string;
  readonly to: string;
}

interface Written {
  readonly Files?: readonly {
    readonly Path?: string;
    readonly "Encoded-Path"?: string;
    readonly Size: number;
    readonly "Checksum-Algorithm"?: string;
    readonly Checksum?: string;
  }[];
  readonly "WAL-Ranges"?: readonly { readonly Timeline: number; readonly "Start-LSN": string; readonly "End-LSN": string }[];
  readonly "Manifest-Checksum"?: string;
}

/** Throws an `Error` that says what is wrong with it: its last line is the digest of all before. */
export function parseServerManifest(bytes: Buffer): ServerManifest {
  const written = JSON.parse(bytes.toString("utf8")) as Written;
  const lastLine = bytes.lastIndexOf("\n", bytes.length - 2) + 1;
  if (written["Manifest-Checksum"] !== sha256Hex(bytes.subarray(0, lastLine))) throw new Error(`\`${serverManifestName}\` was changed`);
  const ranges = written["WAL-Ranges"] ?? [];
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) throw new Error(`\`${serverManifestName}\` names no WAL`);
  const files = (written.Files ?? []).map((file) => ({
    path: file.Path ?? Buffer.from(file["Encoded-Path"] ?? "", "hex").toString("utf8"),
    bytes: file.Size,
    sha256: file["Checksum-Algorithm"] === "SHA256" ? file.Checksum : undefined,
  }));
  return { files, timeline: last.Timeline, from: first["Start-LSN"], to: last["End-LSN"] };
}

/** What is not as the server's list has it, a sentence each, the first {@link toldMax}; nothing where all is. */
export function differences(manifest: ServerManifest, entries: ReadonlyMap<string, TarEntry>): readonly string[] {
  const told: string[] = [];
  for (const { path, bytes, sha256 } of manifest.files) {
    const entry = entries.get(path);
    if (entry === undefined) told.push(`\`${path}\` is missing`);
    else if (entry.bytes !== bytes) told.push(`\`${path}\` has ${entry.bytes} bytes and should have ${bytes}`);
    else if (sha256 !== undefined && entry.sha256 !== sha256) told.push(`\`${path}\` is not as the server sent it`);
    if (told.length === toldMax) break;
  }
  const listed = new Set(manifest.files.map(({ path }) => path));
  // Written by the server after the list, or by pg_basebackup.
  const besides = (path: string): boolean => path === serverManifestName || path.startsWith("pg_wal/") || path === "tablespace_map";
  const foreign = [...entries.keys()].find((path) => !listed.has(path) && !besides(path));
  if (foreign !== undefined) told.push(`\`${foreign}\` is not in the server's list`);
  for (const needed of ["PG_VERSION", "global/pg_control", "backup_label"])
    if (!entries.has(needed)) told.push(`\`${needed}\` is missing: a data directory without it is none`);
  return told;
}

const toldMax = 10;

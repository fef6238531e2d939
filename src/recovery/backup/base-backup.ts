/**
 * A base backup by the server's own command (BASE_BACKUP), as archives: each streamed into the repository as it comes, and held against the
 * server's list of files as it passes. No program is needed for it, of whatever version. Source: PostgreSQL documentation, "Streaming
 * Replication Protocol".
 */
import { Readable } from "node:stream";
import { BackupUnusable, type BackupJob, type MadeFiles } from "./job.ts";
import type { StoredFile } from "./manifest.ts";
import { quotedText, type ReplicationAnswer, type ReplicationWire } from "./replication-port.ts";
import { differences, parseServerManifest, type ServerManifest, serverManifestName } from "./server-manifest.ts";
import { storeStream } from "./store-file.ts";
import { lookingAtTar, type TarEntry } from "./tar-entries.ts";

/** The protocol has the form that is read here since then. */
const OLDEST_MAJOR = 15;

/** Rejects with what the server says, and with {@link BackupUnusable} where what came is not what the server says it sent. */
export async function baseBackup(job: BackupJob): Promise<MadeFiles> {
  const { facts, walArchived, signal } = job;
  if (facts.major < OLDEST_MAJOR)
    throw new Error(
      `base backups are made of PostgreSQL ${OLDEST_MAJOR} and later, and this is ${facts.major}: \`method: dump\` backs it up`,
    );
  const wire = await job.replicate();
  const stop = () => wire.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const { files, entries, list } = await new Receiving(job, wire).all();
    const manifest = demandWhole(list, entries);
    return {
      files,
      wal: walArchived ? "archive" : "inside",
      from: manifest.from,
      to: manifest.to,
      timeline: manifest.timeline,
      tools: { BASE_BACKUP: `${facts.major}.${facts.version % 10_000}` },
      leftOut: [],
      databases: [...facts.databases, ...facts.closed].sort(),
    };
  } finally {
    signal.removeEventListener("abort", stop);
    wire.close();
  }
}

interface Received {
  readonly files: readonly StoredFile[];
  readonly entries: ReadonlyMap<string, TarEntry>;
  readonly list: Buffer;
}

/** First byte of each copied piece. */
const piece = { archive: 0x6e, manifest: 0x6d, data: 0x64, progress: 0x70 } as const;
const LIST_BYTES_MAX = 512 * 1024 * 1024;

class Receiving {
  readonly #job: BackupJob;
  readonly #answers: AsyncGenerator<ReplicationAnswer, void, undefined>;
  readonly #files: StoredFile[] = [];
  readonly #entries = new Map<string, TarEntry>();
  /** What the piece that was taken last begins; `undefined` at the end. */
  #next: Buffer | undefined;

  constructor(job: BackupJob, wire: ReplicationWire) {
    this.#job = job;
    this.#answers = wire.command(commandOf(job));
  }

  async all(): Promise<Received> {
    let list: Buffer | undefined;
    await this.#toNext();
    while (this.#next !== undefined) {
      const begins = this.#next;
      if (begins[0] === piece.archive) await this.#archive(begins);
      else if (begins[0] === piece.manifest) list = await this.#list();
      else throw new Error(`the server sent \`${String.fromCharCode(begins[0] ?? 0)}\` within a base backup, which is not known`);
    }
    if (list === undefined)
      throw new BackupUnusable("the server's own list of files did not come with it", { empty: this.#entries.size === 0 });
    return { files: this.#files, entries: this.#entries, list };
  }

  /** Of no archive: rows with positions and tablespaces, and signs of life. */
  async #toNext(): Promise<void> {
    for await (const _ of this.#bytes()) throw new Error("the server sent bytes of no file");
  }

  /** The bytes up to what begins next. */
  async *#bytes(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const { value: answer, done } = await this.#answers.next();
      if (done === true) return void (this.#next = undefined);
      if (answer.kind !== "copy" || answer.bytes[0] === piece.progress) continue;
      if (answer.bytes[0] !== piece.data) return void (this.#next = answer.bytes);
      yield answer.bytes.subarray(1);
    }
  }

  async #archive(begins: Buffer): Promise<void> {
    const [name = "", location = ""] = begins.subarray(1).toString("utf8").split("\0");
    const [, oid] = /^(?:base|(\d+))\.tar$/.exec(name) ?? [name];
    if (oid === name) throw new Error(`the server names an archive \`${name}\`, which is not known`);
    const look = lookingAtTar(serverManifestName);
    const source = Readable.from(this.#bytes(), { objectMode: false });
    const stored = await storeStream(source, { ...this.#storing(name), watching: [look.stream] });
    const within = oid === undefined ? "" : `pg_tblspc/${oid}/`;
    for (const [path, entry] of look.entries) this.#entries.set(`${within}${path}`, entry);
    this.#files.push(oid === undefined ? { ...stored, what: "base" } : { ...stored, what: "tablespace", of: oid, location });
  }

  async #list(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const each of this.#bytes()) {
      bytes += each.length;
      if (bytes > LIST_BYTES_MAX) throw new Error(`the server's list of files is longer than ${LIST_BYTES_MAX} bytes`);
      pieces.push(each);
    }
    const list = Buffer.concat(pieces);
    // Beside the archives, as a person finds it who checks with `pg_verifybackup`.
    const kept = await storeStream(Readable.from([list], { objectMode: false }), this.#storing(serverManifestName));
    this.#files.push({ ...kept, what: "list" });
    return list;
  }

  #storing(name: string) {
    const { folder, key, random, progress, signal } = this.#job;
    return { folder, name, key, random, progress, signal, compressed: true };
  }
}

/** Where WAL is archived by us, the server need not wait for its own archive; where it is not, the backup holds what it needs. */
function commandOf({ label, walArchived }: BackupJob): string {
  const options = [
    `LABEL ${quotedText(label)}`,
    `WAL ${walArchived ? "false" : "true"}`,
    "WAIT false",
    "CHECKPOINT 'fast'",
    "MANIFEST 'yes'",
    "MANIFEST_CHECKSUMS 'SHA256'",
    "TABLESPACE_MAP true",
  ];
  return `BASE_BACKUP (${options.join(", ")})`;
}

function demandWhole(list: Buffer, entries: ReadonlyMap<string, TarEntry>): ServerManifest {
  const manifest = parseServerManifest(list);
  const wrong = differences(manifest, entries);
  if (wrong.length > 0) throw new BackupUnusable(`what came is not what the server sent: ${wrong.join(", ")}`, { empty: false });
  return manifest;
}

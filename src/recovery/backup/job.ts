/**
 * What a method of backing up is given, and what it gives back: the contract between the methods and `make-backup.ts`.
 * It does nothing.
 */
import type { RandomBytes } from "../../base/ids.ts";
import type { StoredFile } from "./manifest.ts";
import type { ProgramPlaces, ServerLogin } from "./programs.ts";
import type { Replicate } from "./replication-port.ts";
import type { ServerFacts } from "./server-facts.ts";

export interface BackupJob {
  /** The draft's folder. */
  readonly folder: string;
  readonly label: string;
  /** Of a sealed repository. */
  readonly key: Uint8Array | undefined;
  readonly login: ServerLogin;
  /** As that login. */
  readonly replicate: Replicate;
  readonly programs: ProgramPlaces;
  readonly facts: ServerFacts;
  /** WAL goes to the archive all the time: then the backup holds none itself. */
  readonly walArchived: boolean;
  /** A private folder for what cannot be streamed, and for the login's file. */
  readonly spool: string;
  readonly random: RandomBytes;
  /** Told of each piece of plain bytes as it comes from the server. */
  readonly progress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface MadeFiles {
  readonly files: readonly StoredFile[];
  readonly wal: "inside" | "archive" | "none";
  readonly from?: string;
  readonly to?: string;
  readonly timeline?: number;
  readonly tools: Readonly<Record<string, string>>;
  readonly leftOut: readonly string[];
  readonly databases: readonly string[];
}

/** The backup was made and is not one: it is kept out of the repository, and a person hears of it. */
export class BackupUnusable extends Error {
  override readonly name = "BackupUnusable";
  /** It is empty, or far smaller than what it is a backup of. */
  readonly empty: boolean;

  constructor(message: string, options: { readonly empty: boolean }) {
    super(message);
    this.empty = options.empty;
  }
}

/**
 * What the comment of a database in the bin says about it. Whoever owns the database may write there, so nothing is taken on trust but
 * what has the right form; a database whose comment has not is nobody's entry.
 */

/** Names that begin so are the bin's. */
export const binDatabasePrefix = "holdfast_bin_";

export interface DatabaseNote {
  readonly entry: string;
  /** Two targets may be at one server, each with its own persons and its own retention. */
  readonly target: string;
  readonly name: string;
  readonly role: string;
  readonly action: string | null;
  readonly atMs: number;
  /** As they were: ALLOW_CONNECTIONS, CONNECTION LIMIT and the comment. */
  readonly connections: boolean;
  readonly limit: number;
  readonly comment: string | null;
  readonly bytes: number;
  readonly told: boolean;
}

const forms: Readonly<Record<keyof DatabaseNote, (value: unknown) => boolean>> = {
  entry: (value) => typeof value === "string" && /^n_[0-9a-z]{10}$/.test(value),
  target: (value) => typeof value === "string",
  name: (value) => typeof value === "string" && value !== "" && Buffer.byteLength(value) <= 63,
  role: (value) => typeof value === "string",
  action: (value) => value === null || typeof value === "string",
  atMs: Number.isSafeInteger,
  connections: (value) => typeof value === "boolean",
  limit: (value) => Number.isSafeInteger(value) && (value as number) >= -1,
  comment: (value) => value === null || typeof value === "string",
  bytes: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  told: (value) => typeof value === "boolean",
};

export function readNote(comment: string | null): DatabaseNote | undefined {
  let note: unknown;
  try {
    note = (JSON.parse(comment ?? "") as { holdfastBin?: unknown } | null)?.holdfastBin;
  } catch {
    return undefined;
  }
  if (typeof note !== "object" || note === null) return undefined;
  const fields = note as Record<string, unknown>;
  return Object.entries(forms).every(([key, fits]) => fits(fields[key])) ? (note as DatabaseNote) : undefined;
}

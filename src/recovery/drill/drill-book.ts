/**
 * What is known of the newest drills, by target: kept over restarts in a small file of ours; and what a person has to be told about them.
 * It drills nothing and tells nobody.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Drill, RecoveryAlarm, TableRows } from "../../model/recovery.ts";

export interface DrillsKnown {
  readonly newest: { readonly atMs: number; readonly passed: boolean; readonly because: string };
  /** Of the newest one that passed. */
  readonly passedAtMs: number | null;
  /** When each table was last looked at by a drill that passed, qualified. */
  readonly tables: Readonly<Record<string, number>>;
  /** What tables held when they were last looked at. */
  readonly rows: readonly TableRows[];
}

/** Tables that are remembered; the longest not looked at go first. */
const TABLES_MAX = 5_000;

export class DrillBook {
  readonly #file: string;
  readonly #known: Map<string, DrillsKnown>;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string, known: ReadonlyMap<string, DrillsKnown>) {
    this.#file = file;
    this.#known = new Map(known);
  }

  /** What cannot be read is as if no drill had been: the next one comes the sooner. */
  static async open(file: string): Promise<DrillBook> {
    const text = await readFile(file, "utf8").catch(() => "{}");
    return new DrillBook(file, knownIn(text));
  }

  of(target: string): DrillsKnown | undefined {
    return this.#known.get(target);
  }

  /** Durable when it resolves. */
  async note(drill: Drill): Promise<void> {
    this.#known.set(drill.target, withDrill(this.#known.get(drill.target), drill));
    const text = `${JSON.stringify(Object.fromEntries(this.#known))}\n`;
    const writing = this.#writing.then(async () => {
      await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
      await writeFile(`${this.#file}.new`, text, { mode: 0o600, flush: true });
      await rename(`${this.#file}.new`, this.#file);
    });
    this.#writing = writing.catch(() => undefined);
    await writing;
  }
}

/** What is known after one more. */
export function withDrill(before: DrillsKnown | undefined, { atMs, passed, checks, tables }: Drill): DrillsKnown {
  const first = checks.find((check) => !check.passed);
  const newest = { atMs, passed, because: first === undefined ? "" : `${first.name}: ${first.because}` };
  if (!passed) return { newest, passedAtMs: before?.passedAtMs ?? null, tables: before?.tables ?? {}, rows: before?.rows ?? [] };
  const found = checks.flatMap(({ figures }) => (figures === undefined ? [] : [figures]));
  const kept = (before?.rows ?? []).filter(
    ({ table, database }) => !found.some((each) => each.table === table && each.database === database),
  );
  const looked = { ...before?.tables, ...Object.fromEntries(tables.map((table) => [table, atMs])) };
  const newestTables = Object.entries(looked)
    .sort(([, a], [, b]) => b - a)
    .slice(0, TABLES_MAX);
  return { newest, passedAtMs: atMs, tables: Object.fromEntries(newestTables), rows: [...found, ...kept].slice(0, TABLES_MAX) };
}

/** `sinceMs`: since when there has been a backup that could have been tried, or this gateway, whichever is later. */
export function drillAlarms(
  known: DrillsKnown | undefined,
  at: { readonly nowMs: number; readonly sinceMs: number; readonly oldMs: number },
) {
  const alarms = new Map<RecoveryAlarm, string>();
  if (known !== undefined && !known.newest.passed) alarms.set("drill_failed", known.newest.because);
  const passedAtMs = known?.passedAtMs ?? null;
  const ageMs = at.nowMs - (passedAtMs ?? at.sinceMs);
  if (ageMs > at.oldMs)
    alarms.set(
      "no_drill",
      passedAtMs === null
        ? "no backup of it was ever restored"
        : `the newest drill that passed is ${Math.floor(ageMs / 86_400_000)} days old`,
    );
  return alarms;
}

function knownIn(text: string): ReadonlyMap<string, DrillsKnown> {
  try {
    const found = JSON.parse(text) as unknown;
    if (typeof found !== "object" || found === null) return new Map();
    return new Map(Object.entries(found).filter((entry): entry is [string, DrillsKnown] => isKnown(entry[1])));
  } catch {
    return new Map();
  }
}

function isKnown(value: unknown): boolean {
  const { newest, tables, rows } = (value ?? {}) as Partial<DrillsKnown>;
  return typeof newest?.atMs === "number" && typeof tables === "object" && Array.isArray(rows);
}

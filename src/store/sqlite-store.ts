/**
 * The embedded store: one SQLite file in the state directory, opened by one process, every put its own durable transaction.
 * It does not share its file: several gateways will need the PostgreSQL store.
 */
import { chmod, open } from "node:fs/promises";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ApprovalId } from "../base/ids.ts";
import type { Approval } from "../model/approval.ts";
import { type EntryTable, entryTables, KeptEntries } from "./kept-entries.ts";
import { migrations } from "./migrations.ts";
import { type ControlStore, StoreUnavailable, keptMax } from "./port.ts";
import { SqliteApprovals } from "./sqlite-approvals.ts";

/** 64 MiB in pages of 4 KiB: a thousand entries of each kind take about two. A bound, so that a loop elsewhere cannot fill the disk. */
const PAGES_MAX = 16_384;

/** Rejects with {@link StoreUnavailable} when the file is another program's, a later version's, damaged, or in use. */
export async function openSqliteStore(path: string): Promise<ControlStore> {
  try {
    // Made by us first: SQLite would make it readable as the umask says, and its companions take the file's mode.
    await (await open(path, "a", 0o600)).close();
    await chmod(path, 0o600);
    const database = await connect(path);
    try {
      prepare(database);
      return new SqliteStore(database, path);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw unavailable(path, error);
  }
}

async function connect(path: string): Promise<DatabaseSync> {
  const { DatabaseSync } = await sqlite();
  return new DatabaseSync(path);
}

/** Node 22 calls the module experimental on standard error at its first import; that word is not for our users. */
async function sqlite(): Promise<typeof import("node:sqlite")> {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return await import("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

function prepare(database: DatabaseSync): void {
  // EXCLUSIVE before the first access: the lock is then kept until the file is closed, and there is no shared memory beside it.
  database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA trusted_schema = OFF; PRAGMA max_page_count = ${PAGES_MAX}`);
  const { user_version: at } = database.prepare("PRAGMA user_version").get() as { user_version: number };
  if (at > migrations.length) throw new Error(`it was written by a later version of Holdfast (${at}, known ${migrations.length})`);
  // Taken even when nothing is to be done: it finds out now, and not at the first put, that another process has the file.
  database.exec("BEGIN IMMEDIATE");
  for (const migration of migrations.slice(at)) database.exec(migration);
  for (const table of entryTables)
    database.exec(`DELETE FROM ${table} WHERE over = 1 AND place <= (SELECT max(place) FROM ${table}) - ${keptMax}`);
  database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
}

class SqliteStore extends KeptEntries implements ControlStore {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #puts: Readonly<Record<EntryTable, StatementSync>>;
  readonly #approvals: SqliteApprovals;
  #closed = false;

  constructor(database: DatabaseSync, path: string) {
    super();
    this.#database = database;
    this.#path = path;
    const put = (table: EntryTable) =>
      database.prepare(
        `INSERT INTO ${table} (id, over, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET over = excluded.over, body = excluded.body`,
      );
    this.#puts = { runs: put("runs"), asks: put("asks"), grants: put("grants"), disarms: put("disarms") };
    this.#approvals = new SqliteApprovals(database);
  }

  changeApproval(approval: Approval): Promise<boolean> {
    return this.#tried(() => this.#approvals.change(approval));
  }

  approval(id: ApprovalId): Promise<Approval | undefined> {
    return this.#tried(() => this.#approvals.one(id));
  }

  approvals(): Promise<readonly Approval[]> {
    return this.#tried(() => this.#approvals.all());
  }

  onApproval(changed: (id: ApprovalId) => void): () => void {
    return this.#approvals.onChange(changed);
  }

  close(): Promise<void> {
    if (!this.#closed) this.#database.close();
    this.#closed = true;
    return Promise.resolve();
  }

  protected async put(table: EntryTable, entry: { readonly id: string }, over: boolean): Promise<void> {
    await this.#tried(() => this.#puts[table].run(entry.id, over ? 1 : 0, JSON.stringify(entry)));
  }

  protected all<T extends { readonly id: string }>(table: EntryTable, parse: (text: string) => T | undefined): Promise<readonly T[]> {
    return this.#tried(() => {
      const rows = this.#database.prepare(`SELECT id, body FROM ${table} ORDER BY place`).all() as { id: string; body: string }[];
      return rows.map(({ id, body }) => {
        const entry = parse(body);
        if (entry === undefined) throw new Error(`\`${id}\` in \`${table}\` is not understood`);
        return entry;
      });
    });
  }

  async #tried<T>(act: () => T): Promise<T> {
    try {
      return act();
    } catch (error) {
      throw unavailable(this.#path, error);
    }
  }
}

function unavailable(path: string, error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  const { message = String(error), errcode } = error as { message?: string; errcode?: number };
  // SQLITE_BUSY, and SQLITE_LOCKED.
  const cause = errcode === 5 || errcode === 6 ? "another process has it open" : message;
  return new StoreUnavailable(`the control store \`${path}\` cannot be used: ${cause}`);
}

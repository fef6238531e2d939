/**
 * What names mean now, as the server reports it: role, search_path, temporary relations, catalogue version, uncommitted DDL.
 * It does not talk to the server; the session sends `CONTEXT_SQL` when this says it must and hands the row back.
 */
import { literal } from "../../../base/sql-text.ts";
import type { SqlContext } from "../../../model/action.ts";
import type { TransactionControl } from "../../../model/decision.ts";
import type { TransactionEnd } from "../../../model/outcome.ts";
import type { CatalogueSource, Definition } from "../../../catalogue/source.ts";

/** Reserved for statements and portals of ours; a client's name that begins so is refused. */
export const RESERVED = "holdfast_";

const op = (name: string): string => `OPERATOR(pg_catalog.${name})`;

/**
 * The schemas of search_path, taken apart by us: `current_schemas` makes the session's temporary schema when pg_temp stands first in it.
 * As the server does: quotes undone, the rest in lower case, `$user` is the role, and what does not exist or may not be used is left out.
 */
const LISTED = `SELECT pg_catalog.json_agg(p.name ORDER BY p.place) FROM (
 SELECT m.place, CASE WHEN n.name ${op("=")} '$user' THEN CURRENT_USER::pg_catalog.text ELSE n.name END AS name
 FROM pg_catalog.regexp_matches(pg_catalog.current_setting('search_path'), '("(?:[^"]|"")*"|[^",[:space:]]+)', 'g') WITH ORDINALITY m(word, place),
 LATERAL (SELECT CASE WHEN pg_catalog.left(m.word[1], 1) ${op("=")} '"'
  THEN pg_catalog.replace(pg_catalog.substr(m.word[1], 2, pg_catalog.length(m.word[1]) ${op("-")} 2), '""', '"')
  ELSE pg_catalog.lower(m.word[1]) END AS name) n) p
 WHERE p.name ${op("=")} 'pg_temp' OR EXISTS (SELECT FROM pg_catalog.pg_namespace s WHERE s.nspname ${op("=")} p.name::pg_catalog.name
 AND pg_catalog.has_schema_privilege(s.oid, 'USAGE'))`;

/**
 * Every name is qualified: an earlier schema on the search_path must not answer for us. One row: role, session role,
 * schemas, temporary names, temporary views. Only listed schemas are asked for: pg_temp is searched unlisted, but made in only when listed.
 */
export const CONTEXT_SQL = `SELECT CURRENT_USER, SESSION_USER, CASE WHEN pg_catalog.pg_my_temp_schema() ${op("=")} 0::pg_catalog.oid
 AND pg_catalog.strpos(pg_catalog.lower(pg_catalog.current_setting('search_path')), 'pg_temp') ${op(">")} 0
 THEN COALESCE((${LISTED}), '[]') ELSE pg_catalog.array_to_json(pg_catalog.current_schemas(false)) END,
 CASE WHEN pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN NULL
 ELSE (SELECT pg_catalog.json_agg(c.relname) FROM pg_catalog.pg_class c
 WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()) END,
 CASE WHEN pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN NULL
 ELSE (SELECT pg_catalog.json_agg(c.relname) FROM pg_catalog.pg_class c
 WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()
 AND c.relkind OPERATOR(pg_catalog.=) 'v'::"char") END`;

type Parts = Pick<SqlContext, "role" | "sessionRole" | "searchPath" | "temporary" | "temporaryViews" | "timeLimits">;

/** Contexts of a whole target, so that sessions in the same situation share one object and with it the cached decisions. */
export class ContextPool {
  readonly #known = new Map<string, SqlContext>();

  intern(parts: Parts, catalogueVersion: number): SqlContext {
    const key = JSON.stringify([
      parts.role,
      parts.sessionRole,
      parts.searchPath,
      parts.temporary,
      parts.temporaryViews ?? [],
      parts.timeLimits ?? null,
      catalogueVersion,
    ]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    // A bound, not an LRU: losing an entry costs one judgement.
    if (this.#known.size >= 4096) this.#known.clear();
    const made: SqlContext = Object.freeze({ ...parts, catalogueVersion, pendingDdl: Object.freeze([]) });
    this.#known.set(key, made);
    return made;
  }
}

export class ContextKeeper {
  /** The server must be asked before the next statement is judged. */
  dirty = false;
  /** The catalogue must be read again before the next statement is judged. */
  stale = false;
  /** Something in the open transaction changed it: its end may take that back. */
  changedInTransaction = false;
  readonly #pool: ContextPool;
  readonly #source: CatalogueSource;
  #parts: Parts;
  #delayed = false;
  #pending: readonly Defined[] = [];
  /** What ended with a transaction and the catalogue's source has not been told of. */
  #done: Defined[] = [];
  /** Open savepoints, outermost first, and how much DDL had run at each. */
  #savepoints: { readonly name: string; readonly ddl: number }[] = [];
  #current: SqlContext;

  constructor(pool: ContextPool, source: CatalogueSource, parts: Parts) {
    this.#pool = pool;
    this.#source = source;
    this.#parts = parts;
    this.#current = pool.intern(parts, source.version);
  }

  /** The context of a statement that is judged now. The object is the same as long as nothing changed. */
  get current(): SqlContext {
    if (this.#current.catalogueVersion !== this.#source.version) this.#rebuild();
    return this.#current;
  }

  /** Takes the row of `CONTEXT_SQL`. False when it is not what was asked for. */
  report(values: readonly (string | null)[]): boolean {
    const [role, sessionRole, schemas, temporary, views] = values;
    if (values.length !== 5 || role == null || sessionRole == null || schemas == null) return false;
    const searchPath = texts(schemas);
    const names = temporary == null ? [] : texts(temporary);
    const temporaryViews = views == null ? [] : texts(views);
    if (searchPath === undefined || names === undefined || temporaryViews === undefined) return false;
    const shown = temporaryViews.length === 0 ? {} : { temporaryViews: temporaryViews.toSorted() };
    const { timeLimits } = this.#parts;
    const limited = timeLimits === undefined ? {} : { timeLimits };
    this.#parts = { role, sessionRole, searchPath, temporary: names.toSorted(), ...shown, ...limited };
    this.dirty = false;
    this.#rebuild();
    return true;
  }

  /** A cursor or portal that calls functions is open until the transaction ends. */
  delay(): void {
    if (this.#delayed) return;
    this.#delayed = true;
    this.#rebuild();
  }

  /** No transaction is open. */
  idle(): void {
    if (!this.#delayed) return;
    this.#delayed = false;
    this.#rebuild();
  }

  /** DDL that ran in the open transaction. `plain`: the text tells all that it did. */
  ddl(text: string, plain: boolean): void {
    this.#pending = [...this.#pending, { text, searchPath: this.#parts.searchPath, plain }];
    this.#rebuild();
  }

  /** Something may have been defined and committed that shows in no text. */
  unclear(): void {
    this.#done.push({ text: "", searchPath: [], plain: false });
  }

  /** Whether the end of the open transaction may change what names mean. */
  get unsettled(): boolean {
    return this.changedInTransaction || this.#pending.length > 0;
  }

  /** A savepoint was set, released or gone back to: DDL after it is undone with it. */
  savepoint(kind: TransactionControl, name: string): void {
    if (kind === "savepoint") this.#savepoints.push({ name, ddl: this.#pending.length });
    const index = this.#savepoints.findLastIndex((one) => one.name === name);
    const found = this.#savepoints[index];
    if (kind === "savepoint" || found === undefined) return;
    this.#savepoints = this.#savepoints.slice(0, kind === "release" ? index : index + 1);
    if (kind === "release" || found.ddl === this.#pending.length) return;
    this.#pending = this.#pending.slice(0, found.ddl);
    this.#rebuild();
  }

  /** A transaction ended; another may begin in the same text. Its DDL is committed, or gone. */
  ended(end: TransactionEnd): void {
    if (this.changedInTransaction) this.dirty = true;
    this.changedInTransaction = false;
    this.#savepoints = [];
    if (this.#pending.length === 0) return;
    if (end === "committed") this.#done.push(...this.#pending);
    if (end === "unknown") this.unclear();
    this.#pending = [];
    this.#rebuild();
  }

  /** Tells the catalogue's source what was committed: from here on every session is judged by it. */
  tell(): void {
    if (this.#done.length === 0) return;
    const done = this.#done;
    this.#done = [];
    const source = this.#source;
    if (source.defined === undefined) this.stale = true;
    else source.defined(done.every(({ plain }) => plain) ? done : undefined);
  }

  /** The connection is lost: what was on its way may have been committed. */
  lost(definesInFlight: boolean): void {
    if (definesInFlight || this.#pending.length > 0) this.unclear();
    this.tell();
  }

  #rebuild(): void {
    const version = this.#source.version;
    const plain = this.#pool.intern(this.#parts, version);
    const delayed = this.#delayed ? { delayed: true as const } : {};
    if (this.#pending.length === 0) this.#current = this.#delayed ? Object.freeze({ ...plain, ...delayed }) : plain;
    else this.#current = Object.freeze({ ...plain, ...delayed, pendingDdl: this.#pending.map((one) => underPath(one, plain.searchPath)) });
  }
}

interface Defined extends Definition {
  readonly plain: boolean;
}

/** The text as it means the same under another search path. */
function underPath({ text, searchPath }: Definition, now: readonly string[]): string {
  if (searchPath.length === now.length && searchPath.every((schema, i) => schema === now[i])) return text;
  const schemas = searchPath.map(literal);
  return `SET search_path TO ${schemas.join(", ") || "''"};\n${text}`;
}

function texts(json: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

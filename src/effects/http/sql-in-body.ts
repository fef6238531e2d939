/**
 * SQL that a request's body carries: which texts, for which database of its provider, and what they would do together.
 * It does not parse SQL, and does not know which databases an operator has named.
 */
import type { RequestDatabase, SqlContext } from "../../model/action.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import type { PackOperation, PackSql } from "../../packs/pack.ts";
import type { Analysis, SqlAnalyser } from "../analyse.ts";
import { type CanonicalRequest, canonicalRequest } from "./canonical-request.ts";
import { doorsOf } from "./doors.ts";
import { operationsCalled } from "./model-parts.ts";
import { packOf } from "./pack-of.ts";
import { numberedParameters } from "./sql-parameters.ts";
import { type Tree, valuesAt } from "./tree.ts";

/** What a request says of the database that its SQL is for. */
export interface SqlPlace {
  readonly provider: string;
  /** As the provider calls it. */
  readonly project: string;
  /** Where the request names one database of several. */
  readonly database?: string;
  /** Something in it changes what names mean. */
  readonly shifted: boolean;
}

/** `undefined` where the request carries no SQL that could be read. Never throws. */
export function sqlPlaceOf(request: HttpRequest): SqlPlace | undefined {
  const canonical = canonicalRequest(request);
  if ("refused" in canonical) return undefined;
  const { host, body } = canonical;
  const pack = packOf(host);
  const [first] = sqlOf(canonical);
  if (pack === undefined || body.kind !== "tree" || first === undefined) return undefined;
  const { sql } = first;
  const project = projectOf(sql, canonical, body.tree, first.places);
  const named = sql.database === undefined ? [] : valuesAt(body.tree, sql.database);
  const [database] = named;
  const odd = named.length > 1 || (database !== undefined && typeof database !== "string");
  return {
    provider: pack.provider,
    project: project ?? "",
    ...(typeof database === "string" && database !== "" ? { database } : {}),
    shifted:
      odd ||
      project === undefined ||
      (sql.shifts ?? []).some((at) => valuesAt(body.tree, at).some((value) => value !== "" && value !== null)),
  };
}

interface SqlCalled {
  readonly sql: PackSql;
  readonly places: ReadonlyMap<string, string>;
}

/** Of every operation of the pack that the request is and that carries SQL. */
function sqlOf(request: CanonicalRequest): readonly SqlCalled[] {
  const { host, path, methods } = request;
  const pack = packOf(host);
  if (pack === undefined) return [];
  const doors = doorsOf(pack);
  const found: { readonly operation: PackOperation; readonly places: ReadonlyMap<string, string> }[] = [
    ...methods.flatMap((method) => doors.routes(method, host, path)),
    ...operationsCalled(pack, request),
  ];
  return found.flatMap(({ operation: { sql }, places }) => (sql === undefined ? [] : [{ sql, places }]));
}

function projectOf({ project }: PackSql, { host }: CanonicalRequest, body: Tree, places: ReadonlyMap<string, string>): string | undefined {
  if (project === "host") return host.split(/[.:]/)[0];
  if (project.startsWith("{")) return places.get(project.slice(1, -1));
  const [value, another] = valuesAt(body, project.replace(/^body /, ""));
  return typeof value === "string" && another === undefined ? value : undefined;
}

/** Where the rows stand in the answer to a request that carries SQL; `undefined` where they could not be counted. Never throws. */
export function sqlRowsOf(request: HttpRequest): readonly string[] | undefined {
  const canonical = canonicalRequest(request);
  if ("refused" in canonical || canonical.body.kind !== "tree") return undefined;
  const { body } = canonical;
  const all = sqlOf(canonical).map(({ sql }) => sql);
  const [first] = all;
  if (first?.rows === undefined || all.some((each) => each !== first)) return undefined;
  return (first.unrowed ?? []).some((path) => valuesAt(body.tree, path).length > 0) ? undefined : first.rows;
}

/** The texts in their order, or why there are none that could be judged. */
export function sqlTextsIn({ at, parameters }: PackSql, body: Tree): readonly string[] | { readonly problem: string } {
  const texts = at.flatMap((path) => valuesAt(body, path));
  if (texts.length === 0) return { problem: "where its SQL stands is not known" };
  if (!texts.every(isText)) return { problem: "what stands in place of its SQL is no text" };
  if (parameters === undefined) return texts;
  const numbered = texts.flatMap((text) => numberedParameters(text) ?? []);
  return numbered.length === texts.length ? numbered : { problem: "a string or a comment in its SQL has no end" };
}

/** A text that no server could read in two ways. */
function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0") && !/\p{Surrogate}/u.test(value);
}

export interface SqlGround {
  readonly context: SqlContext;
  readonly database: RequestDatabase | undefined;
  readonly sql: SqlAnalyser;
}

/**
 * Texts of one request, judged as what one connection would run: what an earlier one changes holds for those after it. Each must be
 * whole by itself, so that none hides what follows it.
 */
export async function analyseTexts(texts: readonly string[], { context, database, sql }: SqlGround): Promise<Analysis> {
  if (database?.kind === "unknown")
    return { kind: "refused", code: "not_understood", message: `what its SQL would do is not known: ${database.because}` };
  const analysed = (text: string) => sql.analyse({ kind: "sql", text, door: "simple", context });
  if (texts.length > 1)
    for (const text of texts) {
      const alone = await analysed(text);
      if (alone.kind === "refused") return alone;
    }
  return analysed(texts.join("\n;\n"));
}

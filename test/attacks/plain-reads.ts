/**
 * The analysis alone: a case's texts judged against a real server's catalogue. One rule stands for all policy: only a plain read passes.
 * It runs nothing and knows no preset.
 */
import pg from "pg";
import { loadCatalogue } from "../../src/adapters/postgres/catalogue.ts";
import { createJudge, type Judge } from "../../src/effects/sql/judge.ts";
import type { SqlContext } from "../../src/model/action.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Scene } from "./scene.ts";

/** What reads and what every session does; `select` of what is secret is no plain read. */
const plainDetails = new Set([
  "select",
  "copy_out",
  "show",
  "explain",
  "transaction",
  "set_transaction",
  "set_read_only",
  "cursor",
  "prepare",
  "execute_prepared",
  "deallocate",
  "call",
  "discard",
]);
const secretNames =
  /^pg_catalog\.pg_(authid|shadow|user_map.*|subscription|hba_file_rules|file_settings|stat_activity)$|^information_schema\..*user_map/;

export class PlainReads {
  readonly #judge: Judge;
  readonly #context: SqlContext;

  private constructor(judge: Judge, context: SqlContext) {
    this.#judge = judge;
    this.#context = context;
  }

  /** With the catalogue of that database as it is now. */
  static async open(scene: Scene, database: string): Promise<PlainReads> {
    const client = new pg.Client({ connectionString: scene.server.url(database) });
    await client.connect();
    const loaded = await loadCatalogue(client);
    await client.end();
    const judge = await createJudge();
    judge.publish({ ...loaded.data, version: 1 });
    const role = scene.login("ordinary").user;
    const context = {
      role,
      sessionRole: role,
      searchPath: ["pg_catalog", "public"],
      temporary: [],
      temporaryViews: [],
      catalogueVersion: 1,
      pendingDdl: [],
    };
    return new PlainReads(judge, context as SqlContext);
  }

  /** Why the text is more than a plain read; empty when the analysis takes it for one. */
  objections(text: Buffer, searchPath?: readonly string[]): readonly string[] {
    const payload = { kind: "sql", text: text.toString("utf8"), door: "simple" } as const;
    const context = searchPath === undefined ? this.#context : { ...this.#context, searchPath };
    const { analysis } = this.#judge.judge({ ...payload, context });
    if (analysis.kind === "refused") return [`${analysis.code}: ${analysis.message}`];
    return analysis.statements.flatMap(({ effects }) => effects.filter((effect) => !isPlain(effect)).map(shown));
  }
}

function isPlain(effect: Effect): boolean {
  if (!plainDetails.has(effect.detail) || !["read", "execute"].includes(effect.operation)) return false;
  return effect.classification !== "secret" && !secretNames.test(effect.resource.name);
}

function shown({ operation, detail, resource, cause }: Effect): string {
  return `${operation}/${detail} ${resource.type}:${resource.name} (${cause})`;
}

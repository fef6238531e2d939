/**
 * The analysis and the decision of the wire without a wire: for `holdfast explain` and `holdfast policy test`.
 * It runs nothing and records nothing.
 */
import { keptBySetting } from "../adapters/postgres/enforce-time.ts";
import { loadModule, parseSync } from "libpg-query";
import { builtinCatalogue } from "../catalogue/builtin/builtin.ts";
import { openCatalogue } from "../catalogue/snapshot.ts";
import { createSqlAnalyser } from "../effects/sql/pool/pool.ts";
import type { SqlContext } from "../model/action.ts";
import type { Facts } from "../model/facts.ts";
import type { Environment } from "../model/principal.ts";
import { explainCommandLine, explainHttpLine, explainInfra, explainLine, type ExplainParts, explainToolLine } from "../pipeline/explain.ts";
import { type ExampleResult, tryExamples } from "../pipeline/rule-examples.ts";
import { decide } from "../policy/decide.ts";
import type { Policy } from "../policy/policy.ts";

export interface Explainer {
  /** One JSON line in, one JSON line out. Never rejects. */
  explain(line: string): Promise<string>;
  /** The same for a request of an HTTP API. */
  explainHttp(line: string): Promise<string>;
  /** The same for a call of a tool, and for one of a program. */
  explainTool(line: string): Promise<string>;
  explainCommand(line: string): Promise<string>;
  /** What a plan of an infrastructure tool would come to: the text in, JSON out. Never throws. */
  explainInfra(text: string): string;
  /** Statements of the schema that were not understood: what they define is not known. */
  readonly notUnderstood: readonly string[];
  close(): Promise<void>;
}

export interface PolicyTest {
  /** The examples of every rule, tried one after the other. */
  results(): AsyncGenerator<ExampleResult>;
  close(): Promise<void>;
}

interface Judged {
  readonly environment: Environment;
  readonly policy: Policy;
  /** As at a target that keeps a bin. */
  readonly bin?: boolean;
}

/** `schema` holds DDL texts that stand for the catalogue. */
export async function openExplainer(options: Judged & { readonly schema: readonly string[] }): Promise<Explainer> {
  const { parts, notUnderstood, close } = await openParts(options, options.schema);
  return {
    notUnderstood,
    explain: async (line) => JSON.stringify(await explainLine(line, parts)),
    explainHttp: async (line) => JSON.stringify(await explainHttpLine(line, parts)),
    explainTool: async (line) => JSON.stringify(explainToolLine(line, parts)),
    explainCommand: async (line) => JSON.stringify(await explainCommandLine(line, parts)),
    explainInfra: (text) => JSON.stringify(explainInfra(text, parts)),
    close,
  };
}

/** The examples speak of the schema that the policy carries for them. */
export async function openPolicyTest(options: Judged): Promise<PolicyTest> {
  const { parts, close } = await openParts(options, options.policy.examplesSchema ?? []);
  return { results: () => tryExamples(parts), close };
}

interface OpenParts {
  readonly parts: ExplainParts;
  readonly notUnderstood: readonly string[];
  close(): Promise<void>;
}

const VERSION = 1;

async function openParts({ environment, policy, bin }: Judged, schema: readonly string[]): Promise<OpenParts> {
  await loadModule();
  const { catalogue, notUnderstood } = openCatalogue(builtinCatalogue()).withDdl(schema, parseSync);
  const analyser = createSqlAnalyser({ workers: 1 });
  analyser.publish({ ...catalogue.data, version: VERSION });
  // Named so that nobody takes them for real ones.
  const name = "explained";
  const context: SqlContext = {
    role: name,
    sessionRole: name,
    searchPath: ["pg_catalog", "public"],
    temporary: [],
    catalogueVersion: VERSION,
    pendingDdl: [],
    timeLimits: keptBySetting(policy.sessionLimits),
  };
  // What policy answers is shown as it stands: a hold is a hold, whether or not anybody could be asked.
  const facts: Facts = {
    target: name,
    environment,
    database: name,
    principal: name,
    principalKind: "ai_agent",
    role: name,
    approvals: true,
    ...(bin === true ? { bin: "kept" } : {}),
  };
  return { parts: { analyser, decide, policy, facts, context }, notUnderstood, close: () => analyser.close() };
}

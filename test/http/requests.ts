/**
 * What tests of HTTP ask: the effects of a request, and what a preset decides on it.
 * The analysis of SQL is the real one, without its workers.
 * Nothing is sent.
 */
import assert from "node:assert/strict";
import { loadModule } from "libpg-query";
import { builtinCatalogue } from "../../src/catalogue/builtin/builtin.ts";
import { openCatalogue } from "../../src/catalogue/snapshot.ts";
import { compilePolicy } from "../../src/config/compile-policy.ts";
import { type PresetName, presetDocument, presetNames } from "../../src/config/presets.ts";
import type { SqlAnalyser } from "../../src/effects/analyse.ts";
import { analyseHttp } from "../../src/effects/http/analyse-http.ts";
import { requestOfText } from "../../src/effects/http/request-text.ts";
import { analyseCall, analyseSql } from "../../src/effects/sql/script.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { HttpRequest } from "../../src/model/http-request.ts";
import { type ExplainParts, type Explanation, explainHttpLine } from "../../src/pipeline/explain.ts";
import { decide } from "../../src/policy/decide.ts";
import { factsOf } from "../support/policy-parts.ts";

await loadModule();
const catalogue = openCatalogue(builtinCatalogue());

const context = {
  role: "app",
  sessionRole: "app",
  searchPath: ["pg_catalog", "public"],
  temporary: [],
  catalogueVersion: 0,
  pendingDdl: [],
};

const analyser: SqlAnalyser = {
  analyse: async (payload) =>
    payload.kind === "sql" ? analyseSql(payload.text, payload.context, catalogue) : analyseCall(payload, catalogue),
};

export async function effectsOf(text: string): Promise<readonly Effect[]> {
  const request = requestOfText(text);
  assert.ok(request, `\`${text}\` is a request`);
  return requestEffects(request);
}

export async function requestEffects(request: HttpRequest): Promise<readonly Effect[]> {
  const analysis = await analyseHttp(request, context, analyser);
  assert.equal(analysis.kind, "understood", JSON.stringify(analysis));
  return analysis.kind === "understood" ? analysis.statements.flatMap(({ effects }) => effects) : [];
}

export function partsOf(preset: PresetName): ExplainParts {
  const policy = compilePolicy(presetDocument(preset), { environment: "staging" });
  return { analyser, decide, policy, facts: factsOf({ environment: "staging", approvals: true }), context };
}

const everyPreset = presetNames.map((preset) => partsOf(preset));
const strictness = { allow: 0, hold: 1, deny: 2 } as const;

/** How strict each preset is about it, 0 to 2, in staging, where persons can be asked. What is refused before any policy is 2 by each. */
export async function strictnessOf(request: HttpRequest): Promise<readonly number[]> {
  const analysis = await analyseHttp(request, context, analyser);
  return everyPreset.map(({ policy, facts }) => {
    if (analysis.kind === "refused") return strictness.deny;
    const effects = analysis.statements.flatMap((statement) => statement.effects);
    const decision = decide(effects, facts, policy);
    // A policy that only observes is asked what it would have said.
    return strictness[decision.kind === "allow" ? (decision.observed ?? "allow") : decision.kind];
  });
}

/** In staging, where persons can be asked. */
export function explainRequest(request: HttpRequest, preset: PresetName = "guarded-writes"): Promise<Explanation> {
  const headers: Record<string, string[]> = {};
  for (const [name, value] of request.headers) headers[name] = [...(headers[name] ?? []), value];
  return explainHttpLine(JSON.stringify({ ...request, headers }), partsOf(preset));
}

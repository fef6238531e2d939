/**
 * An HTTP request in, its effects out: canonical form, then the pack of its host, by GraphQL field, name or route.
 * It decides nothing, sends nothing, and quotes of the request only its method, host, path and the names of things.
 */
import type { HttpPayload, SqlContext } from "../../model/action.ts";
import { type Effect, unknownEffect } from "../../model/effect.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import type { Pack, PackOperation } from "../../packs/pack.ts";
import type { Analysis, SqlAnalyser } from "../analyse.ts";
import { askedIn, type SeenDocuments, speaksGraphql } from "../graphql/envelope.ts";
import { rootFields } from "../graphql/root-fields.ts";
import { type CanonicalRequest, canonicalRequest } from "./canonical-request.ts";
import { doorsOf } from "./doors.ts";
import { effectsOfOperation, type Place, readEffect, unknownChange } from "./meaning.ts";
import { type ModelPart, modelParts } from "./model-parts.ts";
import { packOf } from "./pack-of.ts";
import { rpcNameIn, rpcOperations } from "./rpc.ts";
import { effectsOfPush } from "./push-effects.ts";
import { withThings } from "./resolved-effects.ts";
import { analyseTexts, sqlTextsIn } from "./sql-in-body.ts";

/**
 * One thing that a request asks for. SQL in it has its effects from the analysis of SQL; `otherwise` are those where its database is not
 * known, and absent where it is then refused.
 */
type Part = { readonly effect: Effect } | { readonly texts: readonly string[]; readonly otherwise: readonly Effect[] | undefined };

const reading: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Never rejects but where `sql` does. */
export async function analyseHttp(
  request: HttpRequest,
  context: SqlContext,
  sql: SqlAnalyser,
  { database, documents }: Pick<HttpPayload, "database" | "documents"> = {},
): Promise<Analysis> {
  if (request.credential !== undefined)
    return {
      kind: "refused",
      code: "found_credential",
      message: `it carries a credential that Holdfast did not give out, in ${request.credential}`,
    };
  const canonical = canonicalRequest(request);
  if ("refused" in canonical) {
    return { kind: "refused", code: "protocol_refused", message: `the request is not let through: ${canonical.refused}` };
  }
  const effects: Effect[] = [];
  for (const part of askedFor(canonical, documents)) {
    if ("effect" in part) effects.push(part.effect);
    else if (part.otherwise !== undefined && database?.kind !== "known") effects.push(...part.otherwise);
    else {
      const inner = await analyseTexts(part.texts, { context, database, sql });
      if (inner.kind === "refused") return inner;
      effects.push(...inner.statements.flatMap((statement) => statement.effects));
    }
  }
  return understood(
    canonical,
    withThings(effects, request).toSorted((one, other) => severity(one) - severity(other)),
  );
}

/** What is lost is said first. Effects of SQL keep their places. */
function severity({ detail, resource }: Effect): number {
  return resource.type === "api_resource" ? severities.indexOf(detail) : -1;
}

const severities: readonly string[] = [
  "destroy",
  "wipe",
  "restore",
  "disarm",
  "exec",
  "credential",
  "transfer",
  "publish",
  "money",
  "outage",
  "unknown",
  "write",
  "read",
];

function understood({ methods, host, path, provider }: CanonicalRequest, effects: readonly Effect[]): Analysis {
  const [tag = ""] = methods;
  const statement = {
    tag,
    effects,
    readOnly: effects.every(({ operation }) => operation === "read"),
    transaction: "none" as const,
    changesContext: false,
    definesObjects: false,
    // No rollback reaches it: its intent is on record before the first byte goes out.
    immediate: true,
    span: { start: 0, end: 0 },
  };
  const shownPath = packOf(host, provider) === undefined ? "" : path;
  return { kind: "understood", statements: [statement], redactedText: `${methods.join("+")} ${host}${shownPath}` };
}

/** Read once for a request, whoever asks: for the things that it is about, and for its judgement. */
const known = new WeakMap<CanonicalRequest, readonly Part[]>();

function askedFor(request: CanonicalRequest, documents: SeenDocuments | undefined): readonly Part[] {
  // Which documents are known is no part of the request.
  if (documents !== undefined) return partsOf(request, documents);
  const before = known.get(request);
  if (before !== undefined) return before;
  const parts = partsOf(request, undefined);
  known.set(request, parts);
  return parts;
}

function partsOf(request: CanonicalRequest, documents: SeenDocuments | undefined): readonly Part[] {
  const { host, ambiguous, path, provider } = request;
  const pack = packOf(host, provider);
  if (pack === undefined) return [{ effect: connectEffect(host) }];
  if (ambiguous !== undefined && !isListed(pack, request)) return [opaque(ambiguous)];
  const graphql = speaksGraphql(pack, path);
  if (request.headers.has("upgrade")) return openingParts(pack, request, graphql);
  if (graphql) return graphqlParts(pack, request, documents);
  if (pack.models !== undefined) return modelParts(pack, pack.models, request).flatMap((part) => partsOfModel(part, host));
  return request.methods.flatMap((method) => routeParts(pack, request, method));
}

/** What stands in its query twice is a list to this provider, whatever the value of it: that one stays unknown. */
function isListed({ listed = [] }: Pack, { repeated = [] }: CanonicalRequest): boolean {
  return repeated.length > 0 && repeated.every((key) => listed.includes(key));
}

/** A WebSocket: GraphQL's messages are judged one by one; of any other only an operation of the pack says what goes over it. */
function openingParts(pack: Pack, request: CanonicalRequest, graphql: boolean): readonly Part[] {
  const { headers, methods, host, path } = request;
  if (graphql) {
    const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((each) => each.trim());
    if (!offered.every((each) => readable.has(each))) return [opaque("what goes over its WebSocket is not known to be GraphQL")];
    return graphqlParts(pack, request, undefined);
  }
  return methods.flatMap((method): readonly Part[] => {
    const routed = doorsOf(pack).routes(method, host, path);
    const known = routed.some(({ operation }) => operation.class !== "read");
    return known ? routeParts(pack, request, method) : [{ effect: unknownChange(pack.provider, `websocket ${path}`) }];
  });
}

/** Subprotocols whose messages the proxy has judged. */
const readable: ReadonlySet<string> = new Set(["graphql-transport-ws", "graphql-ws"]);

function graphqlParts(pack: Pack, request: CanonicalRequest, documents: SeenDocuments | undefined): readonly Part[] {
  const asked = askedIn(request, documents);
  if ("problem" in asked) return [opaque(asked.problem)];
  if (asked.length === 0) {
    return request.methods.every((method) => reading.has(method))
      ? [{ effect: readEffect(pack.provider, "graphql") }]
      : [opaque("it does not show its GraphQL document")];
  }
  return asked.flatMap((one): readonly Part[] => {
    const fields = rootFields(one);
    if ("problem" in fields) return [opaque(fields.problem)];
    return fields.flatMap(({ root, field, arguments: given }): readonly Part[] => {
      const operations = doorsOf(pack).fields(root, field);
      if (operations.length > 0) {
        const place: Place = { provider: pack.provider, request, arguments: given, reads: root === "query" };
        return operations.flatMap((operation) => partsOfOperation(operation, place));
      }
      if (root !== "query") return [{ effect: unknownChange(pack.provider, field) }];
      const looksAround = /^__(schema|type)$/.test(field) ? { because: "it asks what could be asked for" } : {};
      return [{ effect: { ...readEffect(pack.provider, field), ...looksAround } }];
    });
  });
}

function partsOfModel(part: ModelPart, host: string): readonly Part[] {
  switch (part.kind) {
    case "effect":
      return [{ effect: part.effect }];
    case "operation":
      return partsOfOperation(part.operation, part.place);
    case "opaque":
      return [opaque(part.because)];
    case "foreign":
      return [{ effect: connectEffect(host) }];
  }
}

function routeParts(pack: Pack, request: CanonicalRequest, method: string): readonly Part[] {
  const { host, path } = request;
  const called = method === "POST" ? rpcOperations(pack, path) : [];
  if (called.length > 0) {
    const name = rpcNameIn(request);
    const place: Place = { provider: pack.provider, request, reads: false, ...(name === undefined ? {} : { name }) };
    return called.flatMap((operation) => partsOfOperation(operation, place));
  }
  const routed = doorsOf(pack).routes(method, host, path);
  const reads = reading.has(method);
  if (routed.length === 0) {
    const name = `${method} ${path}`;
    return [{ effect: reads ? readEffect(pack.provider, name) : unknownChange(pack.provider, name) }];
  }
  return routed.flatMap(({ operation, name }) =>
    partsOfOperation(operation, { provider: pack.provider, request, reads, ...(name === undefined ? {} : { name }) }),
  );
}

function partsOfOperation(operation: PackOperation, place: Place): readonly Part[] {
  const { body } = place.request;
  const { sql } = operation;
  if (operation.git !== undefined) return effectsOfPush(operation, place).map((effect) => ({ effect }));
  const own = () => effectsOfOperation(operation, place);
  if (sql === undefined || body.kind === "none") return own().map((effect) => ({ effect }));
  if (body.kind === "opaque") return [opaque(body.because)];
  const texts = sqlTextsIn(sql, body.tree);
  const otherwise = sql.engine === "several" ? own() : undefined;
  if (!("problem" in texts)) return [{ texts, otherwise }];
  return otherwise === undefined ? [opaque(texts.problem)] : otherwise.map((effect) => ({ effect }));
}

/** Nothing permits it but a rule that names what was not understood. */
function opaque(because: string): Part {
  return { effect: unknownEffect(because, "request") };
}

function connectEffect(host: string): Effect {
  return {
    operation: "connect",
    resource: { type: "api_host", name: host },
    extent: { kind: "unknown" },
    reversibility: "unknown",
    cause: "direct",
    detail: "unpacked_host",
    because: "no pack knows what a request to this host does",
  };
}

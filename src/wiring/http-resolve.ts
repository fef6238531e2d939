/**
 * Asks providers what the things are that a request would change, before it is judged: by the pack's reads, for a short time, each once.
 * It decides nothing. What could not be found out is said, and never filled in.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { Sightings } from "../base/sightings.ts";
import type { Identifying, OwnReply, Things } from "../adapters/http/options.ts";
import type { SqlAnalyser } from "../effects/analyse.ts";
import { answerTree } from "../effects/http/answer-tree.ts";
import { meantAs } from "../effects/http/canonical-request.ts";
import { analyseHttp } from "../effects/http/analyse-http.ts";
import type { EnvironmentRule } from "../effects/http/resolve-environment.ts";
import { factsOf, type ThingFacts, unknownThing } from "../effects/http/resolve-facts.ts";
import { type EffectLookups, type Lookup, LOOKUPS_MAX, lookupsOf } from "../effects/http/resolve-lookups.ts";
import { requestKey } from "../effects/http/request-key.ts";
import { previewRequest, requestsOf } from "../effects/http/resolve-reads.ts";
import { previewSentences } from "../effects/http/resolve-preview.ts";
import { resolvedThing } from "../effects/http/resolve-result.ts";
import type { Tree } from "../effects/http/tree.ts";
import type { Disarmed } from "../model/api-thing.ts";
import type { AuditEvent } from "../model/event.ts";
import type { HttpRequest } from "../model/http-request.ts";
import type { LookupRead } from "../packs/lookup.ts";

export interface HttpThingsParts {
  readonly clock: Clock;
  readonly append: (event: AuditEvent) => void;
  readonly environments: readonly EnvironmentRule[];
  /** Whether a protection of one of the ids, or any by this principal, was taken away before. */
  readonly disarmed: (principal: string, ids: readonly string[]) => Promise<Disarmed | undefined>;
}

const KEPT_MS = 30_000;
/** What could not be asked is tried again sooner. */
const FAILED_KEPT_MS = 5_000;
const KEPT_MAX = 1_000;
const PLAIN_CHARACTERS_MAX = 4_096;
/** For all reads of one request together. */
const ALL_MS_MAX = 6_000;

/** SQL in a request names no thing of a provider. */
const noSql: SqlAnalyser = { analyse: async () => ({ kind: "understood", statements: [], redactedText: "" }) };

interface Kept {
  readonly facts: Promise<ThingFacts>;
  untilMs: number;
}

export class HttpThings implements Things {
  readonly #parts: HttpThingsParts;
  readonly #kept = new Map<string, Kept>();
  /** Requests that name nothing to be asked about. */
  readonly #plain = new Set<string>();
  readonly #sightings = new Sightings();

  constructor(parts: HttpThingsParts) {
    this.#parts = parts;
  }

  async identify(asked: Identifying): Promise<HttpRequest> {
    const { request, caller } = asked;
    const { environments: rules, clock } = this.#parts;
    const groups = await this.#groups(asked);
    if (groups.length === 0) return request;
    const principal = caller.principal.name;
    const untilMs = clock.monotonic() + ALL_MS_MAX;
    const resolved = await Promise.all(
      groups.map(async (group) => {
        const shown = group.lookups.slice(0, LOOKUPS_MAX);
        const facts = await Promise.all(shown.map((lookup) => this.#facts(lookup, group, asked, untilMs)));
        const over = group.lookups[LOOKUPS_MAX];
        if (over !== undefined) facts.push(unknownThing(over, `more than ${LOOKUPS_MAX} are named in one request`, group, rules));
        return resolvedThing(group, facts, { rules, nowMs: clock.now(), disarmed: (ids) => this.#parts.disarmed(principal, ids) });
      }),
    );
    const known = resolved.filter((each) => each !== undefined);
    if (known.length === 0) return request;
    for (const { resource, operation, thing, told } of known)
      this.#parts.append({
        kind: "thing_asked",
        session: asked.session,
        principal,
        operation,
        name: resource,
        environment: thing.environment,
        told,
      });
    return meantAs({ ...request, resolved: known }, request);
  }

  async preview(asked: Identifying): Promise<readonly string[]> {
    const { request, ask } = asked;
    const { pathname, search } = new URL(request.url);
    const contentType = request.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
    const sent = { method: request.method, target: `${pathname}${search}`, body: request.body, contentType };
    const groups = (await this.#groups(asked)).filter(({ rules }) => rules?.preview !== undefined).slice(0, LOOKUPS_MAX);
    const told = await Promise.all(
      groups.map(async (group) => {
        const preview = group.rules?.preview;
        const own = preview === undefined ? undefined : previewRequest(preview, group, sent);
        if (preview === undefined || own === undefined) return [];
        return previewSentences(preview, await ask(own), group.lookups[0]?.id ?? "");
      }),
    );
    return [...new Set(told.flat())];
  }

  /** Never rejects: what cannot be analysed is refused where it is judged. Programs read the same again and again. */
  async #groups(asked: Identifying): Promise<readonly EffectLookups[]> {
    const { request } = asked;
    const key = request.body.length + request.url.length > PLAIN_CHARACTERS_MAX ? undefined : requestKey(request);
    if (key !== undefined && this.#plain.has(key)) return [];
    const groups = await this.#lookups(asked);
    if (key === undefined || groups.length > 0 || !this.#sightings.again(key)) return groups;
    if (this.#plain.size >= KEPT_MAX) this.#plain.clear();
    this.#plain.add(key);
    return groups;
  }

  async #lookups({ request, caller }: Identifying): Promise<readonly EffectLookups[]> {
    try {
      const analysis = await analyseHttp(bareOf(request), caller.context, noSql);
      return analysis.kind === "refused" ? [] : lookupsOf(analysis.statements.flatMap(({ effects }) => effects));
    } catch {
      return [];
    }
  }

  #facts(lookup: Lookup, group: EffectLookups, asked: Identifying, untilMs: number): Promise<ThingFacts> {
    const { clock } = this.#parts;
    const key = JSON.stringify([asked.caller.principal.name, group.host, lookup.kind, lookup.id, group.door]);
    const known = this.#kept.get(key);
    if (known !== undefined && known.untilMs > clock.monotonic()) return known.facts;
    if (lookup.thing.fresh === true) return this.#asked(lookup, group, asked, untilMs);
    const kept: Kept = { facts: this.#asked(lookup, group, asked, untilMs), untilMs: clock.monotonic() + KEPT_MS };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value as string);
    void kept.facts.then(({ problem }) => {
      if (problem !== undefined) kept.untilMs = Math.min(kept.untilMs, clock.monotonic() + FAILED_KEPT_MS);
    });
    return kept.facts;
  }

  /** Never rejects. */
  async #asked(lookup: Lookup, group: EffectLookups, { ask }: Identifying, untilMs: number): Promise<ThingFacts> {
    const { environments: rules, clock } = this.#parts;
    const answers = new Map<string, Tree>();
    const problem = (because: string) => unknownThing(lookup, because, group, rules);
    try {
      for (const read of lookup.thing.reads) {
        if (clock.monotonic() > untilMs) return problem("the provider did not answer in time");
        const failed = await this.#read(read, { lookup, group, ask, answers });
        if (failed !== undefined && read.optional !== true) return problem(failed);
      }
      const facts = factsOf(lookup, answers, group, rules);
      return facts.name === undefined && lookup.thing.name !== undefined ? problem("the provider's answer does not show it") : facts;
    } catch (error) {
      return problem(messageOf(error));
    }
  }

  /** Why there is no answer, in a clause. */
  async #read(read: LookupRead, { lookup, group, ask, answers }: Reading): Promise<string | undefined> {
    const requests = requestsOf(read, lookup, group, answers);
    if (requests.length === 0) return "what it would be asked by is not there";
    const replies = await Promise.all(requests.map(ask));
    const trees: Tree[] = [];
    for (const reply of replies) {
      const tree = read.exists === true ? thereOf(reply) : treeOf(reply);
      if (typeof tree === "string") return tree;
      trees.push(tree.tree);
    }
    answers.set(read.as, trees.length === 1 && trees[0] !== undefined ? trees[0] : trees);
    return undefined;
  }
}

/** Itself where nothing was asked yet: what is read out of it is read once. */
function bareOf(request: HttpRequest): HttpRequest {
  if (request.resolved === undefined) return request;
  const { resolved: _, ...bare } = request;
  return bare;
}

interface Reading {
  readonly lookup: Lookup;
  readonly group: EffectLookups;
  readonly ask: Identifying["ask"];
  readonly answers: Map<string, Tree>;
}

/** Of a read whose status alone tells. */
function thereOf(reply: OwnReply | string): { readonly tree: Tree } | string {
  if (typeof reply !== "string" && (reply.status === 404 || (reply.status >= 200 && reply.status < 300)))
    return { tree: new Map([["there", reply.status !== 404]]) };
  const problem = treeOf(reply);
  return typeof problem === "string" ? problem : "the provider's answer cannot be read";
}

/** A text says why it is none. */
function treeOf(reply: OwnReply | string): { readonly tree: Tree } | string {
  if (typeof reply === "string") return reply;
  if (reply.status === 404 || reply.status === 410) return "the provider does not know it";
  if (reply.status === 401 || reply.status === 403) return "the provider does not show it to this session's secret";
  if (reply.status < 200 || reply.status > 299) return `the provider answered with status ${reply.status}`;
  const tree = answerTree(reply.text);
  return tree === undefined ? "the provider's answer cannot be read" : { tree };
}

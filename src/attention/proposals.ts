/**
 * Rules that would have covered what persons approved unchanged again and again: the narrowest that fits, as data.
 * It proposes nothing that destroys in production and nothing that cannot be taken back, changes no policy, and replays nothing.
 */
import { digestOf } from "../base/canonical.ts";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import type { TableCount } from "../model/outcome.ts";
import type { Decide, Policy } from "../policy/policy.ts";
import type { JudgedAct } from "./evidence.ts";

/** One effect that would pass, every word of it exact. */
export interface ProposedEffect {
  readonly operation: Effect["operation"];
  readonly detail: string;
  readonly resource: Effect["resource"];
  readonly extent: Effect["extent"]["kind"];
  readonly cause: Effect["cause"];
  readonly reversibility: Effect["reversibility"];
  readonly classification: Effect["classification"] | null;
}

export interface Proposal {
  /** Of the shape: the same proposal has the same id every time. */
  readonly id: string;
  readonly target: string;
  readonly environment: Facts["environment"];
  readonly database: string;
  /** The name, or a pattern for the sessions of one program: `run_claude_*`. */
  readonly principal: string;
  readonly effects: readonly ProposedEffect[];
  /** The largest that was approved: rows in all, and rows of any one table. */
  readonly rowsMax: number;
  readonly rowsPerTableMax: number;
  /** Approvals that it rests on. */
  readonly approved: number;
  /** Texts that were approved, with literals as `?`. */
  readonly texts: readonly string[];
  /** Tables that its acts name, and those that follow from them, with plain names. */
  readonly direct: readonly string[];
  readonly following: readonly string[];
  /** The rules that asked. */
  readonly asking: readonly string[];
}

const TEXTS_SHOWN = 3;
/** Such a name means in SQL what it says. */
const PLAIN_NAME = /^[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}$/;
const ROW_DETAILS: ReadonlySet<string> = new Set(["insert", "copy_in", "update", "set_null", "delete"]);

/** `policy` is the target's present one. Proposals with the most approvals first. */
export function proposalsFrom(
  acts: readonly JudgedAct[],
  { policy, decide, leastApproved }: { readonly policy: Policy; readonly decide: Decide; readonly leastApproved: number },
): readonly Proposal[] {
  const shapes = new Map<string, { readonly asked: readonly Effect[]; readonly acts: JudgedAct[] }>();
  for (const act of acts) {
    if (act.cut || act.denied > 0 || act.approved.length === 0) continue;
    const asked = askedEffects(act, policy, decide);
    if (asked.length === 0 || !asked.every((effect) => eligible(effect, act.facts))) continue;
    const key = digestOf(shapeOf(asked, act.facts));
    const known = shapes.get(key);
    if (known === undefined) shapes.set(key, { asked, acts: [act] });
    else known.acts.push(act);
  }
  return [...shapes]
    .map(([key, shape]) => proposalOf(key, shape, policy, decide))
    .filter(({ approved, rowsMax }) => approved >= leastApproved && rowsMax > 0)
    .sort((a, b) => b.approved - a.approved || (a.id < b.id ? -1 : 1));
}

/** Those for which a person would be asked today; none where the act would not be held. */
function askedEffects({ effects, facts }: JudgedAct, policy: Policy, decide: Decide): readonly Effect[] {
  if (decide(effects, facts, policy).kind !== "hold") return [];
  return effects.filter((effect) => decide([effect], facts, policy).kind === "hold");
}

/** Rows of a table by its exact name; never what cannot be taken back, and nothing that deletes in production. */
function eligible({ operation, detail, resource, reversibility }: Effect, { environment, database, principal }: Facts): boolean {
  const rows = resource.type === "table" && ROW_DETAILS.has(detail) && PLAIN_NAME.test(resource.name);
  const back = reversibility === "reversible" || reversibility === "restorable";
  // In a rule a star means anything.
  const exact = !`${database}${principal}`.includes("*");
  return rows && back && exact && !(environment === "production" && (operation === "delete" || detail === "delete"));
}

function shapeOf(asked: readonly Effect[], facts: Facts) {
  const effects = asked.map(proposed);
  const words = [...new Set(effects.map((effect) => digestOf(effect)))].sort();
  return { words, environment: facts.environment, database: facts.database, principal: principalPattern(facts.principal) };
}

function proposed({ operation, detail, resource, extent, cause, reversibility, classification }: Effect): ProposedEffect {
  const { type, name } = resource;
  return { operation, detail, resource: { type, name }, extent: extent.kind, cause, reversibility, classification: classification ?? null };
}

/** A program's session has a login of its own, `run_name_` and 8 characters: the next one's would never fit. */
function principalPattern(principal: string): string {
  return principal.replace(/^(run_[A-Za-z0-9_]{0,24}_)[0-9a-z]{8}$/, "$1*");
}

function proposalOf(
  key: string,
  { asked, acts }: { readonly asked: readonly Effect[]; readonly acts: readonly JudgedAct[] },
  policy: Policy,
  decide: Decide,
): Proposal {
  const [{ facts }] = acts as readonly [JudgedAct];
  const measured = acts.flatMap(({ approved }) => approved);
  const distinct = new Map(asked.map(proposed).map((effect) => [digestOf(effect), effect]));
  return {
    id: `learned-${key.slice(0, 8)}`,
    target: facts.target,
    environment: facts.environment,
    database: facts.database,
    principal: principalPattern(facts.principal),
    effects: [...distinct.values()],
    rowsMax: Math.max(0, ...measured.map((tables) => tables.reduce((sum, table) => sum + rowsOf(table), 0))),
    rowsPerTableMax: Math.max(0, ...measured.flatMap((tables) => tables.map(rowsOf))),
    approved: measured.length,
    texts: [...new Set(acts.map(({ text }) => text).filter((text) => text !== ""))].slice(0, TEXTS_SHOWN),
    direct: tablesOf(acts, (cause) => cause === "direct"),
    following: tablesOf(acts, (cause) => cause !== "direct"),
    asking: [...new Set(asked.flatMap((effect) => decide([effect], facts, policy).rules))].sort(),
  };
}

function rowsOf({ inserted, updated, deleted, truncated }: TableCount): number {
  return inserted + updated + deleted + truncated;
}

function tablesOf(acts: readonly JudgedAct[], by: (cause: Effect["cause"]) => boolean): readonly string[] {
  const tables = acts.flatMap(({ effects }) => effects.filter(({ resource, cause }) => resource.type === "table" && by(cause)));
  return [...new Set(tables.map(({ resource }) => resource.name).filter((name) => PLAIN_NAME.test(name)))].sort();
}

/**
 * A thing from what its provider answered: its name, what it is in, its environment, size, backups and what depends on it.
 * Everything in it is text of others: printable, short, and taken for nothing more.
 */
import type { BackupCoupling, EffectThing } from "../../model/api-thing.ts";
import type { PackThing } from "../../packs/lookup.ts";
import { type EnvironmentRule, environmentOf, type Placed } from "./resolve-environment.ts";
import type { EffectLookups, Lookup } from "./resolve-lookups.ts";
import { answersAt, flat, textsAt } from "./resolve-paths.ts";
import type { Answers } from "./resolve-reads.ts";
import { printable } from "./texts.ts";
import type { Tree } from "./tree.ts";

/** One thing, asked about. */
export interface ThingFacts {
  readonly kind: string;
  readonly id: string;
  /** Other ids of the same thing. */
  readonly same: readonly string[];
  readonly name: string | undefined;
  /** From the outside in. */
  readonly within: readonly string[];
  readonly placed: Placed;
  readonly sizeBytes: number | undefined;
  readonly dependants: readonly { readonly what: string; readonly count: number }[];
  readonly backups: { readonly count: number; readonly newestAtMs: number | undefined; readonly lives: string | undefined } | undefined;
  readonly notes: readonly string[];
  readonly unplaced: boolean;
  /** `bucket versioned`: its kind and each state that it is in. */
  readonly states: readonly string[];
  /** Why nothing is known of it, in a clause; then the rest is empty. */
  readonly problem: string | undefined;
}

const unitBytes = { B: 1, kB: 1_000, MB: 1_000_000, GB: 1_000_000_000 } as const;

/** What was answered. */
export function factsOf(
  { kind, id, thing }: Lookup,
  answers: Answers,
  { provider, host }: Pick<EffectLookups, "provider" | "host">,
  rules: readonly EnvironmentRule[],
): ThingFacts {
  const tree: Tree = answers;
  const at = (paths: readonly string[] | undefined): readonly string[] => textsAt(tree, paths ?? [], id).map(plainName);
  const [name] = at(thing.name);
  const within = (thing.within ?? []).flatMap((paths) => distinct(at(paths)).slice(0, 3).join("+") || []);
  const path = [...within, ...(name === undefined ? [] : [name])];
  const labels = {
    provider,
    all: [id, host, ...at(thing.ids), ...path, path.join("/")],
    said: at(thing.environment),
    flagged: (thing.flags ?? []).filter((flag) => isThere(flag, tree, id)).map(({ environment }) => environment),
    names: thing.unplaced === true ? [] : [...within.flatMap((part) => part.split("+")), ...(name === undefined ? [] : [name])],
  };
  return {
    kind,
    id: plainName(id),
    same: (thing.same ?? []).flatMap((where) => at([where])),
    name,
    within,
    placed: environmentOf(labels, rules),
    sizeBytes: sizeOf(thing, tree, id),
    dependants: (thing.dependants ?? []).map(({ at: where, what }) => ({ what, count: answersAt(tree, where, id).flatMap(flat).length })),
    backups: backupsOf(thing, tree, id),
    notes: (thing.notes ?? []).flatMap(({ at: where, what }) =>
      at([where])
        .slice(0, 1)
        .map((value) => `${what}: ${value}`),
    ),
    unplaced: thing.unplaced === true,
    states: (thing.states ?? []).flatMap(({ name: state, at: where, is }) =>
      textsAt(tree, [where], id).every((text) => text === String(is)) && at([where]).length > 0 ? [`${kind} ${state}`] : [],
    ),
    problem: undefined,
  };
}

function isThere({ at, is }: NonNullable<PackThing["flags"]>[number], tree: Tree, id: string): boolean {
  if (is === null) return answersAt(tree, at, id).includes(null);
  return textsAt(tree, [at], id).includes(String(is));
}

/** Nothing was answered: only what the configuration says of the id itself is known. */
export function unknownThing(
  { kind, id, thing }: Lookup,
  problem: string,
  { provider, host }: Pick<EffectLookups, "provider" | "host">,
  rules: readonly EnvironmentRule[],
): ThingFacts {
  return {
    kind,
    id: plainName(id),
    same: [],
    name: undefined,
    within: [],
    placed: environmentOf({ provider, all: [id, host], said: [], flagged: [], names: [] }, rules),
    sizeBytes: undefined,
    dependants: [],
    backups: undefined,
    notes: [],
    unplaced: thing.unplaced === true,
    states: [],
    problem,
  };
}

function sizeOf({ size }: PackThing, tree: Tree, id: string): number | undefined {
  if (size === undefined) return undefined;
  const figures = textsAt(tree, [size.at], id)
    .map(Number)
    .filter((figure) => Number.isFinite(figure) && figure >= 0);
  if (figures.length === 0) return undefined;
  const bytes = Math.round(figures.reduce((sum, figure) => sum + figure, 0) * unitBytes[size.unit]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function backupsOf({ backups }: PackThing, tree: Tree, id: string): ThingFacts["backups"] {
  if (backups === undefined) return undefined;
  const asked = answersAt(tree, backups.at, id);
  // No list at all is not an empty one.
  if (asked.length === 0 && (backups.in === undefined || answersAt(tree, backups.in, id).length === 0)) return undefined;
  const all = asked.flatMap(flat).filter((each) => each !== null);
  const times = textsAt(tree, [backups.time], id)
    .map((text) => Date.parse(text))
    .filter(Number.isFinite);
  return { count: all.length, newestAtMs: times.length === 0 ? undefined : Math.max(...times), lives: backups.lives };
}

/** Names come from outside. */
function plainName(name: string): string {
  return printable(name, 120);
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

const DAY_MS = 86_400_000;

/** What rules see of all the things of one effect: the first is what it is about, and the most dangerous environment holds. */
export function effectThing(things: readonly ThingFacts[], coupling: BackupCoupling, nowMs: number): EffectThing {
  const [first] = things;
  const placed = things.filter(({ unplaced, placed: { environment } }) => !unplaced || environment !== "unknown");
  const all = placed.map(({ placed: { environment } }) => environment);
  const worst = (["production", "unknown", "staging", "development"] as const).find((environment) => all.includes(environment));
  const name = first === undefined ? undefined : pathOf(first);
  const { backups, sizeBytes } = first ?? {};
  const days = backups?.newestAtMs === undefined ? undefined : Math.max(0, Math.floor((nowMs - backups.newestAtMs) / DAY_MS));
  return {
    environment: worst ?? (things.length === 0 ? "unknown" : "none"),
    ...(name === undefined ? {} : { name }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(backups === undefined ? {} : { backups: backups.count }),
    ...(backups?.count === 0 ? { newestBackupDays: null } : days === undefined ? {} : { newestBackupDays: days }),
    backupCoupling: coupling,
  };
}

/** `production/postgres/data`; nothing where not even a name is known. */
export function pathOf({ within, name }: ThingFacts): string | undefined {
  const parts = [...within, ...(name === undefined ? [] : [name])];
  return parts.length === 0 ? undefined : parts.join("/");
}

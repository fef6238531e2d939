/**
 * What was found out about the things of one request, in the form in which it is judged, shown and bound.
 * It asks nobody and decides nothing.
 */
import type { BackupCoupling, Disarmed, ResolvedThing } from "../../model/api-thing.ts";
import type { MeansRule } from "../../packs/lookup.ts";
import { type EnvironmentRule, environmentOf } from "./resolve-environment.ts";
import { effectThing, type ThingFacts } from "./resolve-facts.ts";
import type { EffectLookups } from "./resolve-lookups.ts";
import { bindingText, thingSentences } from "./resolve-words.ts";

const destroying: ReadonlySet<string> = new Set(["destroy", "wipe", "restore"]);

/** What belongs to an effect that destroys, and what was taken away before. */
export interface ResultParts {
  readonly rules: readonly EnvironmentRule[];
  readonly nowMs: number;
  readonly disarmed: (ids: readonly string[]) => Promise<Disarmed | undefined>;
}

/** `undefined`: nothing was asked, and nothing has to be said. */
export async function resolvedThing(
  group: EffectLookups,
  things: readonly ThingFacts[],
  parts: ResultParts,
): Promise<ResolvedThing | undefined> {
  const { effect, operation, provider, rules } = group;
  const destroys = destroying.has(group.class);
  const coupling: BackupCoupling = rules?.backupCoupling ?? "unknown";
  const base = { resource: effect.resource.name, operation: operation.id };
  const ids = [...new Set([ownId(effect.resource.name), ...things.flatMap(({ id, same }) => [id, ...same])])].map(
    (id) => `${provider}:${id}`,
  );
  const meant = meaningOf(group, things);
  const before = destroys || meant !== undefined ? await parts.disarmed(ids) : undefined;
  const disarmed = before === undefined || !destroys ? {} : { disarmed: before };
  // Where a protection went before, what tells that nothing is lost is not trusted.
  const becomes =
    meant === undefined || before !== undefined ? {} : { becomes: { from: group.class, to: meant.class, because: meant.because } };
  if (rules === undefined || rules.names.length === 0) {
    if (!destroys && group.class !== "disarm") return undefined;
    const { environment, because } = environmentOf(
      { provider, all: [ownId(base.resource)], said: [], flagged: [], names: [] },
      parts.rules,
    );
    const placed = environment === "unknown" ? ("unasked" as const) : environment;
    const known = placed === "unasked" ? notAsked(provider, operation.thing) : `it counts as ${placed}: ${because}`;
    return {
      ...base,
      ids,
      thing: { environment: placed, backupCoupling: coupling, ...disarmed },
      told: [known, ...warnings(before)],
      binds: placed,
    };
  }
  const seen = things.length > 0 ? thingSentences(things, coupling, destroys) : [hidden(operation.thing, destroys && !group.unplaced)];
  const seenThing = effectThing(things, coupling, parts.nowMs);
  const thing = things.length === 0 && group.unplaced ? { ...seenThing, environment: "none" as const } : seenThing;
  return {
    ...base,
    ids,
    thing: { ...thing, ...disarmed },
    ...becomes,
    told: [...seen, ...(meant === undefined ? [] : [meant.because]), ...warnings(before)],
    binds: bindingText(things, coupling),
  };
}

/** A rule counts where every thing of the kinds that it names could be asked. */
function meaningOf({ means }: EffectLookups, things: readonly ThingFacts[]): MeansRule | undefined {
  const holds = (state: string): boolean => {
    const ofKind = things.filter(({ kind }) => kind === state.slice(0, state.indexOf(" ")));
    return ofKind.length > 0 && ofKind.every(({ states }) => states.includes(state));
  };
  return means.find(({ where }) => where.some(holds));
}

/** `railway:volume/v1`: `v1`. */
function ownId(resource: string): string {
  return resource.slice(resource.indexOf("/") + 1);
}

function notAsked(provider: string, thing: string): string {
  return `what the ${thing} is, and which environment it belongs to, was not asked: the pack for ${provider} has no read that tells`;
}

function hidden(thing: string, destroys: boolean): string {
  return `which ${thing} it is, the request does not show${destroys ? ", so it counts as one of production" : ""}`;
}

function warnings(before: Disarmed | undefined): readonly string[] {
  switch (before) {
    case undefined:
      return [];
    case "request":
    case "session":
      return ["the same session took a protection away before"];
    case "thing":
      return ["somebody took a protection of this very thing away before"];
  }
}

/**
 * Effects with what was found out about their things before: environment, size, backups, and protections that were taken away.
 * It asks nobody; a request without answers leaves its effects as they are.
 */
import type { EffectThing, ResolvedThing } from "../../model/api-thing.ts";
import type { Effect } from "../../model/effect.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import type { OperationClass } from "../../packs/pack.ts";
import { asClass, originOf } from "./meaning.ts";

const ending: ReadonlySet<string> = new Set(["destroy", "wipe"]);

/** What is known of each thing; a protection that the same request takes away counts for everything that it destroys. */
export function withThings(effects: readonly Effect[], { resolved }: HttpRequest): readonly Effect[] {
  const disarms = effects.some(({ detail, resource }) => detail === "disarm" && resource.type === "api_resource");
  if (resolved === undefined && !disarms) return effects;
  return effects.map((effect) => {
    const { thing: known, becomes } = resolvedOf(effect, resolved) ?? {};
    if (!disarms && known !== undefined && becomes?.from === effect.detail)
      return { ...asClass(effect, becomes.to as OperationClass, becomes.because), thing: known };
    const disarmed = disarms && ending.has(effect.detail) && effect.resource.type === "api_resource" && effect.operation === "delete";
    if (!disarmed) return known === undefined ? effect : { ...effect, thing: known };
    const thing: EffectThing = known ?? { environment: "unasked", backupCoupling: "unknown" };
    return { ...effect, thing: { ...thing, disarmed: thing.disarmed ?? "request" } };
  });
}

function resolvedOf(effect: Effect, resolved: HttpRequest["resolved"]): ResolvedThing | undefined {
  const operation = originOf(effect)?.operation.id;
  return resolved?.find((each) => each.resource === effect.resource.name && each.operation === operation);
}

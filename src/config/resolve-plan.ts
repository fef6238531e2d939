/**
 * A target's `plan` and `classify` with their defaults filled in.
 * The clone's address is resolved by whoever knows how; it reports no problem: the file was examined before.
 */
import type { PlanConfig, UpstreamConfig } from "./config.ts";
import type { TargetEntry, UpstreamEntry } from "./config-schema.ts";
import { parseDuration } from "./quantities.ts";

export function resolvePlan(
  { plan, classify }: Pick<TargetEntry, "plan" | "classify">,
  upstream: (address: UpstreamEntry) => UpstreamConfig,
): PlanConfig {
  const time = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
  return {
    lockMs: time(plan?.lock, 2_000),
    statementMs: time(plan?.statement, 30_000),
    runMs: time(plan?.run, 600_000),
    samples: plan?.samples ?? 5,
    ...(plan?.clone === undefined ? {} : { clone: upstream(plan.clone) }),
    shown: { public: classify?.public ?? [], secret: classify?.secret ?? [] },
  };
}

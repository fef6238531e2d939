/**
 * Compares the configuration on disk with what a running gateway goes by.
 * It does not ask the gateway itself.
 */
import type { Config } from "../../config/config.ts";
import type { GatewayStatus } from "../../control/contract.ts";
import { type Finding, finding, weakness } from "./finding.ts";

/** `undefined`: none runs. */
export function examineDrift(config: Config, status: GatewayStatus | undefined): readonly Finding[] {
  if (status === undefined)
    return [finding("gateway", "unknown", "none runs here now: nothing passes, and nothing is recorded", "holdfast up")];
  const found: Finding[] = [];
  for (const target of config.targets) {
    const running = status.targets.find(({ name }) => name === target.name);
    const topic = `target ${target.name}`;
    if (running === undefined)
      found.push(
        weakness("not-served", topic, "weak", {
          text: "the running gateway does not know it",
          why: "what this configuration says of it is not in force",
          next: "stop holdfast up, and start it again",
        }),
      );
    else if (running.policy.digest !== target.policy.digest)
      found.push(
        weakness("policy-drift", topic, "weak", {
          text: `the running gateway goes by policy \`${running.policy.name}\` as it was, not by what the configuration says now`,
          why: "somebody changed the file, or forgot to load it",
          next: `holdfast policy show, then kill -HUP ${status.processId}`,
        }),
      );
  }
  return found.length > 0 ? found : [finding("gateway", "good", `runs as process ${status.processId}, by the policies on disk`)];
}

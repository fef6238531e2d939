/**
 * Says whether what agents drop rests anywhere, and whether anybody empties it in time.
 * It asks each target's server, and changes nothing.
 */
import { figure } from "../../base/counted.ts";
import type { TargetConfig } from "../../config/config.ts";
import type { EnvironmentVariables } from "../../wiring/target-options.ts";
import { causeText } from "../errors.ts";
import { visible } from "../output.ts";
import { type Finding, finding, named, weakness } from "./finding.ts";

/** What was overdue for a sweep alone is no news. */
const SLACK_MS = 1_800_000;

export async function examineBin(target: TargetConfig, environment: EnvironmentVariables, nowMs: number): Promise<readonly Finding[]> {
  const topic = `target ${target.name}`;
  if (!target.bin.enabled) return [];
  const { binFigures } = await import("../../wiring/bin-look.ts");
  const found = await binFigures(target, environment, nowMs - SLACK_MS).catch((error: unknown) => causeText(error));
  if (typeof found === "string") return [finding(topic, "unknown", `whether it has a bin could not be looked up: ${visible(found)}`)];
  if (found === undefined)
    return [
      weakness("no-bin", topic, "weak", {
        text: "its database has no bin",
        why: "a DROP or TRUNCATE that is let through is for good, and what a policy answers with `bin` is asked about",
        next: "run `holdfast provision`, or set `bin: { enabled: false }`; see docs/bin.md",
      }),
    ];
  const { entries, bytes, overdue } = found;
  if (overdue > 0)
    return [
      weakness("bin-overdue", topic, "weak", {
        text: `${figure(overdue)} of ${figure(entries)} entries in the bin are older or larger than \`bin\` allows`,
        why: "a running gateway empties them; they take up room, and hold data longer than promised",
        next: "see what the gateway warns about, and `holdfast bin list`",
      }),
    ];
  return [
    named("bin", finding(topic, "good", `it has a bin, with ${figure(entries)} entries of ${figure(Math.round(bytes / 1024 ** 2))} MiB`)),
  ];
}

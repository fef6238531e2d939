/**
 * Looks at the control store that several gateways share: whether it answers, keeps what it acknowledges, and who else can write it.
 * It changes nothing there; the embedded store is a file of the state folder, which is looked at with it.
 */
import { systemClock } from "../../base/clock.ts";
import type { Config } from "../../config/config.ts";
import type { EnvironmentVariables } from "../../wiring/target-options.ts";
import { causeText } from "../errors.ts";
import { visible } from "../output.ts";
import { type Finding, finding, named, weakness } from "./finding.ts";

export async function examineStore(config: Config, environment: EnvironmentVariables): Promise<readonly Finding[]> {
  if (config.store?.kind !== "postgres") return [];
  const { lookAtStore } = await import("../../wiring/open-store.ts");
  let found: Awaited<ReturnType<typeof lookAtStore>>;
  try {
    found = await lookAtStore(config, { environment, clock: systemClock });
  } catch (error) {
    return [named("store-unreachable", finding("store", "bad", causeText(error), "no gateway starts without it: see docs/store.md"))];
  }
  if (found === undefined) return [];
  const { place, gateways, made, volatile, superuser, writers, tls, local } = found;
  const alive = gateways.filter(
    ({ state, silentMs }) => state === "alive" && silentMs < (config.store?.kind === "postgres" ? config.store.gatewayMsMax : 0),
  );
  const names = alive.map(({ name }) => visible(name)).join("; ");
  const standing = made
    ? `${alive.length} ${alive.length === 1 ? "gateway lives" : "gateways live"}${names === "" ? "" : `: ${names}`}`
    : "made at the first start";
  const findings: Finding[] = [finding("store", "good", `${visible(place)} answers; ${standing}`)];
  if (tls !== "verify-full" && !local)
    findings.push(
      weakness(tls === "disable" ? "store-clear-text" : "store-unverified", "store", tls === "disable" ? "bad" : "weak", {
        text: tls === "disable" ? "what goes to it is not encrypted" : "whose server it is, is not verified",
        why: "whoever is on the way sees the plans of what is held, or answers in the store's place",
        next: "set `tls: verify-full` under `store`, and `ca` where needed",
      }),
    );
  if (volatile.length > 0)
    findings.push(
      weakness("store-not-durable", "store", "bad", {
        text: `its server runs with ${volatile.map((name) => `${name} = off`).join(", ")}`,
        why: "when its machine stops, what it acknowledged is lost: a suspension, or that an approval was used",
        next: "set them on, and restart that server",
      }),
    );
  if (superuser)
    findings.push(
      weakness("store-superuser", "store", "weak", {
        text: "its role is a superuser there",
        why: "the gateway needs one schema, and has everything",
        next: "give it a role and a database of its own: docs/store.md",
      }),
    );
  if (writers.length > 0)
    findings.push(
      weakness("store-writers", "store", "weak", {
        text: `${writers.map(visible).join(", ")} may change what stands in it`,
        why: "nothing there opens a right, but whoever writes it can end sessions and let budgets begin anew",
        next: "REVOKE ALL ON ALL TABLES IN SCHEMA holdfast_control FROM them",
      }),
    );
  return findings;
}

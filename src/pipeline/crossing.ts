/**
 * The one rule of a session that no policy can lift: what is for staging or development changes nothing of production, whatever its id
 * looked like. What destroys and cannot be placed counts as production.
 */
import type { Reason } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Environment } from "../model/principal.ts";

const destroying: ReadonlySet<string> = new Set(["destroy", "wipe", "restore"]);

/** Why an act with these effects is refused in a session of this environment; `undefined` where nothing crosses over. */
export function crossing(effects: readonly Effect[], session: Environment): Reason | undefined {
  if (session === "production") return undefined;
  const changes = effects.filter(({ operation }) => operation !== "read");
  const known = changes.find(({ thing }) => thing?.environment === "production");
  const effect = known ?? changes.find(({ thing, detail }) => thing?.environment === "unknown" && destroying.has(detail));
  if (effect === undefined) return undefined;
  const { name } = effect.resource;
  const called = effect.thing?.name === undefined ? `\`${name}\`` : `\`${name}\` (\`${effect.thing.name}\`)`;
  const next = `work on what belongs to ${session}; what belongs to production is for a session of production, which a person starts`;
  if (known !== undefined)
    return {
      code: "other_environment",
      message: `would change ${called}, which belongs to production: this session is for ${session}`,
      next,
    };
  return {
    code: "other_environment",
    message: `would change ${called}, and which environment that belongs to could not be found out: it counts as production, and this session is for ${session}`,
    next: `${next}; if it does not belong to production, the operator can say so under \`http.environments\``,
  };
}

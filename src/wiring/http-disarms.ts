/**
 * A guard that remembers which admitted requests take a safeguard away, before they are sent, and forgets those that did not.
 * It decides nothing itself: where a safeguard's end cannot be remembered, it does not come to it.
 */
import type { Action } from "../model/action.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Admission, Guard } from "../pipeline/guard.ts";
import type { Disarms } from "../sessions/disarms.ts";

/** The same guard, its disarming acts noted. */
export function notingDisarms(guard: Guard, disarms: Disarms): Guard {
  const { admitApproved } = guard;
  const noted = async (action: Action, admission: Admission): Promise<Admission> => {
    if (admission.kind !== "allow" || admission.readOnly) return admission;
    const things = disarmedBy(action, admission);
    if (things === undefined) return admission;
    try {
      await disarms.note(action.id, action.session.principal.name, things);
      return admission;
    } catch {
      guard.settle(admission, { status: "failed", code: "record_unavailable", measured: { elapsedMs: 0 } });
      const message = "it takes a safeguard away, and that cannot be remembered: the control store cannot be written";
      return { kind: "deny", id: action.id, reason: { code: "record_unavailable", message }, statements: admission.statements };
    }
  };
  return {
    ...guard,
    admit: async (action, can) => noted(action, await guard.admit(action, can)),
    ...(admitApproved === undefined
      ? {}
      : { admitApproved: async (action, can, approved) => noted(action, await admitApproved(action, can, approved)) }),
    settle(admission, outcome) {
      guard.settle(admission, outcome);
      void disarms.settled(admission.id, carriedOut(outcome));
    },
  };
}

/** The ids of what loses a safeguard; `undefined` where nothing does. */
function disarmedBy({ payload }: Action, { statements }: Extract<Admission, { kind: "allow" }>): readonly string[] | undefined {
  const effects = statements
    .flatMap((statement) => statement.effects)
    .filter(({ detail, resource }) => detail === "disarm" && resource.type === "api_resource");
  if (effects.length === 0 || payload.kind !== "http") return undefined;
  const names = new Set(effects.map(({ resource }) => resource.name));
  const known = (payload.request.resolved ?? []).filter(({ resource }) => names.has(resource)).flatMap(({ ids }) => ids);
  const bare = [...names].map((name) => `${name.slice(0, name.indexOf(":"))}:${name.slice(name.indexOf("/") + 1)}`);
  return [...new Set([...known, ...bare])];
}

/** A provider that answers 4xx has not done it; one that fails may have. */
function carriedOut(outcome: Outcome): boolean {
  if (outcome.status !== "failed") return true;
  return outcome.measured.elapsedMs > 0 && !/^4\d\d$/.test(outcome.code);
}

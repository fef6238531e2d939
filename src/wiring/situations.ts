/**
 * Which policy judges an action, and the facts that policy is told: by target and principal, from the configuration.
 * It does not judge.
 */
import type { Config } from "../config/config.ts";
import type { Action } from "../model/action.ts";
import type { GrantFact } from "../model/grant.ts";
import type { Situation } from "../pipeline/scopes.ts";
import type { Policy } from "../policy/policy.ts";

/** What persons have opened for a principal at a target. */
type GrantFacts = (target: string, principal: string) => readonly GrantFact[] | undefined;

/** Whether a person could open anything for a principal at a target. */
type Askable = (target: string, principal: string) => boolean;

/** Policy and facts by target and principal; the start-up test's login has the target's own policy. */
export function situations(config: Config, grants: GrantFacts = () => undefined, askable: Askable = () => false): Situation {
  const targets = new Map(config.targets.map((target) => [target.name, target]));
  const users = new Map(config.users.map((user) => [user.name, user]));
  return (action) => {
    const target = targets.get(action.target.name);
    if (target === undefined) throw new Error(`no target is named \`${action.target.name}\``);
    const policy = users.get(action.session.principal.name)?.policies?.get(target.name) ?? target.policy;
    const whose = [target.name, action.session.principal.name] as const;
    return situation(action, policy, { grants: grants(...whose), askable: askable(...whose) });
  };
}

interface Opened {
  readonly grants: readonly GrantFact[] | undefined;
  readonly askable: boolean;
}

function situation(action: Action, policy: Policy, { grants, askable }: Opened) {
  const { target, session, payload } = action;
  const { kind: principalKind, name: principal } = session.principal;
  const { name, environment, database } = target;
  const { role } = payload.context;
  const facts = { target: name, environment, database, principal, principalKind, role, approvals: false };
  const ask = askable ? { askable: true as const } : {};
  return { policy, facts: { ...facts, ...(grants === undefined ? {} : { grants }), ...ask } };
}

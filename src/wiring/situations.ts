/**
 * Which policy judges an action, and the facts that policy is told: by target and principal, from the configuration.
 * It does not judge.
 */
import type { Config } from "../config/config.ts";
import type { Action } from "../model/action.ts";
import type { BreakGlassFact } from "../model/break-glass.ts";
import type { GrantFact } from "../model/grant.ts";
import type { Facts, RecoveryFact } from "../model/facts.ts";
import type { Situation } from "../pipeline/scopes.ts";
import type { Policy } from "../policy/policy.ts";
import { carriedOutApart } from "./break-glass-place.ts";

/** What persons have opened for a principal at a target. */
type GrantFacts = (target: string, principal: string) => readonly GrantFact[] | undefined;

/** Whether a person could open anything for a principal at a target. */
type Askable = (target: string, principal: string) => boolean;

/** Whether nobody is asked for a principal at a target now. */
type BreakGlassOf = (target: string, principal: string) => BreakGlassFact | undefined;

/** Policy and facts by target and principal; the start-up test's login has the target's own policy. */
export function situations(
  config: Config,
  grants: GrantFacts = () => undefined,
  askable: Askable = () => false,
  glass: BreakGlassOf = () => undefined,
  approvals: (target: string) => boolean = () => false,
  bin: (target: string, database: string) => Facts["bin"] = () => undefined,
  recovery: (target: string) => RecoveryFact | undefined = () => undefined,
): Situation {
  const targets = new Map(config.targets.map((target) => [target.name, target]));
  const users = new Map(config.users.map((user) => [user.name, user]));
  return (action) => {
    const target = targets.get(action.target.name);
    if (target === undefined) throw new Error(`no target is named \`${action.target.name}\``);
    const policy = users.get(action.session.principal.name)?.policies?.get(target.name) ?? target.policy;
    const whose = [target.name, action.session.principal.name] as const;
    return situation(action, policy, {
      grants: grants(...whose),
      askable: askable(...whose),
      breakGlass: carriedOutApart(target) ? undefined : glass(...whose),
      approvals: approvals(target.name),
      bin: bin(target.name, action.target.database),
      recovery: recovery(target.name),
    });
  };
}

interface Opened {
  readonly grants: readonly GrantFact[] | undefined;
  readonly askable: boolean;
  readonly breakGlass: BreakGlassFact | undefined;
  /** Somebody is registered who may answer for the target's environment. */
  readonly approvals: boolean;
  readonly bin: Facts["bin"] | undefined;
  readonly recovery: RecoveryFact | undefined;
}

function situation(action: Action, policy: Policy, { grants, askable, breakGlass, approvals, bin, recovery }: Opened) {
  const { target, session, payload } = action;
  const { kind: principalKind, name: principal } = session.principal;
  const { name, environment, database } = target;
  const { role } = payload.context;
  const facts = { target: name, environment, database, principal, principalKind, role, approvals };
  const ask = askable ? { askable: true as const } : {};
  const glass = breakGlass === undefined ? {} : { breakGlass };
  const kept = bin === undefined ? {} : { bin };
  const aged = recovery === undefined ? {} : { recovery };
  return { policy, facts: { ...facts, ...aged, ...glass, ...kept, ...(grants === undefined ? {} : { grants }), ...ask } };
}

/**
 * Two configurations compared: which policies can be taken over while sessions run, and what has to wait for a restart.
 * It changes nothing itself.
 */
import { isDeepStrictEqual } from "node:util";
import type { Config, TargetConfig, UserConfig } from "../config/config.ts";

/** The running targets and users with the policies that the new configuration gives them, and its rules of approvals. */
export function samePlaces(running: Config, next: Config): Pick<Config, "targets" | "users" | "approvals"> {
  const targets = running.targets.map((target) => {
    const { policy, policyName } = find(next.targets, target.name) ?? target;
    return { ...target, policy, policyName };
  });
  const users = running.users.map((user) => ({ ...user, policies: (find(next.users, user.name) ?? user).policies }));
  return { targets, users, ...(next.approvals === undefined ? {} : { approvals: next.approvals }) };
}

/** What differs beside policies, a clause each: "target `shop` is new". */
export function needsRestart(running: Config, next: Config): readonly string[] {
  const settings = (["state", "auditDirectory", "shutdownMs"] as const).filter((key) => running[key] !== next[key]);
  return [
    ...differences("target", running.targets, next.targets, withoutPolicy),
    ...differences("user", running.users, next.users, withoutPolicies),
    ...limitsChanged(running, next),
    ...(isDeepStrictEqual(running.store, next.store) ? [] : ["`store` is different"]),
    ...settings.map((key) => `\`${key}\` is different`),
    ...(isDeepStrictEqual(running.channels, next.channels) ? [] : ["`approvals.channels` is different"]),
    ...(isDeepStrictEqual(running.breakGlass, next.breakGlass) ? [] : ["`approvals.break_glass` is different"]),
    ...(isDeepStrictEqual(running.console, next.console) ? [] : ["`console` is different"]),
  ];
}

interface Named {
  readonly name: string;
}

function find<T extends Named>(list: readonly T[], name: string): T | undefined {
  return list.find((each) => each.name === name);
}

function differences<T extends Named>(
  what: string,
  running: readonly T[],
  next: readonly T[],
  rest: (each: T) => unknown,
): readonly string[] {
  const gone = running.filter(({ name }) => find(next, name) === undefined).map(({ name }) => `${what} \`${name}\` is gone`);
  const others = next.flatMap((each) => {
    const before = find(running, each.name);
    if (before === undefined) return [`${what} \`${each.name}\` is new`];
    return isDeepStrictEqual(rest(before), rest(each)) ? [] : [`${what} \`${each.name}\` is different`];
  });
  return [...gone, ...others];
}

/** Sessions got their time limits when they logged in. */
function limitsChanged(running: Config, next: Config): readonly string[] {
  return next.targets.flatMap(({ name, policy }) => {
    const before = find(running.targets, name);
    const same = before === undefined || isDeepStrictEqual(before.policy.sessionLimits, policy.sessionLimits);
    return same ? [] : [`time limits of target \`${name}\` are different`];
  });
}

function withoutPolicy(target: TargetConfig): unknown {
  return { ...target, policy: undefined, policyName: undefined };
}

function withoutPolicies(user: UserConfig): unknown {
  return { ...user, policies: undefined };
}

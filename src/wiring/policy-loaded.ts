/**
 * The record of a policy that a target is under from now on.
 */
import type { AuditEvent } from "../model/event.ts";
import type { Policy } from "../policy/policy.ts";

export function policyLoaded(target: string, { name, digest, mode }: Policy): AuditEvent {
  return { kind: "policy_loaded", target, preset: name, policyDigest: digest, observing: mode === "observe" };
}

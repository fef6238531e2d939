/**
 * A certificate authority that lives as long as one demonstration: who stands in for a provider signs for itself with it.
 * Nothing trusts it but what is told to.
 */
import { createSessionAuthority, type SessionAuthority } from "../adapters/http/certificates/session-authority.ts";
import { systemClock } from "../base/clock.ts";
import { systemRandom } from "../base/ids.ts";

export function throwAwayAuthority(name: string): SessionAuthority {
  return createSessionAuthority(name, { clock: systemClock, random: systemRandom });
}

/**
 * Records about tokens that Holdfast hands out or makes, in a few words. It formats for nobody in particular, and no secret is in a record.
 */
import { assertNever } from "../base/assert.ts";
import type { AuditEvent } from "../model/event.ts";

type CredentialEvent = Extract<AuditEvent, { kind: "token_answered" | "credential_minted" | "credential_ended" }>;

export interface CredentialWords {
  readonly word: string;
  readonly about: string;
  readonly text: string;
  /** `bad` is what somebody has to look at. */
  readonly tone: "plain" | "warn" | "bad";
}

export function credentialWords(event: CredentialEvent): CredentialWords {
  switch (event.kind) {
    case "token_answered": {
      const what = event.status === 200 ? "given its placeholder" : `refused with ${event.status}`;
      const text = `${event.principal} asked ${event.host} for a token of \`${event.credential}\`: ${what} by Holdfast, nothing was sent`;
      return { word: "token", about: event.session, text, tone: event.status === 200 ? "plain" : "warn" };
    }
    case "credential_minted": {
      const { principal, credential, told, expiresAtMs, problem } = event;
      if (problem !== null)
        return { word: "NOT MINTED", about: principal, text: `\`${credential}\` (${told}): ${problem}; nothing was sent`, tone: "bad" };
      const until = expiresAtMs === null ? "" : `, until ${new Date(expiresAtMs).toISOString()}`;
      return { word: "minted", about: principal, text: `\`${credential}\`: ${told}${until}`, tone: "plain" };
    }
    case "credential_ended": {
      const { principal, credential, end, because } = event;
      const how = { revoked: "revoked", left_to_expire: "left to expire", revocation_failed: "NOT REVOKED" }[end];
      return {
        word: "ended",
        about: principal,
        text: `\`${credential}\` ${how}: ${because}`,
        tone: end === "revocation_failed" ? "bad" : "plain",
      };
    }
    default:
      return assertNever(event, "credential event");
  }
}

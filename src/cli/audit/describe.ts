/**
 * Says in a few words what a record of the audit log says.
 * It knows actions and effects, never a protocol, and shows nothing that is not in the record.
 */
import { figure } from "../../base/counted.ts";
import { assertNever } from "../../base/assert.ts";
import type { ApiEvent, AuditEvent, GuardEvent } from "../../model/event.ts";
import type { Outcome } from "../../model/outcome.ts";
import { credentialWords } from "../../audit/credential-words.ts";
import { isRecovery, recoveryWords } from "../../audit/recovery-words.ts";
import { describeApprovals } from "./describe-approvals.ts";
import { describeRights } from "./describe-rights.ts";
import type { Judgement, Judgements } from "./reader.ts";

export interface Described {
  /** One word: what happened. */
  readonly word: string;
  /** The session, act or judgement it is about; may be empty. */
  readonly about: string;
  readonly text: string;
  readonly tone: "good" | "bad" | "warn" | "plain";
}

/** `judgements` are those seen so far by their id: an intent refers to its judgement. */
export function describeEvent(event: AuditEvent, judgements: Pick<Judgements, "get">): Described {
  switch (event.kind) {
    case "login_refused":
      return { word: "login", about: event.peer, text: `refused for ${event.user}: ${event.because}`, tone: "bad" };
    case "session_opened": {
      const text = `${event.principal} on ${event.target}/${event.database} (${event.environment}) from ${event.peer}`;
      return { word: "opened", about: event.session, text, tone: "plain" };
    }
    case "session_closed":
      return { word: "closed", about: event.session, text: event.because, tone: "plain" };
    case "lease_started":
    case "lease_ended": {
      const what = event.kind === "lease_started" ? "role made for" : "role removed of";
      return { word: "lease", about: event.role, text: `${what} ${event.principal}, ${event.group}: ${event.because}`, tone: "plain" };
    }
    case "judgement":
      return { word: "judged", about: event.judgement, text: `${event.decision} ${event.code}: ${event.text}`, tone: "plain" };
    case "intent":
      return describeIntent(event, judgements.get(event.judgement));
    case "outcome":
      return {
        word: event.outcome.status,
        about: event.action,
        text: outcomeText(event.outcome),
        tone: event.outcome.status === "unknown" ? "warn" : "plain",
      };
    case "transaction_ended":
      return {
        word: event.end === "rolled_back" ? "rolledback" : event.end,
        about: event.session,
        text: `${count(event.actions.length, "act")}, ${count(event.rowsChanged, "row")} changed`,
        tone: event.end === "unknown" ? "warn" : "plain",
      };
    case "limit_reached":
      return {
        word: "limit",
        about: event.action ?? event.session,
        text: `${event.code}: ${figure(event.figure)}, allowed ${figure(event.allowed)}`,
        tone: "bad",
      };
    case "credential_found":
    case "token_answered":
    case "credential_minted":
    case "credential_ended":
    case "thing_asked":
      return describeApis(event);
    case "run_started":
    case "run_ended":
    case "run_suspended":
    case "run_resumed":
    case "grant_asked":
    case "grant_given":
    case "grant_used":
    case "grant_lapsed":
    case "break_glass_opened":
    case "break_glass_used":
    case "break_glass_closed":
      return describeRights(event);
    case "approval_asked":
    case "approval_answered":
    case "approval_closed":
    case "approval_used":
    case "approval_settled":
      return describeApprovals(event);
    default:
      return isRecovery(event) ? recoveryWords(event) : describeGuard(event);
  }
}

/** Credentials for APIs, and what providers say. */
function describeApis(event: ApiEvent): Described {
  switch (event.kind) {
    case "credential_found":
      return {
        word: "FOUND",
        about: event.session,
        text: `a credential of ${event.principal} for ${event.provider} (${event.host}), in ${event.slot}: refused, nothing was sent`,
        tone: "bad",
      };
    case "token_answered":
    case "credential_minted":
    case "credential_ended":
      return credentialWords(event);
    case "thing_asked":
      return { word: "asked", about: event.session, text: `${event.operation} ${event.name}: ${event.told.join("; ")}`, tone: "plain" };
  }
}

/** What happened to the guard itself, not through it. */
function describeGuard(event: GuardEvent): Described {
  switch (event.kind) {
    case "started":
      return { word: "started", about: "", text: `holdfast ${event.version}`, tone: "plain" };
    case "stopped":
      return { word: "stopped", about: "", text: event.because, tone: "plain" };
    case "recovered":
      return {
        word: "recovered",
        about: "",
        text: `${figure(event.unknownOutcomes.length)} outcomes unknown, ${figure(event.tornBytes)} torn bytes set aside`,
        tone: "warn",
      };
    case "policy_loaded": {
      const observing = event.observing ? ": observes only, refuses nothing" : "";
      return {
        word: "policy",
        about: event.target,
        text: `${event.preset} ${event.policyDigest.slice(0, 12)}${observing}`,
        tone: event.observing ? "warn" : "plain",
      };
    }
    case "person_attempt": {
      const more = event.repeated === undefined ? "" : `, and ${figure(event.repeated)} more before it`;
      const text = `${event.method} ${event.path} as ${event.person}: ${event.accepted ? "signed" : `refused: ${event.because}`}${more}`;
      return { word: "person", about: event.person, text, tone: event.accepted ? "good" : "bad" };
    }
    case "vault_opened":
    case "vault_changed":
      return { word: "vault", about: `version ${event.generation}`, text: event.because, tone: "plain" };
    case "tampering_noticed":
      return { word: "TAMPERED", about: event.about, text: event.because, tone: "bad" };
    case "config_loaded":
    case "config_refused": {
      const changed = event.before === null || event.before === event.after ? "" : `${event.before.slice(0, 12)} -> `;
      const tone = event.kind === "config_refused" ? "bad" : changed === "" ? "plain" : "warn";
      return { word: "config", about: "", text: `${changed}${event.after.slice(0, 12)}: ${event.because}`, tone };
    }
    case "passkey_registered":
    case "passkey_removed": {
      const done = event.kind === "passkey_registered" ? "registered" : "removed";
      return { word: "passkey", about: event.person, text: `${done} for ${event.rpId}: ${event.credential}`, tone: "warn" };
    }
    default:
      return assertNever(event, "describeEvent");
  }
}

function describeIntent(event: Extract<AuditEvent, { kind: "intent" }>, judgement: Judgement | undefined): Described {
  const text = judgement === undefined ? `judged in ${event.judgement}` : judgement.text;
  const observed = event.decision === "allow" && judgement?.observed !== undefined ? ` (would be ${judgement.observed})` : "";
  const code = event.decision === "allow" && event.code === "permitted" ? "" : `${event.code}: `;
  const tone = event.decision === "allow" ? (observed === "" ? "good" : "warn") : "bad";
  return { word: event.decision, about: event.action, text: `${code}${text}${observed}`, tone };
}

export function outcomeText(outcome: Outcome): string {
  if (outcome.status === "unknown") return outcome.because;
  const { rowsChanged, rowsReturned, elapsedMs, answeredBy } = outcome.measured;
  const parts = [
    ...(outcome.status === "failed" ? [`code ${outcome.code}`] : []),
    ...(rowsChanged === undefined ? [] : [`${count(rowsChanged, "row")} changed`]),
    ...(rowsReturned === undefined ? [] : [`${count(rowsReturned, "row")} returned`]),
    `${elapsedMs.toFixed(1)} ms`,
    ...(answeredBy === undefined ? [] : [`at the ${answeredBy}`]),
  ];
  return parts.join(", ");
}

function count(number: number, noun: string): string {
  return `${figure(number)} ${noun}${number === 1 ? "" : "s"}`;
}

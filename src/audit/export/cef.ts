/**
 * Records as ArcSight Common Event Format, one line each, for collectors that take nothing newer.
 * It tells less than the native record: an unknown number of effects does not fit it.
 */
import type { AuditEvent } from "../../model/event.ts";
import type { ReadRecord } from "../events.ts";
import { credentialWords } from "../credential-words.ts";
import { isRecovery, recoveryWords } from "../recovery-words.ts";
import { exportContext } from "./context.ts";
import type { ExportContext } from "./context.ts";

/** A record as one CEF line. */
export function cefExporter(origin: string, version: string): (record: ReadRecord) => string {
  const context = exportContext();
  return ({ event, n, t }) => {
    context.step(event);
    const { severity, name, fields } = partsOf(event, context);
    const extension = { rt: t, externalId: n, dvchost: origin, ...fields };
    const pairs = Object.entries(extension)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => `${k}=${inExtension(String(v))}`);
    return `CEF:0|Holdfast|Holdfast|${inHeader(version)}|${event.kind}|${inHeader(name)}|${severity}|${pairs.join(" ")}`;
  };
}

interface Parts {
  readonly severity: number;
  readonly name: string;
  readonly fields: { readonly [key: string]: string | number | undefined };
}

function partsOf(event: AuditEvent, context: ExportContext): Parts {
  const plain = event.kind.replaceAll("_", " ");
  const who = (id: string): Parts["fields"] => {
    const session = context.session(id);
    return {
      suser: session?.principal,
      src: session?.peer.replace(/:\d+$/, ""),
      cs1Label: "session",
      cs1: id.split(".")[0],
      destinationServiceName: session?.target,
    };
  };
  switch (event.kind) {
    case "intent":
      return {
        severity: event.decision === "allow" ? 1 : 6,
        name: `act ${event.decision === "allow" ? "allowed" : event.decision === "hold" ? "held" : "denied"}`,
        fields: {
          ...who(event.action),
          act: event.decision,
          reason: event.code,
          cs2Label: "action",
          cs2: event.action,
          msg: context.judgement(event.judgement)?.text,
        },
      };
    case "outcome":
      return {
        severity: event.outcome.status === "succeeded" ? 1 : 3,
        name: `act ${event.outcome.status}`,
        fields: {
          ...who(event.action),
          outcome: event.outcome.status,
          cs2Label: "action",
          cs2: event.action,
          msg: context.judgementOf(event.action)?.text,
          cnt: event.outcome.status === "unknown" ? undefined : (event.outcome.measured.rowsChanged ?? event.outcome.measured.rowsReturned),
        },
      };
    case "login_refused":
      return { severity: 5, name: plain, fields: { suser: event.user, src: event.peer.replace(/:\d+$/, ""), reason: event.because } };
    case "session_opened":
      return { severity: 1, name: plain, fields: who(event.session) };
    case "session_closed":
      return { severity: 1, name: plain, fields: { ...who(event.session), reason: event.because } };
    case "lease_started":
    case "lease_ended":
      return {
        severity: 1,
        name: plain,
        fields: { suser: event.principal, duser: event.role, destinationServiceName: event.target, reason: event.because },
      };
    case "limit_reached":
      return { severity: 6, name: plain, fields: { ...who(event.session), reason: event.code, cnt: event.figure } };
    case "recovered":
      return { severity: 6, name: plain, fields: { cnt: event.unknownOutcomes.length } };
    case "stopped":
      return { severity: 3, name: plain, fields: { reason: event.because } };
    case "policy_loaded":
      return { severity: event.observing ? 5 : 2, name: plain, fields: { destinationServiceName: event.target, msg: event.preset } };
    default:
      return apiParts(event, plain, who) ?? otherParts(event, plain) ?? { severity: 1, name: plain, fields: {} };
  }
}

function otherParts(event: AuditEvent, plain: string): Parts | undefined {
  return guardParts(event, plain) ?? rightsParts(event, plain) ?? approvalParts(event, plain) ?? recoveryParts(event, plain);
}

/** Of credentials for APIs, and of what providers say; `undefined` for anything else. */
function apiParts(event: AuditEvent, plain: string, who: (session: string) => Parts["fields"]): Parts | undefined {
  switch (event.kind) {
    case "credential_found":
      return { severity: 8, name: plain, fields: { ...who(event.session), reason: "found_credential", destinationHostName: event.host } };
    case "token_answered":
      return { severity: 1, name: plain, fields: { ...who(event.session), reason: event.credential, destinationHostName: event.host } };
    case "credential_minted":
    case "credential_ended":
      return {
        severity: credentialWords(event).tone === "bad" ? 5 : 1,
        name: plain,
        fields: { suser: event.principal, reason: event.credential, msg: credentialWords(event).text },
      };
    case "thing_asked":
      return { severity: 1, name: plain, fields: { ...who(event.session), reason: event.environment, msg: event.told.join("; ") } };
    default:
      return undefined;
  }
}

/** Of what happened to the guard itself; `undefined` for anything else. */
function guardParts(event: AuditEvent, plain: string): Parts | undefined {
  switch (event.kind) {
    case "vault_opened":
    case "vault_changed":
      return { severity: 3, name: plain, fields: { cnt: event.generation, reason: event.because } };
    case "tampering_noticed":
      return { severity: 10, name: plain, fields: { msg: event.about, reason: event.because } };
    case "config_loaded":
    case "config_refused":
      return { severity: event.kind === "config_loaded" ? 2 : 8, name: plain, fields: { msg: event.after, reason: event.because } };
    case "person_attempt":
      return {
        severity: event.accepted ? 3 : 8,
        name: plain,
        fields: {
          suser: event.person,
          request: `${event.method} ${event.path}`,
          outcome: event.accepted ? "accepted" : "refused",
          reason: event.because,
        },
      };
    default:
      return undefined;
  }
}

/** Of runs, asks and grants; `undefined` for anything else. */
function rightsParts(event: AuditEvent, plain: string): Parts | undefined {
  switch (event.kind) {
    case "run_started":
      return { severity: 1, name: plain, fields: { suser: event.principal, cs1Label: "session", cs1: event.run, msg: event.purpose } };
    case "run_ended":
      return { severity: 1, name: plain, fields: { suser: event.principal, cs1Label: "session", cs1: event.run, reason: event.because } };
    case "run_suspended":
    case "run_resumed":
      return { severity: 6, name: plain, fields: { suser: event.person, duser: event.principal, reason: event.because } };
    case "grant_asked":
      return {
        severity: 4,
        name: plain,
        fields: { suser: event.principal, act: event.operations.join(","), msg: event.relations.join(" ") },
      };
    case "grant_given":
      return {
        severity: 5,
        name: plain,
        fields: {
          suser: event.person,
          duser: event.principal,
          act: event.operations.join(","),
          msg: event.relations.join(" "),
          end: event.untilMs,
          destinationServiceName: event.target,
        },
      };
    case "break_glass_opened":
      return {
        severity: 9,
        name: plain,
        fields: { suser: event.persons.join(","), duser: event.principal, destinationServiceName: event.target, msg: event.purpose },
      };
    case "break_glass_used":
      return { severity: 7, name: plain, fields: { cs2Label: "action", cs2: event.action, cnt: event.uses } };
    case "break_glass_closed":
      return { severity: 5, name: plain, fields: { cs1Label: "session", cs1: event.run, reason: event.because, cnt: event.uses } };
    case "grant_used":
      return { severity: 2, name: plain, fields: { cs2Label: "action", cs2: event.action, cnt: event.uses } };
    case "grant_lapsed":
      return { severity: event.revoked ? 2 : 8, name: plain, fields: { cs3Label: "grant", cs3: event.grant, reason: event.because } };
    default:
      return undefined;
  }
}

/** Of questions to persons and their passkeys; `undefined` for anything else. */
function approvalParts(event: AuditEvent, plain: string): Parts | undefined {
  switch (event.kind) {
    case "approval_asked":
      return {
        severity: 5,
        name: plain,
        fields: {
          ...approval(event.approval),
          suser: event.principal,
          destinationServiceName: event.target,
          msg: event.tables?.map(({ table }) => table).join(" "),
          end: event.expiresAtMs,
        },
      };
    case "approval_answered":
      return {
        severity: event.answer === "approve" ? 6 : 3,
        name: plain,
        fields: { ...approval(event.approval), suser: event.person, act: event.answer, reason: event.reason, app: event.channel },
      };
    case "approval_closed":
      return { severity: 3, name: plain, fields: { ...approval(event.approval), outcome: event.state, reason: event.because } };
    case "approval_used":
      return { severity: 6, name: plain, fields: approval(event.approval) };
    case "approval_settled":
      return {
        severity: event.how === "unknown" ? 8 : 3,
        name: plain,
        fields: { ...approval(event.approval), outcome: event.how, reason: event.because },
      };
    case "passkey_registered":
    case "passkey_removed":
      return { severity: 5, name: plain, fields: { suser: event.person, deviceExternalId: event.credential, dhost: event.rpId } };
    default:
      return undefined;
  }
}

const recoverySeverity = { bad: 9, warn: 6, good: 3, plain: 2 } as const;

/** Of what takes acts back, and of what is kept for it; `undefined` for anything else. */
function recoveryParts(event: AuditEvent, plain: string): Parts | undefined {
  if (!isRecovery(event)) return undefined;
  const words = recoveryWords(event);
  return {
    severity: recoverySeverity[words.tone],
    name: plain,
    fields: { suser: words.person, destinationServiceName: words.target, cs5Label: "about", cs5: words.about, msg: words.text },
  };
}

function approval(id: string): Parts["fields"] {
  return { cs4Label: "approval", cs4: id };
}

/** In the header a bar and a backslash are escaped, and line breaks have no place. */
function inHeader(text: string): string {
  return text.replace(/[\\|]/g, "\\$&").replace(/[\r\n]+/g, " ");
}

/** In the extension an equals sign and a backslash are escaped, and line breaks are spelled. */
function inExtension(text: string): string {
  return text.replace(/[\\=]/g, "\\$&").replace(/\r?\n|\r/g, "\\n");
}

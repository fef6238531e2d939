/**
 * Records as OCSF 1.9 events, one JSON object a line: acts as Datastore Activity,
 * sessions as Authentication, the rest as Application Lifecycle.
 * It does not sign: the log's own tree vouches for the native record, which `unmapped.leaf_hash` and `metadata.sequence` name.
 */
import { assertNever } from "../../base/assert.ts";
import type { Effect, Operation } from "../../model/effect.ts";
import type { ApiEvent, AuditEvent, GuardEvent } from "../../model/event.ts";
import type { ReadRecord } from "../events.ts";
import { credentialWords } from "../credential-words.ts";
import { leafHash } from "../merkle.ts";
import { isRecovery } from "../recovery-words.ts";
import { exportContext } from "./context.ts";
import type { ExportContext } from "./context.ts";
import { approvalBody } from "./ocsf-approvals.ts";
import { recoveryBody } from "./ocsf-recovery.ts";
import { rightsBody } from "./ocsf-rights.ts";

type Json = { readonly [key: string]: unknown };

/** Class numbers: 6005 Datastore Activity, 3001 Account Change, 3002 Authentication, 6002 Application Lifecycle. */
const activityOf: { readonly [O in Operation]: number } = {
  read: 4,
  create: 5,
  update: 2,
  delete: 7,
  define: 6,
  execute: 4,
  grant: 99,
  connect: 3,
  unknown: 0,
};

/** A record as one OCSF line, or `null` when OCSF has no event for it (a judgement is told with the acts it decided). */
export function ocsfExporter(origin: string): (record: ReadRecord) => string | null {
  const context = exportContext();
  return (record) => {
    context.step(record.event);
    const body = bodyOf(record.event, context);
    if (body === null) return null;
    const { class_uid, activity_id } = body as { class_uid: number; activity_id: number };
    return JSON.stringify({
      ...body,
      category_uid: Math.floor(class_uid / 1000),
      type_uid: class_uid * 100 + activity_id,
      time: record.t,
      metadata: {
        version: "1.9.0-dev",
        product: { name: "Holdfast", vendor_name: "Holdfast" },
        log_name: origin,
        sequence: record.n,
        uid: `${origin}/${record.n}`,
        profiles: class_uid === 6005 ? ["ai_operation", "security_control", "record_integrity"] : ["record_integrity"],
      },
      attestation_list: [{ uid: `${origin}/${record.n}`, chain_uid: origin }],
      unmapped: { leaf_hash: leafHash(record.line).toString("hex"), event: record.event.kind },
    });
  };
}

function bodyOf(event: AuditEvent, context: ExportContext): Json | null {
  switch (event.kind) {
    case "judgement":
      return null;
    case "intent":
      return intent(event, context);
    case "outcome":
      return outcomeBody(event, context);
    case "limit_reached":
      return {
        ...datastore(event.action ?? event.session, event.action === null ? undefined : context.judgementOf(event.action), context),
        action_id: 2,
        disposition_id: 2,
        severity_id: 3,
        status_detail: event.code,
        message: `limit reached: ${event.figure} of ${event.allowed}`,
      };
    case "credential_found":
    case "token_answered":
    case "credential_minted":
    case "credential_ended":
    case "thing_asked":
      return apiBody(event, context);
    case "transaction_ended":
      return transaction(event, context);
    case "session_opened":
    case "session_closed":
    case "login_refused":
      return authentication(event, context);
    case "lease_started":
    case "lease_ended":
      return lease(event);
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
      return rightsBody(event);
    case "approval_asked":
    case "approval_answered":
    case "approval_closed":
    case "approval_used":
    case "approval_settled":
      return approvalBody(event);
    default:
      return isRecovery(event) ? recoveryBody(event) : ofTheGuard(event);
  }
}

/** Credentials for APIs, and what providers say. */
function apiBody(event: ApiEvent, context: ExportContext): Json {
  switch (event.kind) {
    case "credential_found":
      return {
        ...datastore(event.session, undefined, context),
        action_id: 2,
        disposition_id: 2,
        severity_id: 4,
        is_alert: true,
        status_detail: "found_credential",
        message: `a credential that Holdfast did not give out, for ${event.provider} in ${event.slot}`,
      };
    case "token_answered":
      return {
        ...datastore(event.session, undefined, context),
        action_id: 1,
        disposition_id: 1,
        severity_id: 1,
        status_detail: event.credential,
        message: credentialWords(event).text,
      };
    case "credential_minted":
    case "credential_ended":
      return shortLived(event);
    case "thing_asked":
      return {
        ...datastore(event.session, undefined, context),
        action_id: 1,
        disposition_id: 1,
        severity_id: 1,
        status_detail: event.environment,
        message: `asked the provider what \`${event.name}\` is: ${event.told.join("; ")}`,
      };
  }
}

function outcomeBody(event: Extract<AuditEvent, { kind: "outcome" }>, context: ExportContext): Json {
  const { outcome } = event;
  const status = outcome.status === "succeeded" ? 1 : outcome.status === "failed" ? 2 : 0;
  return {
    ...datastore(event.action, context.judgementOf(event.action), context),
    action_id: 1,
    disposition_id: 1,
    severity_id: status === 1 ? 1 : 2,
    status_id: status,
    message: `outcome: ${outcome.status}`,
    ...(outcome.status === "failed" ? { status_code: outcome.code } : {}),
    ...(outcome.status === "unknown" ? { status_detail: outcome.because } : {}),
    ...(outcome.status === "unknown"
      ? {}
      : { duration: Math.round(outcome.measured.elapsedMs), count: outcome.measured.rowsChanged ?? outcome.measured.rowsReturned }),
  };
}

function intent(event: Extract<AuditEvent, { kind: "intent" }>, context: ExportContext): Json {
  const judgement = context.judgement(event.judgement);
  return {
    ...datastore(event.action, judgement, context),
    ...(event.decision === "allow"
      ? { action_id: 1, disposition_id: 1, severity_id: 1 }
      : { action_id: 2, disposition_id: event.decision === "hold" ? 14 : 2, severity_id: 3 }),
    status_detail: event.code,
    message: `intent: ${event.decision}`,
    ...(judgement === undefined ? {} : { policy: { uid: judgement.policyDigest, name: judgement.rules.join(", ") } }),
  };
}

/** What happened to the guard itself, not through it. */
function ofTheGuard(event: GuardEvent): Json {
  switch (event.kind) {
    case "started":
      return { ...lifecycle(3, 1), message: `started version ${event.version}` };
    case "stopped":
      return { ...lifecycle(4, 1), message: `stopped: ${event.because}` };
    case "recovered":
      return { ...lifecycle(99, 3), message: `recovered: ${event.unknownOutcomes.length} unknown outcomes, ${event.tornBytes} torn bytes` };
    case "policy_loaded":
      return { ...lifecycle(99, event.observing ? 3 : 1), message: `policy ${event.preset} loaded for ${event.target}` };
    case "vault_opened":
    case "vault_changed":
      return { ...lifecycle(99, event.kind === "vault_opened" ? 1 : 2), message: `vault version ${event.generation}: ${event.because}` };
    case "tampering_noticed":
      return { ...lifecycle(99, 5), message: `${event.about} touched past the gateway: ${event.because}` };
    case "config_loaded":
    case "config_refused":
      return {
        ...lifecycle(99, event.kind === "config_loaded" ? 1 : 4),
        message: `configuration ${event.after.slice(0, 12)}: ${event.because}`,
      };
    case "person_attempt":
      return attempt(event);
    case "passkey_registered":
    case "passkey_removed":
      return passkey(event);
    default:
      return assertNever(event, "ocsf export");
  }
}

function authentication(
  event: Extract<AuditEvent, { kind: "session_opened" | "session_closed" | "login_refused" }>,
  context: ExportContext,
): Json {
  switch (event.kind) {
    case "session_opened":
      return {
        class_uid: 3002,
        activity_id: 1,
        severity_id: 1,
        status_id: 1,
        user: { name: event.principal },
        session: { uid: event.session },
        src_endpoint: endpoint(event.peer),
        service: { name: event.target },
        message: `session opened on ${event.target}`,
      };
    case "session_closed": {
      const opened = context.session(event.session);
      return {
        class_uid: 3002,
        activity_id: 2,
        severity_id: 1,
        status_id: 1,
        user: { name: opened?.principal ?? "unknown" },
        session: { uid: event.session },
        status_detail: event.because,
        message: "session closed",
      };
    }
    case "login_refused":
      return {
        class_uid: 3002,
        activity_id: 1,
        severity_id: 3,
        status_id: 2,
        user: { name: event.user },
        src_endpoint: endpoint(event.peer),
        status_detail: event.because,
        message: "login refused",
      };
    default:
      return assertNever(event, "ocsf export");
  }
}

function attempt(event: Extract<AuditEvent, { kind: "person_attempt" }>): Json {
  return {
    class_uid: 3002,
    activity_id: 99,
    activity_name: "request signed by a person",
    severity_id: event.accepted ? 2 : 4,
    status_id: event.accepted ? 1 : 2,
    user: { name: event.person },
    service: { name: event.gateway },
    status_detail: event.because,
    message: `${event.method} ${event.path} ${event.accepted ? "agreed to" : "refused"}`,
  };
}

function passkey(event: Extract<AuditEvent, { kind: "passkey_registered" | "passkey_removed" }>): Json {
  const registered = event.kind === "passkey_registered";
  return {
    class_uid: 3001,
    activity_id: 99,
    activity_name: registered ? "passkey registered" : "passkey removed",
    severity_id: 3,
    status_id: 1,
    user: { name: event.person },
    status_detail: event.credential,
    message: `passkey ${registered ? "registered" : "removed"} for ${event.rpId}`,
  };
}

function lease(event: Extract<AuditEvent, { kind: "lease_started" | "lease_ended" }>): Json {
  const started = event.kind === "lease_started";
  return {
    class_uid: 3001,
    activity_id: started ? 1 : 6,
    severity_id: 1,
    status_id: 1,
    actor: { user: { name: event.principal } },
    user: { name: event.role, groups: [{ name: event.group }] },
    status_detail: event.because,
    message: `session role ${started ? "made" : "removed"} on ${event.target}`,
  };
}

function shortLived(event: Extract<AuditEvent, { kind: "credential_minted" | "credential_ended" }>): Json {
  const { text, tone } = credentialWords(event);
  return {
    class_uid: 3001,
    activity_id: event.kind === "credential_minted" ? 1 : 6,
    severity_id: tone === "bad" ? 4 : 1,
    status_id: tone === "bad" ? 2 : 1,
    actor: { user: { name: event.principal } },
    user: { name: event.credential },
    message: text,
  };
}

function transaction(event: Extract<AuditEvent, { kind: "transaction_ended" }>, context: ExportContext): Json {
  return {
    ...datastore(event.session, undefined, context),
    action_id: 1,
    disposition_id: 1,
    severity_id: 1,
    status_id: event.end === "unknown" ? 0 : 1,
    message: `transaction ${event.end}`,
    count: event.rowsChanged,
  };
}

function lifecycle(activity: number, severity: number): Json {
  return { class_uid: 6002, activity_id: activity, severity_id: severity, app: { name: "Holdfast", vendor_name: "Holdfast" } };
}

/** `id` is an action's or a session's. */
function datastore(id: string, judgement: Extract<AuditEvent, { kind: "judgement" }> | undefined, context: ExportContext): Json {
  const session = context.session(id);
  const worst = judgement === undefined ? undefined : gravest(judgement.effects);
  const name = session?.principal ?? "unknown";
  return {
    class_uid: 6005,
    activity_id: worst === undefined ? 0 : activityOf[worst.operation],
    type_id: worst?.resource.type === "table" ? 3 : 1,
    actor: { user: { name }, session: { uid: id.split(".")[0] } },
    ai_operation: { ai_agent: { uid: name, instance_uid: id.split(".")[0], name: session?.client ?? "" } },
    src_endpoint: endpoint(session?.peer ?? ""),
    database: { name: session?.database ?? "unknown", type_id: 1 },
    ...(worst?.resource.type === "table" ? { table: { name: worst.resource.name } } : {}),
    query_info: { uid: id, ...(judgement === undefined ? {} : { query_string: judgement.text }) },
  };
}

const gravity: readonly Operation[] = ["unknown", "delete", "define", "grant", "update", "create", "execute", "connect", "read"];

/** OCSF has room for one activity an event: the gravest effect gives it. */
function gravest(effects: readonly Effect[]): Effect | undefined {
  return [...effects].sort((a, b) => gravity.indexOf(a.operation) - gravity.indexOf(b.operation))[0];
}

/** `host:port`, the host perhaps in brackets. */
function endpoint(peer: string): Json {
  const at = peer.lastIndexOf(":");
  const port = Number(peer.slice(at + 1));
  return at > 0 && Number.isInteger(port) ? { ip: peer.slice(0, at).replace(/^\[|\]$/g, ""), port } : { name: peer || "unknown" };
}

/**
 * The audit log's records: one append-only statement each of something that happened.
 * It does not write them, and holds no literal of a statement that was not redacted.
 *
 * To keep the hot path small, what a text means is recorded once (`judgement`) and referred to by its id afterwards.
 */
import type { ActionId, ApprovalId, AskId, BreakGlassId, GrantId, PlanId, RunId, SessionId } from "../base/ids.ts";
import type { ApprovalAnswer, ApprovalState, ApprovalStrength } from "./approval.ts";
import type { Effect } from "./effect.ts";
import type { GrantOperation } from "./grant.ts";
import type { Outcome, TableCount, TransactionEnd } from "./outcome.ts";
import type { ReasonCode } from "./codes.ts";
import type { RecoveryEvent } from "./recovery-event.ts";
import type { Budget, Used } from "./run.ts";

export type AuditEvent =
  | { readonly kind: "started"; readonly version: string; readonly policyDigest: string }
  | { readonly kind: "stopped"; readonly because: string }
  /** Written at start after a crash: bytes of a half-written record were set aside, and these acts have no outcome. */
  | { readonly kind: "recovered"; readonly tornBytes: number; readonly unknownOutcomes: readonly ActionId[] }
  | {
      readonly kind: "policy_loaded";
      readonly target: string;
      readonly preset: string;
      readonly policyDigest: string;
      readonly observing: boolean;
    }
  | { readonly kind: "login_refused"; readonly user: string; readonly peer: string; readonly because: string }
  | {
      readonly kind: "session_opened";
      readonly session: SessionId;
      readonly principal: string;
      readonly target: string;
      readonly environment: string;
      readonly database: string;
      readonly client: string;
      readonly peer: string;
      readonly serverProcess?: number;
      /** The run whose connection this is. */
      readonly run?: RunId;
    }
  | { readonly kind: "session_closed"; readonly session: SessionId; readonly because: string }
  /** A login role of its own was made for a principal at the server, or is gone again. */
  | {
      readonly kind: "lease_started" | "lease_ended";
      readonly target: string;
      readonly role: string;
      readonly group: string;
      readonly principal: string;
      readonly because: string;
    }
  | {
      readonly kind: "judgement";
      readonly judgement: string;
      readonly textDigest: string;
      readonly text: string;
      readonly cut: boolean;
      readonly decision: "allow" | "deny" | "hold";
      readonly observed?: "deny" | "hold";
      readonly code: ReasonCode;
      readonly rules: readonly string[];
      readonly policyDigest: string;
      readonly effects: readonly Effect[];
      readonly role: string;
      readonly searchPath: readonly string[];
      readonly catalogueVersion: number;
    }
  /** The act `action` is about to be sent (allow) or was refused: what it is stands in the judgement. */
  | {
      readonly kind: "intent";
      readonly action: ActionId;
      readonly judgement: string;
      readonly decision: "allow" | "deny" | "hold";
      readonly code: ReasonCode;
      /** Digest of this act's own text, where it differs from the judgement's in its numbers. */
      readonly textDigest?: string;
    }
  | { readonly kind: "outcome"; readonly action: ActionId; readonly outcome: Outcome }
  | {
      readonly kind: "transaction_ended";
      readonly session: SessionId;
      readonly end: TransactionEnd;
      readonly actions: readonly ActionId[];
      readonly rowsChanged: number;
      /** What the meter read before the end, where changes are limited. */
      readonly tables?: readonly TableCount[];
      /** The server's transaction id (`xid8`), where the meter read it: kept row images carry the same. */
      readonly transaction?: string;
    }
  /** Somebody asked the control socket for what only a person may do. With what is here a third party verifies who agreed to what. */
  | {
      readonly kind: "person_attempt";
      readonly person: string;
      readonly accepted: boolean;
      /** The control socket's path, as it was signed. */
      readonly gateway: string;
      readonly method: string;
      readonly path: string;
      readonly because: string;
      /** Present when accepted: what was signed, by which key. The refused hold nothing that they chose themselves but names. */
      readonly nonce?: string;
      readonly bodyDigest?: string;
      readonly signature?: string;
      readonly publicKey?: string;
      /** Refused attempts before this one that were counted and not told. */
      readonly repeated?: number;
    }
  /** The sealed vault, which holds secrets and persons' keys: which of its versions is in use. An older one is refused from then on. */
  | {
      readonly kind: "vault_opened" | "vault_changed";
      readonly generation: number;
      readonly persons: readonly string[];
      /** Their public keys, Ed25519 in base64: what a signature in the records that follow is held against. Absent in older records. */
      readonly keys?: readonly { readonly person: string; readonly publicKey: string }[];
      /** And their passkeys, as `passkey_registered` has them; absent where they are too many for a record. */
      readonly passkeys?: readonly {
        readonly person: string;
        readonly credential: string;
        readonly publicKey: string;
        readonly rpId: string;
      }[];
      readonly because: string;
    }
  /** What protects the gateway was touched past it: the vault's file, the configuration, the log's own files. */
  | { readonly kind: "tampering_noticed"; readonly about: "vault" | "config" | "log" | "control socket"; readonly because: string }
  /** The configuration in use, or one that was refused because no person accepted it. Digests of its data, comments left out. */
  | {
      readonly kind: "config_loaded" | "config_refused";
      readonly before: string | null;
      readonly after: string;
      readonly because: string;
    }
  | {
      readonly kind: "limit_reached";
      readonly session: SessionId;
      readonly action: ActionId | null;
      readonly code: ReasonCode;
      readonly figure: number;
      readonly allowed: number;
    }
  /** A request to a provider carried a credential that Holdfast did not give out. It was refused; only where it stood is kept. */
  | {
      readonly kind: "credential_found";
      readonly session: SessionId;
      readonly principal: string;
      readonly provider: string;
      readonly host: string;
      readonly slot: string;
    }
  /** A client asked a provider's token endpoint, and Holdfast answered in its place: with the session's placeholder, or with an error. */
  | {
      readonly kind: "token_answered";
      readonly session: SessionId;
      readonly principal: string;
      readonly provider: string;
      readonly host: string;
      readonly credential: string;
      readonly status: number;
    }
  /** A short-lived credential was made for a session, or could not be. */
  | {
      readonly kind: "credential_minted";
      readonly principal: string;
      readonly credential: string;
      /** How it was made, and what it is good for, without anything secret. */
      readonly told: string;
      /** `null` where there is none. */
      readonly expiresAtMs: number | null;
      /** Why there is none. */
      readonly problem: string | null;
    }
  /** What was made for a session is given up. */
  | {
      readonly kind: "credential_ended";
      readonly principal: string;
      readonly credential: string;
      readonly end: "revoked" | "left_to_expire" | "revocation_failed";
      readonly because: string;
    }
  /** What a provider said of a thing that a request would change, asked before it was judged. */
  | {
      readonly kind: "thing_asked";
      readonly session: SessionId;
      readonly principal: string;
      /** The pack's word for what would be done, and the effect's resource. */
      readonly operation: string;
      readonly name: string;
      readonly environment: string;
      readonly told: readonly string[];
    }
  /** A principal began to work: its connections share what follows. */
  | {
      readonly kind: "run_started";
      readonly run: RunId;
      readonly principal: string;
      readonly target: string;
      readonly environment: string;
      readonly program: string;
      readonly programVersion: string;
      readonly actsFor: string;
      readonly purpose: string;
      readonly budget: Budget;
    }
  | { readonly kind: "run_ended"; readonly run: RunId; readonly principal: string; readonly because: string; readonly used: Used }
  | {
      readonly kind: "run_suspended" | "run_resumed";
      readonly run: RunId;
      readonly principal: string;
      readonly because: string;
      readonly person: string;
    }
  | {
      readonly kind: "grant_asked";
      readonly ask: AskId;
      readonly run: RunId;
      readonly principal: string;
      readonly target: string;
      readonly relations: readonly string[];
      readonly operations: readonly GrantOperation[];
      readonly purpose: string;
    }
  /** Durable before the server is told. */
  | {
      readonly kind: "grant_given";
      readonly grant: GrantId;
      readonly ask?: AskId;
      readonly approval?: ApprovalId;
      readonly run: RunId;
      readonly principal: string;
      readonly target: string;
      readonly relations: readonly string[];
      readonly operations: readonly GrantOperation[];
      readonly untilMs: number;
      readonly usesMax: number | null;
      readonly rowsMax: number;
      readonly person: string;
      /** Of the request that the person signed: `person_attempt` has the signature. */
      readonly nonce: string;
      readonly purpose: string;
    }
  | { readonly kind: "grant_used"; readonly grant: GrantId; readonly action: ActionId; readonly uses: number }
  /** Written when it is over; `revoked` says whether the server has confirmed that the right is gone. */
  | {
      readonly kind: "grant_lapsed";
      readonly grant: GrantId;
      readonly run: RunId;
      readonly because: string;
      readonly uses: number;
      readonly rows: number;
      readonly revoked: boolean;
      readonly person?: string;
    }
  /** Nobody is asked any more before a session's acts at a target. Durable before the first act can pass because of it. */
  | {
      readonly kind: "break_glass_opened";
      readonly breakGlass: BreakGlassId;
      readonly run: RunId;
      readonly principal: string;
      readonly target: string;
      readonly environment: string;
      readonly untilMs: number;
      readonly persons: readonly string[];
      /** Of the requests that they signed, in the same order: `person_attempt` has the signatures. */
      readonly nonces: readonly string[];
      readonly purpose: string;
    }
  | {
      readonly kind: "break_glass_used";
      readonly breakGlass: BreakGlassId;
      readonly action: ActionId;
      readonly uses: number;
      /** Where the act is carried out by another login than the session's: the server's transaction id, `null` outside one. */
      readonly transaction?: string | null;
    }
  /** A start of Holdfast closes whatever a crash left open, without this record. */
  | {
      readonly kind: "break_glass_closed";
      readonly breakGlass: BreakGlassId;
      readonly run: RunId;
      readonly because: string;
      readonly uses: number;
      readonly person?: string;
    }
  /** Persons are asked about a plan. Digests, and what was measured: never the act's own text. */
  | {
      readonly kind: "approval_asked";
      readonly approval: ApprovalId;
      readonly plan: PlanId;
      readonly planDigest: string;
      readonly actDigest: string;
      readonly action?: ActionId;
      readonly principal: string;
      readonly run?: RunId;
      readonly target: string;
      readonly environment: string;
      /** `null` where nothing could be measured. */
      readonly tables: readonly TableCount[] | null;
      readonly unmeasured: readonly string[];
      readonly policyDigest: string;
      readonly rules: readonly string[];
      readonly nonce: string;
      readonly strength: ApprovalStrength;
      readonly quorum: number;
      readonly expiresAtMs: number;
    }
  /** A person's answer with what proves it: a third party can hold it against the key without us. */
  | ({ readonly kind: "approval_answered"; readonly approval: ApprovalId; readonly planDigest: string } & ApprovalAnswer)
  /** It is over without having been used. */
  | { readonly kind: "approval_closed"; readonly approval: ApprovalId; readonly state: ApprovalState; readonly because: string }
  /** Durable before the act is sent. */
  | {
      readonly kind: "approval_used";
      readonly approval: ApprovalId;
      readonly planDigest: string;
      readonly attempt: string;
      readonly transaction: string | null;
    }
  | {
      readonly kind: "approval_settled";
      readonly approval: ApprovalId;
      readonly attempt: string;
      readonly how: "used" | "stale" | "unknown" | "not_reached";
      readonly because: string;
    }
  | RecoveryEvent
  /** A passkey that the person signed for with the passphrase; SPKI in base64url. */
  | {
      readonly kind: "passkey_registered" | "passkey_removed";
      readonly person: string;
      readonly credential: string;
      readonly publicKey: string;
      readonly rpId: string;
      readonly nonce: string;
    };

export type AuditEventKind = AuditEvent["kind"];

/** Of runs, grants and break-glass: who was given what. */
export type RightsEvent = Extract<
  AuditEvent,
  {
    kind:
      | `run_${"started" | "ended" | "suspended" | "resumed"}`
      | `grant_${"asked" | "given" | "used" | "lapsed"}`
      | `break_glass_${"opened" | "used" | "closed"}`;
  }
>;

/** Of questions to persons. */
export type ApprovalEvent = Extract<AuditEvent, { kind: `approval_${"asked" | "answered" | "closed" | "used" | "settled"}` }>;

/** Of credentials for APIs, and of what providers say. */
export type ApiEvent = Extract<
  AuditEvent,
  { kind: "credential_found" | "token_answered" | `credential_${"minted" | "ended"}` | "thing_asked" }
>;

/** Of the guard itself, and not of what goes through it. */
export type GuardEvent = Extract<
  AuditEvent,
  {
    kind:
      | "started"
      | "stopped"
      | "recovered"
      | "policy_loaded"
      | "person_attempt"
      | "vault_opened"
      | "vault_changed"
      | "tampering_noticed"
      | "config_loaded"
      | "config_refused"
      | "passkey_registered"
      | "passkey_removed";
  }
>;

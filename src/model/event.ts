/**
 * The audit log's records: one append-only statement each of something that happened.
 * It does not write them, and holds no literal of a statement that was not redacted.
 *
 * To keep the hot path small, what a text means is recorded once (`judgement`) and referred to by its id afterwards.
 */
import type { ActionId, SessionId } from "../base/ids.ts";
import type { Effect } from "./effect.ts";
import type { Outcome, TableCount, TransactionEnd } from "./outcome.ts";
import type { ReasonCode } from "./codes.ts";

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
    }
  | {
      readonly kind: "limit_reached";
      readonly session: SessionId;
      readonly action: ActionId | null;
      readonly code: ReasonCode;
      readonly figure: number;
      readonly allowed: number;
    };

export type AuditEventKind = AuditEvent["kind"];

/**
 * What the routes of the control socket ask of the running gateway. The composition root fulfils it.
 * It names no protocol and holds no secret but the one password that a new session is told.
 */
import type { Ask, Grant, GrantOperation } from "../model/grant.ts";
import type { Budget } from "../model/run.ts";
import type { Authority, VerifiedPerson } from "./authority-port.ts";
import type { AnswerEvidence, ApprovalChannel } from "../model/approval.ts";
import type { BackupControl } from "./backup-port.ts";
import type { BreakGlassControl } from "./break-glass-port.ts";
import type { PlanControl } from "./plan-port.ts";
import type { DrillControl } from "./drill-port.ts";
import type { BinControl } from "./bin-port.ts";
import type { UndoControl } from "./undo-port.ts";
import type { AnswerBody, ApprovalView, GatewayStatus, OpenedSession, SessionView } from "./contract.ts";

export interface ControlParts {
  readonly status: () => GatewayStatus;
  readonly authority: Authority | undefined;
  readonly sessions: SessionControl;
  readonly approvals: ApprovalControl;
  readonly breakGlass?: BreakGlassControl;
  readonly backups?: BackupControl;
  readonly plans: PlanControl;
  readonly undo?: UndoControl;
  readonly bin?: BinControl;
  readonly drills?: DrillControl;
}

/** Every method rejects with {@link ControlRefusal} where it is not to be. */
export interface ApprovalControl {
  readonly list: () => Promise<readonly ApprovalView[]>;
  /** A person's screen shows it, in a list or as it came: the time until an answer counts from there. */
  readonly shown?: (id: string, person: string) => void;
  /** `shownTo`: the person who looks at it, where that is known; the time until an answer counts from the first look. */
  readonly one: (id: string, shownTo?: string) => Promise<ApprovalView>;
  /** `evidence` was held against the person's keys before; the approvals hold it again when it is used. */
  readonly answer: (
    body: AnswerBody,
    by: { readonly person: VerifiedPerson; readonly evidence: AnswerEvidence; readonly channel: ApprovalChannel },
  ) => Promise<ApprovalView>;
  /** Called after each change of any approval; returns how to end that. */
  readonly onChange: (changed: (view: ApprovalView) => void) => () => void;
}

export interface WantedSession {
  readonly target: string;
  readonly program: string;
  readonly programVersion: string;
  readonly actsFor: string;
  readonly purpose: string;
  readonly budget: Partial<Budget>;
  /** Where the program works and may write, as its side tells it. */
  readonly folders: readonly string[];
}

/** A session that whoever asked for it holds: it ends when they let go of it. */
export interface HeldSession {
  readonly opened: OpenedSession;
  /** Resolves with the reason when it has ended, whoever ended it. Never rejects. */
  readonly ended: Promise<string>;
  readonly letGo: () => void;
}

export interface WantedRights {
  /** Of an ask, where it answers one. */
  readonly ask?: string;
  /** That it comes out of: then it is no wider than what was approved. */
  readonly approval?: string;
  readonly session: string;
  readonly tables: readonly string[];
  readonly operations: readonly GrantOperation[];
  readonly untilMs: number;
  readonly usesMax: number | null;
  readonly rowsMax: number;
  readonly reason: string;
}

/** A person who signed this very request. */
export interface Signer {
  readonly person: VerifiedPerson;
  readonly nonce: string;
}

/** With the request and its signature, to be kept where they prove an answer. */
export interface SignedBy extends Signer {
  readonly evidence: Extract<AnswerEvidence, { kind: "signature" }>;
}

/** Every method rejects with {@link ControlRefusal} where it is not to be. */
export interface SessionControl {
  readonly list: () => readonly SessionView[];
  readonly open: (wanted: WantedSession) => Promise<HeldSession>;
  readonly end: (session: string, because: string, by: Pick<Signer, "person">) => Promise<void>;
  readonly suspend: (session: string, because: string, by: Pick<Signer, "person">) => Promise<void>;
  readonly resume: (session: string, because: string, by: Pick<Signer, "person">) => Promise<void>;
  readonly asks: () => readonly Ask[];
  readonly ask: (wanted: {
    session: string;
    token: string;
    tables: readonly string[];
    operations: readonly GrantOperation[];
    purpose: string;
  }) => Promise<Ask>;
  readonly grants: () => readonly Grant[];
  readonly grant: (wanted: WantedRights, by: Signer) => Promise<Grant>;
  readonly revoke: (grant: string, by: Signer) => Promise<void>;
}

/** A refusal for the one who asked: `code` for programs, `message` and `next` for people. */
export class ControlRefusal extends Error {
  override readonly name = "ControlRefusal";
  readonly code: RefusalCode;
  readonly next: string | undefined;

  constructor(code: RefusalCode, message: string, next?: string) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

/** Each with its HTTP status. */
export const refusalStatus = {
  bad_request: 400,
  login_needed: 401,
  person_needed: 403,
  not_allowed: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  too_many: 429,
  unavailable: 503,
  internal: 500,
} as const;

export type RefusalCode = keyof typeof refusalStatus;

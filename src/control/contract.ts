/**
 * What a running gateway tells about itself: all that the CLI, and later the console, may import from the control side.
 * It holds no statement of an agent, and no secret but the password that a new session is told.
 */
import type { AttentionFigures } from "../attention/figures.ts";
import type { RecoveryTold } from "../recovery/told.ts";
import type { Approval, ApprovalAnswer } from "../model/approval.ts";
import type { AuditEvent } from "../model/event.ts";
import type { BreakGlass } from "../model/break-glass.ts";
import type { Ask, Grant } from "../model/grant.ts";
import type { Measurement, Plan } from "../model/plan.ts";
import type { BinEntry, UndoPlan } from "../model/recovery.ts";
import type { Environment } from "../model/principal.ts";
import type { StandingAlarm, StandingFound } from "../model/standing.ts";
import type { Budget, Run } from "../model/run.ts";

/** Path of the one endpoint; the answer is a {@link GatewayStatus}. */
export const statusPath = "/v1/status";
/** The socket's name inside the state directory. */
export const controlSocketName = "control.sock";

export interface GatewayStatus {
  readonly version: string;
  readonly processId: number;
  readonly startedAtMs: number;
  readonly targets: readonly TargetStatus[];
  readonly sessions: readonly SessionStatus[];
  /** Runs that are open or suspended: what `sessions` are connections of. */
  readonly runs?: readonly SessionView[];
  /** Open, or wanted by one person of several. */
  readonly breakGlass?: readonly BreakGlass[];
  readonly audit: AuditStatus;
  /** Of backups and drills; absent where none stands. */
  readonly alarms?: readonly StandingAlarm[];
  /** Of the last day, the latest first; absent where none turned up. */
  readonly foundCredentials?: readonly StandingFound[];
  /** Where runs, grants and approvals are kept. */
  readonly store?: StoreStatus;
  /** Present where the installation has a vault. */
  readonly vault?: VaultStatus;
  /** Present where a console is served: the address that people type. */
  readonly console?: { readonly url: string };
  /** Present when the control socket is not the one that the gateway opened. */
  readonly control?: { readonly problem: string };
  /** Absent where the configuration was not read from a file. */
  readonly config?: ConfigStatus;
  readonly counters: Counters;
}

export interface TargetStatus {
  readonly name: string;
  readonly environment: Environment;
  /** Where agents connect, `host:port`. */
  readonly listen: string;
  /** The real server, `host:port`. */
  readonly upstream: string;
  readonly policy: { readonly name: string; readonly digest: string; readonly mode: "enforce" | "observe" };
  /** Present where the target has a read replica. */
  readonly replica?: ReplicaStatus;
}

export interface ReplicaStatus {
  /** `host:port`. */
  readonly address: string;
  /** `fresh` within the permitted lag; otherwise reads go to the server itself. */
  readonly state: "fresh" | "behind" | "unusable";
  readonly because?: string;
  readonly lagMs?: number;
  readonly lagMsMax: number;
  /** Reads it has answered since the start. */
  readonly reads: number;
}

export interface SessionStatus {
  readonly id: string;
  readonly principal: string;
  readonly kind: "human" | "ai_agent" | "workload";
  readonly target: string;
  readonly database: string;
  /** What the client calls itself: data, never trusted; to be shown only with its control characters made visible. */
  readonly client: string;
  readonly peer: string;
  readonly openedAtMs: number;
  readonly serverProcess?: number;
}

export interface AuditStatus {
  readonly directory: string;
  /** Events, the unsynced included. */
  readonly size: number;
  /** False once a write or sync failed: from then on nothing that changes data passes, until a restart. */
  readonly writable: boolean;
}

export interface StoreStatus {
  readonly kind: "sqlite" | "postgres";
  /** File, or `host:port/database`. */
  readonly place: string;
  /** Absent where this gateway has the store for itself. */
  readonly shared?: {
    /** This gateway's own id. */
    readonly gateway: string;
    /** What is wrong: the store does not answer, or what others change is not heard of now. */
    readonly problem?: string;
    readonly gateways: readonly GatewayStanding[];
  };
}

export interface GatewayStanding {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** `leaving`: it is dead, and another one closes what it left. */
  readonly state: "alive" | "leaving" | "gone";
  readonly startedAtMs: number;
}

export interface VaultStatus {
  /** Counts its versions. */
  readonly generation: number;
  /** Registered persons: without one nothing that needs a person can be done. */
  readonly persons: number;
  /** What is wrong with its file; what was open stays in use. */
  readonly problem?: string;
}

export interface ConfigStatus {
  readonly path: string;
  /** Of the data in use. */
  readonly digest: string;
  /** It is the one that a person accepted, with the vault's passphrase. */
  readonly accepted: boolean;
  /** What the file holds now. */
  readonly onDisk: "as loaded" | "changed" | "unreadable";
}

/** Counts since the start of the process. */
export interface Counters {
  readonly allowed: number;
  readonly denied: number;
  readonly held: number;
  /** Allowed only because the policy observes. */
  readonly observed: number;
  readonly loginsRefused: number;
  readonly sessionsOpened: number;
}

/** A session as people see it: one run over all its connections. */
export interface SessionView extends Run {
  readonly connections: number;
  /** Grants that are open for it. */
  readonly grants: number;
  /** Gateways that have connections of it, by their ids; present while it is open and several share a store. */
  readonly gateways?: readonly string[];
}

/** What `holdfast run` gets for its program, and nobody else. */
export interface OpenedSession {
  readonly session: string;
  /** The login at the gateway: a name, a password that ends with the session, and where. */
  readonly user: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  /** PEM: the certificates that the listener shows, present where it demands TLS. */
  readonly certificates?: string;
  readonly database: string;
  /** Shows that an ask comes from inside the session. */
  readonly askToken: string;
  readonly target: string;
  readonly environment: Environment;
  readonly policy: { readonly name: string; readonly mode: "enforce" | "observe" };
  readonly budget: Budget;
  /** Where a proxy for HTTP APIs is served. The session's login opens it, too. */
  readonly http?: {
    readonly host: string;
    readonly port: number;
    /** PEM: who signs for the hosts that are looked into, for this session alone. */
    readonly certificate: string;
    /** What stands in place of secrets, and the environment variable that it belongs into. */
    readonly placeholders: readonly { readonly name: string; readonly placeholder: string; readonly variable?: string }[];
    /** Kubernetes clusters behind it, with what stands in place of each one's token. */
    readonly clusters?: readonly {
      readonly name: string;
      readonly server: string;
      readonly placeholder: string;
      readonly namespace?: string;
    }[];
  };
}

/** An approval as people see it: without what proves its answers, which is in the audit log. */
export interface ApprovalView extends Omit<Approval, "answers" | "use"> {
  readonly answers: readonly Omit<ApprovalAnswer, "evidence">[];
  /** What a person types to approve it: the name of what would be lost; absent where nothing has to be typed. */
  readonly confirm?: string;
  /** Where a person answers it in a browser; absent where no console is served. */
  readonly link?: string;
}

/** A person's answer as it is asked for, and as the body of a signed request: every field is signed. */
export interface AnswerBody {
  readonly approval: string;
  readonly planDigest: string;
  readonly answer: "approve" | "deny";
  readonly reason: string;
  /** What the person typed where the view demands it; empty otherwise. */
  readonly confirm: string;
}

/** Where a person answers, and what the signature of an answer names: POST, with an {@link AnswerBody}. */
export function answerPath(approval: string): string {
  return `/v1/approvals/${approval}`;
}

/** Who is logged in at the console: `GET /api/me`. `csrf` goes with every request that changes something. */
export interface ConsolePerson {
  readonly person: string;
  readonly approves: readonly Environment[];
  readonly csrf: string;
  readonly passkeys: readonly PasskeyView[];
}

export interface PasskeyView {
  /** The credential's id, base64url. */
  readonly credential: string;
  readonly registeredAtMs: number;
  /** As the person named it. */
  readonly label: string;
}

/** `A` is what a browser's authenticator answered, as JSON. */
export type AnswerProof<A> =
  | { readonly kind: "login" }
  | { readonly kind: "passphrase"; readonly passphrase: string }
  | { readonly kind: "passkey"; readonly assertion: A };

/** The body of `POST /api/approvals/ID/answer`. */
export interface ConsoleAnswer<A> extends Omit<AnswerBody, "approval"> {
  readonly proof: AnswerProof<A>;
}

/** `GET /api/approvals`, `/api/sessions`, `/api/grants`, `/api/asks`. */
export interface ConsoleLists {
  readonly approvals: readonly ApprovalView[];
  readonly sessions: readonly SessionView[];
  readonly grants: readonly Grant[];
  readonly asks: readonly Ask[];
}

/** One record of the log: `line` is it in words. */
export interface AuditLine {
  readonly index: number;
  readonly atMs: number;
  readonly line: string;
  readonly event: AuditEvent;
}

/** `GET /api/attention?days=7`: what questions cost; `readFrom` is the first record that was looked at. */
export interface AttentionView {
  readonly figures: AttentionFigures;
  readonly readFrom: number;
}

/** `GET /api/recovery`: what the log tells of undo, the bin, backups and drills; `readFrom` is the first record that was looked at. */
export interface RecoveryView extends RecoveryTold {
  readonly readFrom: number;
}

/** `GET /api/audit`: newest first; `size` counts the whole log. */
export interface AuditPage {
  readonly events: readonly AuditLine[];
  /** What the events' acts were judged to be, where that was recorded before them. */
  readonly judgements?: readonly AuditEvent[];
  readonly size: number;
  readonly verification: {
    readonly state: "verified" | "failed";
    /** Records that were looked at. */
    readonly checkedTo: number;
    readonly because?: string;
  };
}

/** One target's policy: `GET /api/policies` gives `{policies: PolicyView[]}`. */
export interface PolicyView {
  readonly target: string;
  readonly environment: Environment;
  readonly name: string;
  readonly digest: string;
  readonly mode: "enforce" | "observe";
  readonly rules: readonly RuleView[];
}

export interface RuleView {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly answer: "permit" | "bin" | "forbid" | "require_approval";
  readonly examples: readonly {
    readonly text: string;
    readonly kind: "matches" | "misses";
    readonly ok: boolean;
    readonly problem?: string;
  }[];
}

export interface ShownEffect {
  readonly operation: string;
  /** `type:name`; may hold any characters. */
  readonly resource: string;
  readonly extent: string;
  /** The figure of an extent that has one. */
  readonly rows?: number;
  readonly reversibility: string;
  readonly cause: string;
  readonly detail: string;
}

/** What a text would be answered: `POST /api/explain`. Nothing is run. */
export interface ExplainView {
  readonly decision: "allow" | "hold" | "deny";
  readonly effects: readonly ShownEffect[];
  readonly reason: { readonly code: string; readonly message: string; readonly next?: string };
  readonly observed?: "deny" | "hold";
}

/** Places that whoever wants a plan may name. */
export const triedOn = ["target", "replica", "clone"] as const;

/** What became of a text that was to be planned. */
export interface PlannedView {
  /** `allow`: the policy lets it pass as it is. `hold`: a person is asked. */
  readonly decision: "allow" | "hold";
  readonly plan: Plan;
  /** What was planned, to the byte: without a BEGIN and COMMIT that stood around all of it. */
  readonly text: string;
  /** What whoever asked should know, a sentence each. */
  readonly notes: readonly string[];
  /** The question to persons, where there is one. */
  readonly approval?: AskedView;
}

export interface AskedView {
  readonly id: Approval["id"];
  readonly state: Approval["state"];
  readonly link?: string;
}

/** What became of a plan that was to be applied. */
export interface AppliedView {
  readonly approval: AskedView;
  /**
   * `waiting`: nobody has agreed yet. `stale`, `failed`, `not_reached`: nothing was changed. `unknown`: the server was lost while it ran;
   * it is asked what became of it, and the plan is not run again.
   */
  readonly outcome: "applied" | "waiting" | "stale" | "failed" | "not_reached" | "unknown";
  readonly because?: string;
  /** What it did, by the server's own counts. */
  readonly measured?: Measurement;
}

/** `POST /v1/undo-plans`: what an undo would do, tried and rolled back. */
export interface UndoPlanView {
  readonly plan: UndoPlan;
  /** Rows that would stay as they are with `--skip-conflicts`. */
  readonly skipped: number;
  /** Kept transactions that changed the same rows later. */
  readonly later: readonly string[];
  /** What should be known before, a sentence each: acts that share a transaction, images that are gone. */
  readonly notes: readonly string[];
}

/** `POST /v1/undos`: what became of it. */
export interface UndoneView {
  readonly undo: string;
  readonly outcome: "done" | "stale" | "conflicts" | "unknown";
  readonly tables: UndoPlan["tables"];
  readonly skipped: number;
  readonly transaction: string | null;
  readonly because: string;
}

/** What rests in bins, for the command line. */
export interface BinView {
  readonly entries: readonly BinEntry[];
  /** Targets whose database has no bin. */
  readonly without: readonly string[];
}

export interface BinRestored {
  readonly restored: readonly BinEntry[];
  /** What made room for it, as entries of its own. */
  readonly replaced: readonly string[];
  /** What stays as it is, a sentence each. */
  readonly leftOut: readonly string[];
}

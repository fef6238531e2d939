/**
 * What channels tell persons: that an approval is wanted or what became of it, that somebody broke the glass, that backups are in danger,
 * that a session sent a credential that it was not given.
 * It holds ids, who, where and measured counts, and never an act's text, sample rows or a free text that somebody wrote: channels leave
 * the house, and unclassified means secret.
 */
import type { Approval, ApprovalAnswer } from "../model/approval.ts";
import type { Environment } from "../model/principal.ts";
import type { Plan, TableChange } from "../model/plan.ts";
import type { RecoveryAlarm } from "../model/recovery.ts";

export type News = ApprovalNews | BreakGlassNews | RecoveryAlarmNews | FoundCredentialNews;

/** Rows of one table as they were measured: `following` are those that the act does not name itself. */
export interface CountedTable {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly following: number;
}

export interface ApprovalNews {
  readonly kind: "approval";
  readonly id: string;
  readonly revision: number;
  readonly state: Approval["state"];
  readonly principal: string;
  readonly actsFor: string;
  readonly run: string;
  readonly target: string;
  readonly environment: Environment;
  readonly database: string;
  readonly planDigest: string;
  readonly reversibility: Plan["reversibility"];
  /** Rows or objects would be gone: never answered in chat. */
  readonly destroys: boolean;
  /** `null`: nothing could be measured. */
  readonly tables: readonly CountedTable[] | null;
  /** Measured tables beyond those listed. */
  readonly tablesLeftOut: number;
  readonly objects: readonly { readonly type: string; readonly name: string; readonly change: string }[];
  readonly objectsLeftOut: number;
  /** Sentences in the plan on what no trial can tell. */
  readonly unmeasured: number;
  readonly count: number;
  readonly quorum: number;
  readonly answers: readonly { readonly person: string; readonly answer: "approve" | "deny"; readonly channel: string }[];
  /** Who clicked that it looks right, in chat: no answer, only a word to the others. */
  readonly agreedInChat: readonly string[];
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  readonly link: string;
}

export interface BreakGlassNews {
  readonly kind: "break_glass";
  readonly id: string;
  readonly revision: number;
  readonly state: "wanted" | "open" | "closed";
  readonly principal: string;
  readonly run: string;
  readonly target: string;
  readonly environment: Environment;
  readonly persons: readonly string[];
  readonly untilMs: number;
  readonly uses: number;
}

/** Something about backups or drills is not as it should be. No session is concerned: `principal` and `run` are empty. */
export interface RecoveryAlarmNews {
  readonly kind: "recovery_alarm";
  readonly id: string;
  readonly revision: number;
  readonly state: "standing" | "over";
  readonly principal: string;
  readonly run: string;
  readonly target: string;
  readonly environment: Environment;
  readonly about: RecoveryAlarm;
  readonly sinceMs: number;
}

/**
 * A session sent a credential that Holdfast did not give out, and was refused. Neither the host nor where it stood is told: an agent can
 * choose both.
 */
export interface FoundCredentialNews {
  readonly kind: "found_credential";
  readonly id: string;
  readonly revision: number;
  readonly state: "standing";
  readonly principal: string;
  readonly run: string;
  readonly target: string;
  readonly environment: Environment;
  /** By the pack's name; `none` where no pack knows the place. */
  readonly provider: string;
  readonly count: number;
  readonly sinceMs: number;
}

/** An approval as far as it is looked at: `ApprovalView` of the control side has all of it. */
export type ToldApproval = Omit<Approval, "answers" | "use"> & {
  readonly answers: readonly Omit<ApprovalAnswer, "evidence">[];
  readonly link?: string;
};

const LISTED_MAX = 12;

export function approvalNews(approval: ToldApproval, agreedInChat: readonly string[] = []): ApprovalNews {
  const { plan, answers } = approval;
  const tables = plan.measured?.tables ?? null;
  const objects = plan.measured?.objects ?? [];
  return {
    kind: "approval",
    id: approval.id,
    revision: approval.revision,
    state: approval.state,
    principal: plan.asked.principal,
    actsFor: plan.asked.actsFor ?? "",
    run: plan.asked.run ?? "",
    target: plan.target.name,
    environment: plan.target.environment,
    database: plan.target.database,
    planDigest: plan.digest,
    reversibility: plan.reversibility,
    destroys: destroys(plan),
    tables: tables === null ? null : tables.slice(0, LISTED_MAX).map(counted),
    tablesLeftOut: Math.max(0, (tables?.length ?? 0) - LISTED_MAX),
    objects: objects.slice(0, LISTED_MAX).map(({ type, name, change }) => ({ type, name, change })),
    objectsLeftOut: Math.max(0, objects.length - LISTED_MAX),
    unmeasured: plan.unmeasured.length,
    count: approval.count,
    quorum: approval.quorum,
    answers: answers.map(({ person, answer, channel }) => ({ person, answer, channel })),
    agreedInChat,
    askedAtMs: approval.askedAtMs,
    expiresAtMs: approval.expiresAtMs,
    link: approval.link ?? "",
  };
}

/** It is still open to an answer or to being carried out. */
export function stands({ state }: Pick<News, "state">): boolean {
  return (
    state === "pending" || state === "approved" || state === "running" || state === "wanted" || state === "open" || state === "standing"
  );
}

function counted({ table, direct, following }: TableChange): CountedTable {
  const { inserted, updated, deleted } = direct;
  return {
    table,
    inserted: inserted + following.inserted,
    updated: updated + following.updated,
    deleted: deleted + following.deleted,
    following: following.inserted + following.updated + following.deleted,
  };
}

/** Rows are deleted, or an object goes; where nothing was measured, what the analysis says counts, and what it does not know counts too. */
function destroys({ measured, effects }: Plan): boolean {
  const gone = measured?.objects.some(({ change }) => change === "dropped" || change === "truncated") ?? false;
  const deleted = measured?.tables.some(({ direct, following }) => direct.deleted + following.deleted > 0) ?? false;
  return (
    gone || deleted || effects.some(({ operation, detail }) => operation === "delete" || operation === "unknown" || DESTROYING.has(detail))
  );
}

const DESTROYING: ReadonlySet<string> = new Set(["drop", "truncate", "delete"]);

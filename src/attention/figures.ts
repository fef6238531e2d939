/**
 * What questions cost the persons who answer them, as a fold over the audit log's records: how many, how fast, how often simply yes.
 * It reads no file and judges nobody: figures about persons are there so that those who ask can ask less.
 */
import type { AuditEvent } from "../model/event.ts";

export interface AttentionFigures {
  /** Wall time of the first and last record that counted; `null` where none did. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  /** Attempts of every decision. */
  readonly acts: number;
  /** Sessions (runs; connections where there is no run) that attempted something or were asked about. */
  readonly sessions: number;
  readonly questions: number;
  /** Questions in 100 attempts; `null` without attempts. */
  readonly questionsPer100Acts: number | null;
  readonly perSession: { readonly mean: number; readonly most: number } | null;
  readonly became: Tally;
  /** From the question to the answer that decided it. */
  readonly timeToAnswer: Times | null;
  /** Answers given under two seconds after they were shown (or asked, where that is not known), of all answers. */
  readonly under2s: Share;
  /** Approved and carried out as planned, of those that a person decided. */
  readonly approvedUnchanged: Share;
  readonly byPerson: readonly PersonFigures[];
  readonly byRule: readonly GroupFigures[];
  readonly byEnvironment: readonly GroupFigures[];
  readonly breakGlass: { readonly opened: number; readonly acts: number };
}

export interface Tally {
  readonly approved: number;
  readonly denied: number;
  readonly expired: number;
  /** Abandoned by whoever waited, or no longer what was asked about. */
  readonly lapsed: number;
  readonly open: number;
}

export interface Times {
  readonly medianMs: number;
  readonly p90Ms: number;
}

export interface Share {
  readonly count: number;
  readonly of: number;
}

export interface GroupFigures {
  readonly name: string;
  readonly questions: number;
  readonly became: Tally;
  readonly timeToAnswer: Times | null;
  readonly approvedUnchanged: Share;
}

export interface PersonFigures {
  readonly name: string;
  readonly answers: number;
  readonly approved: number;
  readonly denied: number;
  readonly timeToAnswer: Times | null;
  readonly under2s: Share;
}

interface Question {
  readonly askedAtMs: number;
  readonly session: string;
  readonly rules: readonly string[];
  readonly environment: string;
  readonly quorum: number;
  became: keyof Tally;
  settled: boolean;
  agreed: number;
  decidedMs: number | null;
}

interface Answered {
  readonly person: string;
  readonly approve: boolean;
  /** From the question. */
  readonly afterMs: number;
  readonly quick: boolean;
}

/** Beyond it the oldest questions are left out. */
const QUESTIONS_MAX = 100_000;
const CONNECTIONS_MAX = 50_000;
const QUICK_MS = 2_000;

/** Records in the log's order; those of a time before the window may be handed in too, with `counts` false, for what they name. */
export class Attention {
  readonly #questions = new Map<string, Question>();
  readonly #answers: Answered[] = [];
  readonly #runs = new Map<string, string>();
  readonly #sessions = new Set<string>();
  #acts = 0;
  #opened = 0;
  #unasked = 0;
  #firstMs: number | null = null;
  #lastMs: number | null = null;

  step(event: AuditEvent, atMs: number, counts = true): void {
    if (event.kind === "session_opened") this.#opens(event.session, event.run);
    if (!counts) return;
    this.#firstMs ??= atMs;
    this.#lastMs = atMs;
    switch (event.kind) {
      case "intent":
        this.#acts += 1;
        this.#sessions.add(this.#sessionOf(event.action));
        return;
      case "approval_asked":
        return this.#asked(event, atMs);
      case "approval_answered":
        return this.#answered(event, atMs);
      case "approval_closed":
        return this.#closed(event.approval, event.state, atMs);
      case "approval_settled":
        return this.#settled(event.approval, event.how);
      case "break_glass_opened":
        this.#opened += 1;
        return;
      case "break_glass_used":
        this.#unasked += 1;
        return;
      default:
        return;
    }
  }

  figures(): AttentionFigures {
    const questions = [...this.#questions.values()];
    const perSession = new Map<string, number>();
    for (const { session } of questions) perSession.set(session, (perSession.get(session) ?? 0) + 1);
    return {
      sinceMs: this.#firstMs,
      untilMs: this.#lastMs,
      acts: this.#acts,
      sessions: this.#sessions.size,
      questions: questions.length,
      questionsPer100Acts: this.#acts === 0 ? null : (100 * questions.length) / this.#acts,
      perSession:
        this.#sessions.size === 0 ? null : { mean: questions.length / this.#sessions.size, most: Math.max(0, ...perSession.values()) },
      ...of(questions),
      under2s: { count: this.#answers.filter(({ quick }) => quick).length, of: this.#answers.length },
      byPerson: grouped(this.#answers, ({ person }) => [person]).map(([name, answers]) => personFigures(name, answers)),
      byRule: grouped(questions, ({ rules }) => rules).map(([name, group]) => ({ name, questions: group.length, ...of(group) })),
      byEnvironment: grouped(questions, ({ environment }) => [environment]).map(([name, group]) => ({
        name,
        questions: group.length,
        ...of(group),
      })),
      breakGlass: { opened: this.#opened, acts: this.#unasked },
    };
  }

  #opens(session: string, run: string | undefined): void {
    if (run === undefined) return;
    this.#runs.set(session, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > CONNECTIONS_MAX && oldest !== undefined) this.#runs.delete(oldest);
  }

  #sessionOf(action: string): string {
    const session = action.slice(0, action.lastIndexOf("."));
    return this.#runs.get(session) ?? session;
  }

  #asked(event: Extract<AuditEvent, { kind: "approval_asked" }>, askedAtMs: number): void {
    const { approval, run, action, principal, target, rules, environment, quorum } = event;
    const session = run ?? (action === undefined ? `${principal}@${target}` : this.#sessionOf(action));
    this.#sessions.add(session);
    const fresh = { became: "open", settled: false, agreed: 0, decidedMs: null } as const;
    this.#questions.set(approval, { askedAtMs, session, rules, environment, quorum, ...fresh });
    const [oldest] = this.#questions.keys();
    if (this.#questions.size > QUESTIONS_MAX && oldest !== undefined) this.#questions.delete(oldest);
  }

  #answered(event: Extract<AuditEvent, { kind: "approval_answered" }>, atMs: number): void {
    const question = this.#questions.get(event.approval);
    // It was asked before the window: its answer belongs to that time.
    if (question === undefined) return;
    const afterMs = Math.max(0, atMs - question.askedAtMs);
    const approve = event.answer === "approve";
    this.#answers.push({ person: event.person, approve, afterMs, quick: Math.min(event.tookMs ?? afterMs, afterMs) < QUICK_MS });
    if (!approve) Object.assign(question, { became: "denied", decidedMs: afterMs });
    else {
      question.agreed += 1;
      if (question.agreed >= question.quorum && question.became === "open")
        Object.assign(question, { became: "approved", decidedMs: afterMs });
    }
  }

  #closed(approval: string, state: string, atMs: number): void {
    const question = this.#questions.get(approval);
    if (question === undefined) return;
    // A denial was told with its answer. One that was approved and ran out unused stays one that a person approved.
    if (state === "denied") Object.assign(question, { became: "denied", decidedMs: question.decidedMs ?? atMs - question.askedAtMs });
    else if (question.became === "open") question.became = state === "expired" ? "expired" : "lapsed";
  }

  #settled(approval: string, how: string): void {
    const question = this.#questions.get(approval);
    if (question !== undefined && how !== "not_reached") question.settled = how === "used";
  }
}

function of(questions: readonly Question[]): Pick<AttentionFigures, "became" | "timeToAnswer" | "approvedUnchanged"> {
  const count = (what: keyof Tally): number => questions.filter(({ became }) => became === what).length;
  const decided = questions.filter(({ became }) => became === "approved" || became === "denied");
  return {
    became: {
      approved: count("approved"),
      denied: count("denied"),
      expired: count("expired"),
      lapsed: count("lapsed"),
      open: count("open"),
    },
    timeToAnswer: times(questions.flatMap(({ decidedMs }) => (decidedMs === null ? [] : [decidedMs]))),
    approvedUnchanged: { count: decided.filter(({ became, settled }) => became === "approved" && settled).length, of: decided.length },
  };
}

function personFigures(name: string, answers: readonly Answered[]): PersonFigures {
  return {
    name,
    answers: answers.length,
    approved: answers.filter(({ approve }) => approve).length,
    denied: answers.filter(({ approve }) => !approve).length,
    timeToAnswer: times(answers.map(({ afterMs }) => afterMs)),
    under2s: { count: answers.filter(({ quick }) => quick).length, of: answers.length },
  };
}

/** Nearest rank, so that each figure is one that was measured. */
function times(values: readonly number[]): Times | null {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? null : { medianMs: at(0.5), p90Ms: at(0.9) };
}

/** The largest groups first, then by name. */
function grouped<T>(items: readonly T[], names: (item: T) => readonly string[]): readonly (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) for (const name of new Set(names(item))) join(groups, name, item);
  return [...groups].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
}

function join<T>(groups: Map<string, T[]>, name: string, item: T): void {
  const known = groups.get(name);
  if (known === undefined) groups.set(name, [item]);
  else known.push(item);
}

/**
 * What the log tells of the acts at one target: each judgement with the facts it was made under, and what persons said of those that were
 * held. It reads no file, and decides nothing.
 */
import { restsOnApproval } from "../model/approval.ts";
import { breakGlassOf } from "../model/break-glass.ts";
import type { Effect } from "../model/effect.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Facts } from "../model/facts.ts";
import { restsOnGrant } from "../model/grant.ts";
import type { TableCount } from "../model/outcome.ts";
import { environments } from "../model/principal.ts";

/** One text in one situation, however often it was sent. */
export interface JudgedAct {
  readonly judgement: string;
  readonly facts: Facts;
  readonly effects: readonly Effect[];
  /** The record holds not all of its effects: nothing can be said about it. */
  readonly cut: boolean;
  /** As recorded: its literals are `?`. */
  readonly text: string;
  /** Attempts. */
  readonly acts: number;
  /** Of the questions about it: those approved and carried out as planned, with what was measured. */
  readonly approved: readonly (readonly TableCount[])[];
  readonly denied: number;
}

type Judgement = Extract<AuditEvent, { kind: "judgement" }>;
type Opened = Extract<AuditEvent, { kind: "session_opened" }>;

interface Question {
  readonly action: string;
  readonly tables: readonly TableCount[] | null;
  readonly quorum: number;
  agreed: number;
  denied: boolean;
  used: boolean;
}

interface Act {
  readonly judgement: Judgement;
  readonly opened: Opened;
  acts: number;
}

const JUDGEMENTS_MAX = 100_000;
const CONNECTIONS_MAX = 50_000;
const QUESTIONS_MAX = 100_000;
/** The guard records this many of an act's effects at most. */
const EFFECTS_RECORDED = 64;

/** Records in the log's order; `counts` false for those before the window, which later ones refer to. */
export class Evidence {
  readonly #target: string;
  readonly #kindOf: (principal: string) => Facts["principalKind"];
  readonly #judgements = new Map<string, Judgement>();
  readonly #sessions = new Map<string, Opened>();
  readonly #acts = new Map<string, Act>();
  readonly #questions = new Map<string, Question>();
  /** Of the acts that persons were asked about: their judgements. */
  readonly #judgementOf = new Map<string, string>();
  #left = 0;

  /** `kindOf` says what a principal is: the log names it alone. */
  constructor(target: string, kindOf: (principal: string) => Facts["principalKind"]) {
    this.#target = target;
    this.#kindOf = kindOf;
  }

  step(event: AuditEvent, counts = true): void {
    if (event.kind === "judgement") return this.#keep(this.#judgements, event.judgement, event, JUDGEMENTS_MAX);
    if (event.kind === "session_opened") return this.#keep(this.#sessions, event.session, event, CONNECTIONS_MAX);
    if (!counts) return;
    if (event.kind === "intent") return this.#attempted(event);
    if (event.kind === "approval_asked") return this.#asked(event);
    const question = "approval" in event ? this.#questions.get(event.approval) : undefined;
    if (question === undefined) return;
    if (event.kind === "approval_answered" && event.answer === "approve") question.agreed += 1;
    if (event.kind === "approval_answered" && event.answer === "deny") question.denied = true;
    if (event.kind === "approval_closed" && event.state === "denied") question.denied = true;
    if (event.kind === "approval_settled") question.used = event.how === "used";
  }

  /** Attempts whose judgement or session stands before what was read. */
  get leftOut(): number {
    return this.#left;
  }

  acts(): readonly JudgedAct[] {
    const questions = new Map<string, Question[]>();
    for (const question of this.#questions.values()) {
      const judgement = this.#judgementOf.get(question.action);
      if (judgement !== undefined) questions.set(judgement, [...(questions.get(judgement) ?? []), question]);
    }
    return [...this.#acts.values()].map(({ judgement, opened, acts }) => {
      const asked = questions.get(judgement.judgement) ?? [];
      const unchanged = asked.filter(({ agreed, quorum, denied, used }) => agreed >= quorum && !denied && used);
      return {
        judgement: judgement.judgement,
        facts: factsOf(judgement, opened, this.#kindOf(opened.principal)),
        effects: judgement.effects,
        cut: judgement.effects.length >= EFFECTS_RECORDED,
        text: judgement.cut ? "" : judgement.text,
        acts,
        approved: unchanged.flatMap(({ tables }) => (tables === null ? [] : [tables])),
        denied: asked.filter(({ denied }) => denied).length,
      };
    });
  }

  #attempted({ action, judgement: id }: Extract<AuditEvent, { kind: "intent" }>): void {
    const opened = this.#sessions.get(action.slice(0, action.lastIndexOf(".")));
    const judgement = this.#judgements.get(id);
    if (opened === undefined || judgement === undefined) {
      this.#left += 1;
      return;
    }
    // What an approval, a grant or a break-glass let through was judged before it as what it is.
    if (opened.target !== this.#target || letThrough(judgement.rules)) return;
    const known = this.#acts.get(id);
    if (known === undefined) this.#acts.set(id, { judgement, opened, acts: 1 });
    else known.acts += 1;
    if (judgement.decision === "hold") this.#keep(this.#judgementOf, action, id, QUESTIONS_MAX);
  }

  #asked({ approval, action, tables, target, quorum }: Extract<AuditEvent, { kind: "approval_asked" }>): void {
    if (action === undefined || target !== this.#target) return;
    this.#keep(this.#questions, approval, { action, tables, quorum, agreed: 0, denied: false, used: false }, QUESTIONS_MAX);
  }

  #keep<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
    map.set(key, value);
    const [oldest] = map.keys();
    if (map.size > max && oldest !== undefined) map.delete(oldest);
  }
}

function letThrough(rules: readonly string[]): boolean {
  return restsOnApproval(rules) || restsOnGrant(rules) || breakGlassOf(rules) !== undefined;
}

/** As the decision had them. What persons had opened for the session is left out: a proposal is about the policy. */
function factsOf({ role }: Judgement, { target, environment, database, principal }: Opened, principalKind: Facts["principalKind"]): Facts {
  const at = environments.find((name) => name === environment) ?? "production";
  return { target, environment: at, database, principal, principalKind, role, approvals: true };
}

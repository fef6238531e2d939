/**
 * Joins the desk to the rest of the gateway: the store, the log read back, persons of the vault, the policies in force; and shows it to the
 * control side as views and refusals.
 * It decides nothing itself.
 */
import { isDeepStrictEqual } from "node:util";
import { approvalRecords } from "../audit/approval-records.ts";
import { recordedAsIs } from "../audit/redact.ts";
import { Desk } from "../approvals/desk.ts";
import { AnswerRefused, type DeskParts, type DeskPerson } from "../approvals/desk-ports.ts";
import { confirmOf } from "../approvals/desk-rules.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import type { RegisteredPerson } from "../control/authority.ts";
import type { ApprovalView } from "../control/contract.ts";
import { type ApprovalControl, ControlRefusal } from "../control/parts.ts";
import { passkeyProblem } from "../control/passkey-evidence.ts";
import { signatureProblem } from "../control/signature-evidence.ts";
import type { Approval, ApprovalAnswer } from "../model/approval.ts";
import type { RecoveryFact } from "../model/facts.ts";
import { approvalLifeMsMax, usualApprovalRules } from "../model/approval-rules.ts";
import type { ControlStore } from "../store/port.ts";
import type { RunControl } from "./run-control.ts";
import { registeredPersons, type Vault } from "./vault.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface ApprovalDeskParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: WatchedLog;
  readonly store: ControlStore;
  readonly runs: RunControl;
  readonly vault: Vault | undefined;
  /** Names this gateway, over its restarts. */
  readonly instance: string;
  readonly warn: (message: string) => void;
  /** What is known of a target's backups. */
  readonly recovery: (target: string) => RecoveryFact | undefined;
}

/** Of the texts of acts that are over: whoever asks for the list takes 16 MiB at most. */
const CLOSED_CHARACTERS_MAX = 2 * 1024 * 1024;

export class ApprovalDesk implements ApprovalControl {
  /** For whoever relays: held acts are presented here. */
  readonly desk: Desk;
  readonly #state: DeskState;

  /** Rejects when the store or the log cannot be read. */
  static async open(parts: ApprovalDeskParts): Promise<ApprovalDesk> {
    const state = new DeskState(parts);
    const since = parts.clock.now() - approvalLifeMsMax;
    const desk = await Desk.open(state.parts, approvalRecords(parts.config.auditDirectory, since));
    return new ApprovalDesk(desk, state);
  }

  constructor(desk: Desk, state: DeskState) {
    this.desk = desk;
    this.#state = state;
  }

  /** Where a person answers in a browser, once a console is served. */
  linkTo(link: (approval: string) => string): void {
    this.#state.link = link;
  }

  /** What was asked under another policy is closed, soon after. */
  took(config: Config): void {
    this.#state.config = config;
    void this.desk.policyChanged();
  }

  /** What plans go by that are made elsewhere than at the desk. */
  terms() {
    const { policyDigest, rules, link } = this.#state.parts;
    const { recovery } = this.#state;
    return { policyDigest, lifeMs: () => rules().lifeMs, link: (id: Approval["id"]) => link?.(id), recovery };
  }

  /** All that stand open, and of those that are over the newest, within what one answer can hold. */
  list(): Promise<readonly ApprovalView[]> {
    let characters = 0;
    const shown = this.desk
      .list()
      .toReversed()
      .filter(({ state, plan }) => {
        if (state === "pending" || state === "approved" || state === "running") return true;
        characters += plan.act.shown.length;
        return characters <= CLOSED_CHARACTERS_MAX;
      });
    return Promise.resolve(shown.toReversed().map((approval) => this.#view(approval)));
  }

  shown(id: string, person: string): void {
    this.desk.shownTo(id, person);
  }

  async one(id: string, shownTo?: string): Promise<ApprovalView> {
    const approval = await this.desk.one(id);
    if (approval === undefined)
      throw new ControlRefusal("not_found", `no approval is named \`${id.slice(0, 40)}\``, "see `holdfast approvals list`");
    this.desk.shownTo(id, shownTo);
    return this.#view(approval);
  }

  async answer(...[body, by]: Parameters<ApprovalControl["answer"]>): Promise<ApprovalView> {
    try {
      return this.#view(await this.desk.answer(body, by));
    } catch (error) {
      if (error instanceof AnswerRefused) throw new ControlRefusal(error.code, error.message, error.next);
      throw error;
    }
  }

  onChange(changed: (view: ApprovalView) => void): () => void {
    return this.desk.onChange((approval) => changed(this.#view(approval)));
  }

  close(): void {
    this.desk.close();
  }

  #view(approval: Approval): ApprovalView {
    const { answers, use: _, ...rest } = approval;
    const confirm = confirmOf(approval.plan);
    const link = this.#state.link?.(approval.id);
    return {
      ...rest,
      answers: answers.map(({ evidence: __, ...answer }) => answer),
      ...(confirm === undefined ? {} : { confirm }),
      ...(link === undefined ? {} : { link }),
    };
  }
}

/** What changes while the gateway runs: configuration, persons, where the console is. */
class DeskState {
  config: Config;
  link: ((approval: string) => string) | undefined;
  readonly parts: DeskParts;
  readonly #vault: Vault | undefined;

  readonly recovery: ApprovalDeskParts["recovery"];

  constructor({ config, clock, random, log, store, runs, vault, instance, warn, recovery }: ApprovalDeskParts) {
    this.config = config;
    this.recovery = recovery;
    this.#vault = vault;
    this.parts = {
      clock,
      random,
      store,
      warn,
      gateway: instance,
      record: (event) => log.log.append(event),
      seal: () => log.log.seal(),
      rules: () => this.config.approvals ?? usualApprovalRules,
      persons: () => this.#persons().map(deskPerson),
      evidenceProblem: (approval, answer) => evidenceProblem(approval, answer, this.#persons()),
      policyDigest: (target, principal) => policyDigest(this.config, target, principal),
      asker: (session, { name }) => {
        const run = runs.runs.find(session.principal.name, name)?.snapshot();
        const actsFor = session.principal.onBehalfOf?.[0] ?? run?.actsFor;
        return {
          ...(run === undefined ? {} : { run: run.id, purpose: run.purpose }),
          ...(actsFor === undefined ? {} : { actsFor }),
          ...recoveryOf(recovery(name)),
        };
      },
      link: (id) => this.link?.(id),
    };
  }

  #persons(): readonly RegisteredPerson[] {
    return this.#vault === undefined ? [] : registeredPersons(this.#vault);
  }
}

function recoveryOf(recovery: RecoveryFact | undefined) {
  return recovery === undefined ? {} : { recovery };
}

function deskPerson({ name, approves, passkeys = [] }: RegisteredPerson): DeskPerson {
  return { name, approves, passkey: passkeys.length > 0 };
}

/** A denial takes no more than a person who is logged in; an agreement holds only with what the person's own key has signed. */
function evidenceProblem(approval: Approval, answer: ApprovalAnswer, persons: readonly RegisteredPerson[]): string | undefined {
  const person = persons.find(({ name }) => name === answer.person);
  if (person === undefined) return `\`${answer.person}\` is not registered`;
  const { evidence } = answer;
  // What is signed has to stand in the record as it was signed.
  if (!recordedAsIs(answer.reason)) return "its reason looks as if it held a secret, or is too long: say it otherwise";
  switch (evidence.kind) {
    case "login":
      return answer.answer === "deny" ? undefined : "a login alone proves no agreement";
    case "signature":
      return signatureProblem(approval, answer, evidence, person.publicKey);
    case "passkey": {
      if (answer.answer === "deny") return "a passkey signs agreements alone";
      const known = person.passkeys?.some(({ credential, publicKey, rpId }) =>
        isDeepStrictEqual(
          { credential, publicKey, rpId },
          { credential: evidence.credential, publicKey: evidence.publicKey, rpId: evidence.rpId },
        ),
      );
      if (known !== true) return "the passkey is none that this person has registered";
      const { plan, nonce } = approval;
      return passkeyProblem(evidence, { actDigest: plan.act.digest, planDigest: plan.digest, nonce });
    }
  }
}

function policyDigest({ targets, users }: Config, target: string, principal: string): string | undefined {
  const user = users.find(({ name }) => name === principal);
  return user?.policies?.get(target)?.digest ?? targets.find(({ name }) => name === target)?.policy.digest;
}

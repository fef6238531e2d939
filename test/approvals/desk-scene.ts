/**
 * A desk with a real store, real keys and a clock that the test moves; what is measured and who is registered are the test's to say.
 * The log is a list: what is durable in a real one stands in it, and a desk opened anew reads it back.
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Desk } from "../../src/approvals/desk.ts";
import type { AnsweredBy, ApprovalStore, DeskParts, DeskPerson, GivenAnswer } from "../../src/approvals/desk-ports.ts";
import { confirmOf } from "../../src/approvals/desk-rules.ts";
import { sha256Hex } from "../../src/base/canonical.ts";
import { manualClock } from "../../src/base/clock.ts";
import { type ActionId, type RunId, type SessionId, systemRandom } from "../../src/base/ids.ts";
import { answerPath } from "../../src/control/contract.ts";
import { publicKeyText } from "../../src/control/person-key.ts";
import { signatureProblem } from "../../src/control/signature-evidence.ts";
import { bodyDigest, statementText } from "../../src/control/signed-statement.ts";
import type { Approval } from "../../src/model/approval.ts";
import { type ApprovalRules, usualApprovalRules } from "../../src/model/approval-rules.ts";
import type { ApprovalEvent } from "../../src/model/event.ts";
import type { Measurement } from "../../src/model/plan.ts";
import type { HeldAct, Measured, Presented, Ticket } from "../../src/pipeline/approvals-port.ts";
import type { ControlStore } from "../../src/store/port.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";

export const policyNow = "a".repeat(64);

export function measurement(deleted: number): Measurement {
  const direct = { inserted: 0, updated: 0, deleted };
  const following = { inserted: 0, updated: 0, deleted: 0 };
  const table = { table: "public.orders", direct, following, rowsBefore: 100, bytes: null, samples: [] };
  return { tables: [table], objects: [], locks: [], parts: [deleted], elapsedMs: 1, on: "target" };
}

export interface Wanted {
  readonly text?: string;
  readonly principal?: string;
  readonly onBehalfOf?: string;
  readonly policyDigest?: string;
  readonly environment?: "production" | "staging";
  /** What it is known to do; as a DELETE it can be brought back from a copy alone. */
  readonly reversibility?: "reversible" | "irreversible";
  readonly searchPath?: string;
  readonly measure?: () => Promise<Measured>;
  readonly gone?: AbortSignal;
}

let acts = 0;

export function heldAct(wanted: Wanted = {}): HeldAct {
  const { text = "DELETE FROM orders WHERE year < 2020", principal = "agent_1", environment = "production" } = wanted;
  const session = `s_${++acts}` as SessionId;
  const measured = { measurement: measurement(41), unmeasured: [], identity: "7412803745/shop" };
  const onBehalfOf = wanted.onBehalfOf === undefined ? {} : { onBehalfOf: [wanted.onBehalfOf] };
  return {
    action: `${session}.1` as ActionId,
    session: { id: session, principal: { kind: "ai_agent", name: principal, ...onBehalfOf }, client: "", peer: "", openedAtMs: 0 },
    target: { name: "shop", environment, database: "shop" },
    digest: sha256Hex(text),
    shown: text,
    parts: 1,
    reason: { code: "destructive", message: "would delete rows of public.orders", next: "restrict the WHERE to the rows you mean" },
    rules: ["a_rule_that_agents_must_not_read"],
    policyDigest: wanted.policyDigest ?? policyNow,
    effects: [
      {
        operation: "delete",
        resource: { type: "table", name: "public.orders" },
        extent: { kind: "unknown" },
        reversibility: wanted.reversibility ?? "irreversible",
        cause: "direct",
        detail: "delete",
      },
    ],
    preconditions: [{ name: "search_path", value: wanted.searchPath ?? "public" }],
    measure: wanted.measure ?? (() => Promise.resolve(measured)),
    gone: wanted.gone ?? new AbortController().signal,
  };
}

export interface ScenePerson extends DeskPerson {
  readonly key: KeyObject;
}

export function newPerson(name: string, more: Partial<DeskPerson> = {}): ScenePerson {
  const { privateKey } = generateKeyPairSync("ed25519");
  return { name, approves: ["production", "staging"], passkey: false, key: privateKey, ...more };
}

/** One installation: a store's file, a log, rules and persons that the test may change while desks are open. */
export class DeskScene {
  readonly clock = manualClock();
  readonly log: ApprovalEvent[] = [];
  readonly warnings: string[] = [];
  rules: ApprovalRules = { ...usualApprovalRules, holdMs: 0, coolOffMs: 0 };
  persons: ScenePerson[] = [newPerson("ben"), newPerson("cleo")];
  policy: string | undefined = policyNow;
  run: RunId | undefined = "r_1" as RunId;
  logBroken = false;
  readonly #folder = mkdtempSync(join(tmpdir(), "holdfast-desk-"));
  readonly file = join(this.#folder, "control.db");
  store: ControlStore | undefined;
  readonly #desks: Desk[] = [];

  /** Another desk on the same store: as another gateway's, where `gateway` is another name. */
  async desk(gateway = "gateway_1"): Promise<Desk> {
    this.store ??= await openSqliteStore(this.file);
    const desk = await Desk.open(this.parts(this.store, gateway), past(this.log));
    this.#desks.push(desk);
    return desk;
  }

  parts(store: ApprovalStore, gateway: string, log: ApprovalEvent[] = this.log): DeskParts {
    return {
      clock: this.clock,
      random: systemRandom,
      store,
      gateway,
      record: (event) => {
        if (this.logBroken) throw new Error("the log cannot be written");
        log.push(structuredClone(event));
      },
      seal: () => (this.logBroken ? Promise.reject(new Error("the log cannot be written")) : Promise.resolve()),
      rules: () => this.rules,
      persons: () => this.persons,
      evidenceProblem: (approval, answer) => {
        const person = this.persons.find(({ name }) => name === answer.person);
        if (person === undefined) return "nobody has this name";
        if (answer.evidence.kind === "login") return answer.answer === "deny" ? undefined : "a login alone";
        if (answer.evidence.kind === "passkey") return undefined;
        return signatureProblem(approval, answer, answer.evidence, publicKeyText(person.key));
      },
      policyDigest: () => this.policy,
      asker: ({ principal }) => ({
        ...(this.run === undefined ? {} : { run: this.run }),
        ...(principal.onBehalfOf?.[0] === undefined ? {} : { actsFor: principal.onBehalfOf[0] }),
      }),
      warn: (message) => this.warnings.push(message),
    };
  }

  /** As at the end of a process: nothing is left but what is durable. */
  async restart(gateway = "gateway_1"): Promise<Desk> {
    for (const desk of this.#desks.splice(0)) desk.close();
    await this.store?.close();
    this.store = undefined;
    return this.desk(gateway);
  }

  async stop(): Promise<void> {
    for (const desk of this.#desks) desk.close();
    await this.store?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The body that a person signs, and by whom with which proof. */
  signed(approval: Approval, person: string, more: Partial<GivenAnswer> = {}): readonly [GivenAnswer, AnsweredBy] {
    const given: GivenAnswer = {
      approval: approval.id,
      planDigest: approval.plan.digest,
      answer: "approve",
      reason: "",
      confirm: confirmOf(approval.plan) ?? "",
      ...more,
    };
    const { key, approves } = this.persons.find(({ name }) => name === person) ?? newPerson(person);
    const place = { gateway: "/run/holdfast/control.sock", method: "POST", path: answerPath(given.approval) };
    const nonce = sha256Hex(`${person} ${++acts}`);
    const statement = statementText({ ...place, person, nonce, bodyDigest: bodyDigest(given) });
    const signature = sign(null, Buffer.from(statement), key).toString("base64");
    const evidence = { kind: "signature" as const, publicKey: publicKeyText(key), signature, nonce, ...place, body: given };
    return [given, { person: { name: person, approves }, channel: "command", evidence }];
  }
}

export async function* past(log: readonly ApprovalEvent[]): AsyncGenerator<ApprovalEvent> {
  for (const event of [...log]) yield await Promise.resolve(event);
}

/** The ticket of an act that must have been approved. */
export function ticketOf(presented: Presented): Ticket {
  if (presented.kind !== "approved") throw new Error(`it is ${presented.kind}: ${presented.reason.message}`);
  return presented.ticket;
}

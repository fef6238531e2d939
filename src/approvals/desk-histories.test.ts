/** Random histories of two gateways' desks on one store that may fail: used at most once, and never without what was demanded. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DeskScene, heldAct, newPerson, past, policyNow } from "../../test/approvals/desk-scene.ts";
import { type NextWrite, StandInStore } from "../../test/approvals/stand-in-store.ts";
import { approvalContract } from "../../test/store/approval-contract.ts";
import type { Approval } from "../model/approval.ts";
import type { ApprovalEvent } from "../model/event.ts";
import type { Ticket } from "../pipeline/approvals-port.ts";
import { type ControlStore, StoreUnavailable } from "../store/port.ts";
import { AnswerRefused } from "./desk-ports.ts";
import { Desk } from "./desk.ts";

const texts = ["DELETE FROM a", "DELETE FROM b", "TRUNCATE c"] as const;
const names = ["ben", "cleo", "dora", "agent_1"] as const;
const otherPolicy = "b".repeat(64);

type Step =
  | { readonly kind: "present"; readonly desk: number; readonly text: number }
  | { readonly kind: "answer"; readonly desk: number; readonly which: number; readonly person: number; readonly yes: boolean }
  | {
      readonly kind: "use";
      readonly desk: number;
      readonly which: number;
      readonly how: "used" | "stale" | "unknown" | "not_reached" | "dies";
    }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "restart"; readonly desk: number }
  | { readonly kind: "policy" }
  | { readonly kind: "person"; readonly person: number }
  | { readonly kind: "store"; readonly next: NextWrite }
  | { readonly kind: "forge"; readonly row: number; readonly how: "approved" | "older" };

const at = fc.nat({ max: 1 });
const which = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("present" as const), desk: at, text: fc.nat({ max: texts.length - 1 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("answer" as const),
      desk: at,
      which,
      person: fc.nat({ max: names.length - 1 }),
      yes: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("use" as const),
      desk: at,
      which,
      how: fc.constantFrom("used" as const, "stale" as const, "unknown" as const, "not_reached" as const, "dies" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1_000, 60_000, 900_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), desk: at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("policy" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("person" as const), person: fc.nat({ max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("store" as const), next: fc.constantFrom<NextWrite>("fails", "fails though it persisted") }),
  },
);

/** Somebody writes the store's rows past the desks. */
const forge: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("forge" as const),
  row: fc.nat({ max: 20 }),
  how: fc.constantFrom("approved" as const, "older" as const),
});

/** Steps of one group happen at once. */
const historyOf = (steps: fc.Arbitrary<Step>) => fc.array(fc.array(steps, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 25 });

/** What truly happened, told apart from what any desk says of it. */
class Witness {
  readonly scene = new DeskScene();
  readonly store = new StandInStore();
  readonly logs: ApprovalEvent[][] = [[], []];
  readonly desks: Desk[] = [];
  /** Signatures that a person made, and denials that the person was told are taken. */
  readonly signed = new Set<string>();
  readonly denied = new Set<string>();
  readonly running = new Map<string, string>();
  readonly used = new Set<string>();
  uses = 0;
  forged = false;

  constructor() {
    this.scene.persons = [newPerson("ben"), newPerson("cleo"), newPerson("dora"), newPerson("agent_1")];
    this.scene.rules = { ...this.scene.rules, quorum: { production: 2, staging: 1, development: 1 }, coolOffMs: 30_000 };
  }

  async open(n: number): Promise<void> {
    const log = this.logs[n] ?? [];
    this.desks[n]?.close();
    this.desks[n] = await Desk.open(this.scene.parts(this.store as unknown as ControlStore, `gateway_${n}`, log), past(log));
  }

  desk(n: number): Desk {
    const desk = this.desks[n];
    assert(desk !== undefined);
    return desk;
  }

  async approval(n: number): Promise<Approval | undefined> {
    const all = await this.store.approvals();
    return all.at(-1 - (n % Math.max(1, all.length)));
  }

  async take(each: Step): Promise<void> {
    switch (each.kind) {
      case "present":
        await this.desk(each.desk).present(this.act(each.text));
        return;
      case "answer":
        return this.answer(each);
      case "use":
        return this.use(each);
      case "wait":
        this.scene.clock.advance(each.ms);
        await Promise.all(this.desks.map((desk) => desk.look()));
        return;
      case "restart":
        return this.open(each.desk).catch(tolerated);
      case "policy":
        this.scene.policy = this.scene.policy === policyNow ? otherPolicy : policyNow;
        await Promise.all(this.desks.map((desk) => desk.policyChanged()));
        return;
      case "person": {
        const [person] = this.scene.persons.splice(each.person, 1);
        if (person !== undefined) this.scene.persons.push(each.person === 0 ? newPerson(person.name) : person);
        return;
      }
      case "store":
        this.store.next = each.next;
        return;
      case "forge":
        return this.forge(each);
    }
  }

  act(text: number) {
    return heldAct({ text: texts[text] ?? texts[0], policyDigest: this.scene.policy ?? policyNow });
  }

  forge({ row, how }: Extract<Step, { kind: "forge" }>): void {
    const [id, text] = this.store.past.at(-1 - (row % Math.max(1, this.store.past.length))) ?? [];
    if (id === undefined || text === undefined) return;
    this.forged = true;
    const old = JSON.parse(text) as Approval;
    const { use: _, ...approved } = { ...old, state: "approved" as const, quorum: 0, notBeforeMs: null, expiresAtMs: old.plan.expiresAtMs };
    this.store.rows.set(id, how === "older" ? text : JSON.stringify(approved));
  }

  async answer({ desk, which: n, person, yes }: Extract<Step, { kind: "answer" }>): Promise<void> {
    const approval = await this.approval(n);
    const name = names[person] ?? "ben";
    if (approval === undefined) return;
    const more = yes ? {} : { answer: "deny" as const, reason: "no", confirm: "" };
    const given = this.scene.signed(approval, name, more);
    if (yes) this.signed.add(`${approval.id} ${name}`);
    try {
      await this.desk(desk).answer(...given);
      if (!yes) this.denied.add(approval.id);
    } catch (error) {
      if (!(error instanceof AnswerRefused)) throw error;
    }
  }

  async use({ desk, which: n, how }: Extract<Step, { kind: "use" }>): Promise<void> {
    const approval = await this.approval(n);
    if (approval === undefined) return;
    const text = texts.indexOf(approval.plan.act.shown as (typeof texts)[number]);
    const presented = await this.desk(desk).present(this.act(text));
    if (presented.kind !== "approved") return;
    await this.carryOut(presented.ticket, how);
  }

  async carryOut(ticket: Ticket, how: Extract<Step, { kind: "use" }>["how"]): Promise<void> {
    const id = ticket.approval;
    const deniedBefore = this.denied.has(id);
    try {
      await ticket.begin("771");
    } catch (error) {
      assert(error instanceof Error);
      return;
    }
    // From here on the statement would be on its way.
    this.uses += 1;
    assert(!this.used.has(id), "used twice");
    assert(!deniedBefore, "used after a person's no was taken");
    const { plan } = ticket;
    const agreed = names.filter((name) => this.signed.has(`${id} ${name}`) && name !== plan.asked.principal);
    assert(agreed.length >= 2, `used with ${agreed.length} signatures`);
    this.used.add(id);
    if (how === "dies") return;
    await ticket.end(how, "");
    if (how === "not_reached") this.used.delete(id);
  }
}

function tolerated(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
}

describe("whatever two gateways, their persons and a failing store do", () => {
  test("an approval is used at most once, by enough persons' signatures, and never after a no, its time or its policy", async () => {
    const uses = await tried(historyOf(step));
    assert(uses >= 10, `histories that use nothing prove nothing: ${uses} uses`);
  });

  test("and the same holds for one gateway when somebody writes its store past it", async () => {
    const own = step.map((each) => ("desk" in each ? { ...each, desk: 0 } : each));
    const uses = await tried(historyOf(fc.oneof({ weight: 4, arbitrary: own }, { weight: 1, arbitrary: forge })));
    assert(uses >= 10, `histories that use nothing prove nothing: ${uses} uses`);
  });

  async function tried(histories: fc.Arbitrary<Step[][]>): Promise<number> {
    let uses = 0;
    const property = fc.asyncProperty(histories, async (groups) => {
      const witness = new Witness();
      try {
        await witness.open(0);
        await witness.open(1);
        // Two agreements that stand, so that histories get as far as a use.
        await witness.take({ kind: "present", desk: 0, text: 0 });
        for (const person of [0, 1]) await witness.take({ kind: "answer", desk: 0, which: 0, person, yes: true });
        await witness.take({ kind: "wait", ms: 60_000 });
        for (const group of groups) await Promise.all(group.map((each) => witness.take(each)));
        holds(witness);
        uses += witness.uses;
      } finally {
        for (const desk of witness.desks) desk.close();
        await witness.scene.stop();
      }
    });
    await fc.assert(property, { numRuns: 120 });
    return uses;
  }

  /** What the logs say in the end, both together. */
  function holds({ logs, scene, forged }: Witness): void {
    const used = logs.flat().filter((event) => event.kind === "approval_used");
    const back = logs.flat().filter((event) => event.kind === "approval_settled" && event.how === "not_reached");
    for (const id of new Set(used.map(({ approval }) => approval))) {
      const times = used.filter(({ approval }) => approval === id).length;
      const given = back.filter((event) => event.kind === "approval_settled" && event.approval === id).length;
      assert(times - given <= 1, `${id} was used ${times} times and given back ${given} times`);
    }
    for (const log of logs) {
      for (const [place, event] of log.entries()) {
        if (event.kind !== "approval_used") continue;
        const before = log.slice(0, place);
        const asked = before.find((each) => each.kind === "approval_asked" && each.approval === event.approval);
        assert(asked !== undefined && asked.kind === "approval_asked", "the log that has the use has the question");
        assert(asked.expiresAtMs > 0 && asked.policyDigest.length === 64);
        const agreed = before.filter(
          (each) => each.kind === "approval_answered" && each.approval === event.approval && each.answer === "approve",
        );
        const persons = new Set(agreed.flatMap((each) => (each.kind === "approval_answered" ? [each.person] : [])));
        assert(persons.size >= 2, "the log that has the use has the answers that it rests on");
        assert(!persons.has("agent_1"));
      }
    }
    if (!forged)
      assert.deepEqual(
        scene.warnings.filter((text) => /two versions/.test(text)),
        [],
      );
  }
});

describe("an answer that comes as the time runs out", () => {
  test("wins or loses as a whole, whenever the end comes in between", async () => {
    const ends = new Set<string>();
    for (let turns = 0; turns < 12; turns++) {
      const witness = new Witness();
      witness.scene.rules = { ...witness.scene.rules, quorum: { production: 1, staging: 1, development: 1 }, coolOffMs: 0 };
      try {
        await witness.open(0);
        await witness.take({ kind: "present", desk: 0, text: 0 });
        const approval = await witness.approval(0);
        assert(approval !== undefined);
        const answered = witness.desk(0).answer(...witness.scene.signed(approval, "ben"));
        const settled = Promise.allSettled([answered]);
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        witness.scene.clock.advance(witness.scene.rules.lifeMs);
        await witness.desk(0).look();
        const [result] = await settled;
        await witness.desk(0).look();
        const after = await witness.store.approval(approval.id);
        assert.equal(after?.state, "expired");
        assert.equal(after.answers.length, result.status === "fulfilled" ? 1 : 0, "the person was told what is so");
        const closed = witness.logs[0]?.filter(({ kind }) => kind === "approval_closed") ?? [];
        assert.equal(closed.length, 1);
        const recorded = witness.logs[0]?.filter(({ kind }) => kind === "approval_answered") ?? [];
        assert.equal(recorded.length, after.answers.length);
        assert.match(after.because ?? "", result.status === "fulfilled" ? /was approved, and not used in time/ : /0 of 1 persons agreed/);
        ends.add(result.status);
      } finally {
        for (const desk of witness.desks) desk.close();
        await witness.scene.stop();
      }
    }
    assert.deepEqual([...ends].sort(), ["fulfilled", "rejected"], "both ends were seen");
  });
});

describe("the stand-in for the store", () => {
  for (const [promise, check] of Object.entries(approvalContract)) {
    // It has no disk that could fail or outlive it.
    if (/restart|fails/.test(promise)) continue;
    test(promise, async () => {
      const store = new StandInStore();
      const whole = Object.assign(store, { close: () => Promise.resolve() }) as unknown as ControlStore;
      await check({ open: () => Promise.resolve(whole), failWrites: () => Promise.reject(new Error("not asked for here")) });
    });
  }
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { samplePlan } from "../../test/channels/samples.ts";
import { manualClock } from "../base/clock.ts";
import { type ActionId, type BreakGlassId, systemRandom } from "../base/ids.ts";
import { type Approvals, type HeldAct, type Measured, NotMeasurable, type Presented } from "../pipeline/approvals-port.ts";
import { unasked } from "./unasked.ts";

const id = "b_0123456789" as BreakGlassId;

/** `measure` is what the trial does; `open` can be closed while a test goes on. */
function scene(measure: () => Promise<Measured>) {
  const told: string[] = [];
  const world = { open: true, sealed: () => Promise.resolve() };
  const asked: Presented = { kind: "denied", reason: { code: "approval_denied", message: "the desk was asked" } };
  const desk: Approvals = { present: () => Promise.resolve(asked) };
  const approvals = unasked(desk, {
    clock: manualClock(),
    random: systemRandom,
    open: (target, principal) => (world.open && target === "shop" && principal === "agent" ? { id } : undefined),
    use: (glass, action, session, transaction) => {
      told.push(`${glass} ${action} ${session} ${transaction}`);
      return world.open ? () => world.open : undefined;
    },
    seal: () => world.sealed(),
    asker: () => ({ actsFor: "grace" }),
    toleranceRows: () => 3,
    warn: (message) => void told.push(message),
  });
  const present = (more: object = {}): Promise<Presented> => {
    const { act, effects, preconditions, target } = samplePlan();
    const session = { id: "s_1", principal: { kind: "ai_agent", name: "agent" } };
    const held = { action: "s_1.1" as ActionId, session, target, ...act, effects, preconditions, policyDigest: "p", rules: ["ask"] };
    return approvals.present({ ...held, measure, gone: new AbortController().signal, ...more } as unknown as HeldAct);
  };
  const ticketOf = async () => {
    const presented = await present();
    assert(presented.kind === "approved");
    return presented.ticket;
  };
  return { world, told, present, ticketOf };
}

const { measured } = samplePlan();
assert.ok(measured !== null);
const measurable = (): Promise<Measured> => Promise.resolve({ measurement: measured, unmeasured: [], identity: "7" });
const unmeasurable = (refuse: boolean) => () => Promise.reject<Measured>(new NotMeasurable("it reaches elsewhere", "7", refuse));

describe("an act while a break-glass is open", () => {
  test("gets a plan that was measured and a ticket of the break-glass; its use is counted and durable before it begins", async () => {
    const { ticketOf, told, world } = scene(measurable);
    const ticket = await ticketOf();
    assert.deepEqual([ticket.approval, ticket.toleranceRows, ticket.plan.measured], [id, 3, measured]);
    assert.equal(ticket.plan.asked.actsFor, "grace");
    assert.deepEqual(told, [], "presented is not used");
    let durable = false;
    world.sealed = () => new Promise((resolve) => setImmediate(() => resolve((durable = true) && undefined)));
    await ticket.begin("771");
    assert.ok(durable);
    assert.deepEqual(told, [`${id} s_1.1 s_1 771`]);
    await assert.rejects(ticket.begin("772"), /used once/);
    await ticket.end("unknown", "the server was lost");
    assert.match(told.at(-1) ?? "", /what became of act `s_1\.1` is not known: the server was lost/);
  });

  test("closed before it begins, or while that is made durable, or not recorded: nothing may be sent", async () => {
    const before = scene(measurable);
    const first = await before.ticketOf();
    before.world.open = false;
    await assert.rejects(first.begin(null), /nobody was asked is over/);
    const during = scene(measurable);
    const second = await during.ticketOf();
    during.world.sealed = async () => void (during.world.open = false);
    await assert.rejects(second.begin(null), /nobody was asked is over/);
    const broken = scene(measurable);
    const third = await broken.ticketOf();
    broken.world.sealed = () => Promise.reject(new Error("disk full"));
    await assert.rejects(third.begin(null), /disk full/);
  });

  test("of another target, another principal, or after its end: the desk is asked, and nothing is measured for it here", async () => {
    let trials = 0;
    const { present, world } = scene(() => {
      trials += 1;
      return measurable();
    });
    const target = { name: "other", environment: "production", database: "shop" };
    const session = { id: "s_2", principal: { kind: "ai_agent", name: "another" } };
    assert.equal((await present({ target })).kind, "denied");
    assert.equal((await present({ session })).kind, "denied");
    world.open = false;
    assert.equal((await present()).kind, "denied");
    assert.equal(trials, 0);
  });

  test("what must not be asked about goes to the desk, which refuses it; what no trial can tell has a plan that says so", async () => {
    assert.equal((await scene(unmeasurable(true)).present()).kind, "denied");
    assert.equal((await scene(() => Promise.reject(new Error("the executor is not there"))).present()).kind, "denied");
    const { plan } = await scene(unmeasurable(false)).ticketOf();
    assert.deepEqual([plan.measured, plan.unmeasured], [null, ["it reaches elsewhere"]]);
  });
});

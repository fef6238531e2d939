import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manualClock } from "../base/clock.ts";
import { type ActionId, type RunId, type SessionId, systemRandom } from "../base/ids.ts";
import type { BreakGlass } from "../model/break-glass.ts";
import type { AuditEvent } from "../model/event.ts";
import { noBudget, nothingUsed, type Run } from "../model/run.ts";
import { BreakGlasses, BreakGlassRefused } from "./break-glass.ts";

const run: Run = {
  id: "r_1" as RunId,
  kind: "program",
  principal: "run_agent_x",
  principalKind: "ai_agent",
  target: "shop",
  environment: "production",
  program: "agent",
  programVersion: "",
  actsFor: "",
  purpose: "",
  budget: noBudget,
  startedAtMs: 0,
  state: "open",
  used: nothingUsed,
};
const act = "s_1.7" as ActionId;
const session = "s_1" as SessionId;

function scene(seal: () => Promise<void> = () => Promise.resolve()) {
  const clock = manualClock();
  const events: AuditEvent[] = [];
  const told: BreakGlass[] = [];
  const ended: string[] = [];
  let changes = 0;
  const glasses: BreakGlasses = new BreakGlasses(
    {
      clock,
      random: systemRandom,
      record: (event) => void events.push(event),
      seal,
      grantsChanged: () => void (changes += 1),
      endConnection: (each, code, message) => void ended.push(`${each} ${code}: ${message}`),
    },
    (glass) => void told.push(glass),
  );
  const want = (personsNeeded = 1, more: { untilMs?: number; run?: Run } = {}) =>
    glasses.want({ run, untilMs: clock.now() + 60_000, reason: "x", by: { person: "ada", nonce: "n1" }, personsNeeded, ...more });
  const kinds = () => events.map(({ kind }) => kind);
  return { clock, events, told, ended, glasses, want, kinds, changes: () => changes };
}

const over = (glasses: BreakGlasses) => glasses.closeAll("the test is over");

describe("break-glass", () => {
  test("one person opens it; each act is counted and on record; closed, nothing passes and open transactions end", async () => {
    const { glasses, want, kinds, told, ended, events } = scene();
    const { id, state } = await want();
    assert.equal(state, "open");
    assert.deepEqual(glasses.factOf("shop", "run_agent_x"), { id });
    assert.equal(glasses.factOf("shop", "another"), undefined);
    assert.equal(glasses.factOf("other", "run_agent_x"), undefined);
    const holds = glasses.use(id, act, session);
    assert.equal(holds?.(), true);
    glasses.use(id, "s_2.1" as ActionId, "s_2" as SessionId);
    glasses.idle("s_2" as SessionId);
    assert.equal(glasses.close(id, "ada ended it", "ada"), true);
    assert.equal(holds?.(), false);
    assert.equal(glasses.use(id, act, session), undefined);
    assert.equal(glasses.factOf("shop", "run_agent_x"), undefined);
    assert.deepEqual(ended, ["s_1 grant_lapsed: what this transaction rests on is over: ada ended it"]);
    assert.deepEqual(kinds(), ["break_glass_opened", "break_glass_used", "break_glass_used", "break_glass_closed"]);
    const last = events.at(-1);
    assert.equal(last?.kind === "break_glass_closed" && last.uses, 2);
    assert.deepEqual(
      told.map(({ state: at }) => at),
      ["open", "closed"],
    );
  });

  test("where two are needed the first opens nothing, nor does the same person twice", async () => {
    const { glasses, want, kinds, events } = scene();
    const wanted = await want(2);
    assert.equal(wanted.state, "wanted");
    assert.equal(glasses.factOf("shop", "run_agent_x"), undefined);
    assert.equal(glasses.use(wanted.id, act, session), undefined);
    await assert.rejects(glasses.agree(wanted.id, { person: "ada", nonce: "n2" }), /another person has to agree/);
    assert.deepEqual(kinds(), []);
    const opened = await glasses.agree(wanted.id, { person: "grace", nonce: "n2" });
    assert.equal(opened.state, "open");
    const [event] = events;
    assert.ok(event?.kind === "break_glass_opened");
    assert.deepEqual(
      [event.persons, event.nonces],
      [
        ["ada", "grace"],
        ["n1", "n2"],
      ],
    );
    await assert.rejects(glasses.agree(wanted.id, { person: "eve", nonce: "n3" }), BreakGlassRefused);
    over(glasses);
  });

  test("by the clock it is over at its time, whether its timer ran or not", async () => {
    const { glasses, want, clock } = scene();
    const { id } = await want();
    clock.advance(60_000);
    assert.equal(glasses.use(id, act, session), undefined);
    over(glasses);
  });

  test("its timer closes it, wanted or open, and says which", async () => {
    for (const [persons, because] of [
      [1, "its time is over"],
      [2, "nobody else agreed to it in time"],
    ] as const) {
      const { glasses, want, clock } = scene();
      await want(persons, { untilMs: clock.now() + 20 });
      for (let tries = 0; tries < 500 && glasses.list()[0]?.state !== "closed"; tries++) await new Promise((done) => setTimeout(done, 10));
      assert.equal(glasses.list()[0]?.because, because);
    }
  });

  test("a session has one at a time, and its end is the end of it", async () => {
    const { glasses, want } = scene();
    const { id } = await want();
    await assert.rejects(want(), new RegExp(`break-glass \`${id}\` of this session is open already`));
    const other = await want(1, { run: { ...run, id: "r_2" as RunId, principal: "run_other_y" } });
    glasses.closeOfRun(run, "its session ended: x");
    assert.deepEqual(
      glasses.list().map(({ state }) => state),
      ["closed", "open"],
    );
    assert.equal(glasses.get(other.id)?.state, "open");
    over(glasses);
    assert.equal(
      glasses.list().every(({ state }) => state === "closed"),
      true,
    );
  });

  test("what cannot be recorded is never open", async () => {
    const { glasses, want, changes } = scene(() => Promise.reject(new Error("disk full")));
    await assert.rejects(want(), /disk full/);
    assert.equal(glasses.factOf("shop", "run_agent_x"), undefined);
    assert.equal(glasses.list()[0]?.state, "closed");
    assert.equal(changes(), 1);
  });

  test("a session that ends while the record is written has none afterwards", async () => {
    let sealed: () => void = () => undefined;
    const { glasses, want } = scene(() => new Promise((resolve) => (sealed = resolve)));
    const wanting = want();
    glasses.closeOfRun(run, "its session ended: x");
    sealed();
    await assert.rejects(wanting, /the session ended before it was open/);
    assert.equal(glasses.factOf("shop", "run_agent_x"), undefined);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { RunId } from "../base/ids.ts";
import { type Counted, counted, type RunAccount } from "../model/run-account.ts";
import { noBudget, nothingUsed, type Used } from "../model/run.ts";
import { sampleRun } from "../../test/store/contract.ts";
import { elsewhere, settled, without } from "./shares.ts";

const account = (budget: Partial<Record<Counted, number>>): RunAccount => ({
  id: "r_1" as RunId,
  revision: 0,
  run: { ...sampleRun("r_1"), kind: "login", budget: { ...noBudget, ...budget } },
  shares: [],
});

const of = (at: RunAccount, gateway: string) => at.shares.find((share) => share.gateway === gateway);
const every: ReadonlySet<Counted> = new Set(counted);
const said = (gateway: string, used: Partial<Used> = {}, more: { short?: boolean; open?: number; attached?: boolean } = {}) => ({
  gateway,
  incarnation: "1",
  attached: more.attached ?? true,
  used: { ...nothingUsed, ...used },
  open: { rowsChanged: more.open ?? 0 },
  short: more.short === true ? every : new Set<Counted>(),
});

describe("portions of a budget", () => {
  test("together they are never more than the whole, whoever asks, stops or dies", () => {
    const step = fc.record({
      gateway: fc.constantFrom("a", "b", "c"),
      what: fc.constantFrom("use", "settle", "short", "leave", "stop", "die"),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000 }), fc.array(step, { maxLength: 80 }), (budget, steps) => {
        let at = account({ statements: budget, rowsChanged: budget });
        const used = new Map<string, number>();
        let gone = 0;
        for (const { gateway, what, share } of steps) {
          const mine = used.get(gateway) ?? 0;
          const granted = of(at, gateway)?.granted.statements ?? 0;
          const figures = { statements: mine, rowsChanged: mine };
          if (what === "use") used.set(gateway, mine + Math.floor((granted - mine) * share));
          else if (what === "stop" || what === "die") {
            if (what === "stop") at = settled(at, said(gateway, figures, { attached: false }));
            at = without(at, { gateway, incarnations: new Set("1"), died: what === "die" });
            gone += mine;
            used.delete(gateway);
          } else at = settled(at, said(gateway, figures, { short: what === "short", attached: what !== "leave" }));
          const sum = at.shares.reduce((total, each) => total + each.granted.statements, 0);
          assert(sum <= budget, `${sum} of ${budget} are granted`);
          const spent = [...used.values()].reduce((total, each) => total + each, gone);
          assert(spent <= budget, `${spent} of ${budget} are used`);
          for (const each of at.shares) if (each.gateway !== "") assert(each.granted.rowsChanged >= 0);
        }
      }),
    );
  });

  test("who is alone gets all of a small one, and gives half when another comes", () => {
    let at = settled(account({ statements: 100 }), said("a", {}, { short: true }));
    assert.equal(of(at, "a")?.granted.statements, 100);
    at = settled(at, said("b", {}, { short: true }));
    assert.deepEqual([of(at, "b")?.granted.statements, of(at, "b")?.wants], [0, true]);
    at = settled(at, said("a", { statements: 20 }));
    assert.equal(of(at, "a")?.granted.statements, 60);
    at = settled(at, said("b", {}, { short: true }));
    assert.deepEqual([of(at, "b")?.granted.statements, of(at, "b")?.wants], [40, false]);
    assert.equal(elsewhere(at, { gateway: "b", incarnation: "1" }).statements, 40);
  });

  test("the last of it goes to whoever asks, and what is open is not taken away", () => {
    let at = settled(account({ rowsChanged: 10 }), said("a", {}, { short: true }));
    at = settled(at, said("b", {}, { short: true }));
    at = settled(at, said("a", { rowsChanged: 3 }, { open: 7 }));
    assert.equal(of(at, "a")?.granted.rowsChanged, 10, "a transaction is open with all of it");
    at = settled(at, said("a", { rowsChanged: 9 }));
    assert.equal(of(at, "a")?.granted.rowsChanged, 9);
    at = settled(at, said("b", {}, { short: true }));
    assert.equal(of(at, "b")?.granted.rowsChanged, 1);
    assert.equal(elsewhere(at, { gateway: "b", incarnation: "1" }).rowsChanged, 0, "nothing is left to ask for");
  });

  test("a large one is held in parts, so that a death costs a quarter of what is left", () => {
    let at = settled(account({ statements: 100_000 }), said("a", {}, { short: true }));
    assert.equal(of(at, "a")?.granted.statements, 25_000);
    at = without(at, { gateway: "a", incarnations: new Set("1"), died: true });
    assert.equal(at.run.used.statements, 25_000);
    at = settled(at, said("b", {}, { short: true }));
    assert.equal(of(at, "b")?.granted.statements, 18_750);
  });

  test("the incarnation that goes on keeps its share; what another stopped with counts", () => {
    let at = settled(account({ statements: 50 }), said("a", { statements: 7 }, { attached: false }));
    at = settled(at, { ...said("a", {}, { short: true }), incarnation: "2" });
    at = without(at, { gateway: "a", incarnations: new Set("1"), died: false });
    assert.deepEqual(
      at.shares.map(({ gateway, used }) => [gateway, used.statements]),
      [
        ["", 7],
        ["a", 0],
      ],
    );
    assert.equal(without(at, { gateway: "a", incarnations: new Set("1"), died: true }), at, "nothing of it is left to close");
  });

  test("figures that somebody wrote into the store make nothing of less than nothing", () => {
    const odd = { ...said("x"), wants: true, granted: { statements: -1e9 }, used: { statements: Number.NaN } } as never;
    const at = settled({ ...account({ statements: 10 }), shares: [odd] }, said("a", {}, { short: true }));
    assert((of(at, "a")?.granted.statements ?? 0) <= 10);
  });
});

/** The watch on one text, with a clock moved by hand and a stand-in for the worker that says how much of the processor it got. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Watch } from "./watch.ts";

const limits = { processorMs: 2_000, clockMs: 20_000 };

/** Moves the clock in small steps and lets promises settle in between. `share` of the time is the worker's; undefined: it cannot say. */
async function watched(share: number | undefined, ms: number): Promise<{ readonly atMs: number; readonly because: string } | undefined> {
  let now = 0;
  let found: { atMs: number; because: string } | undefined;
  const standIn = {
    cpuUsage: async () => {
      if (share === undefined) throw new Error("this stand-in cannot say");
      return { user: 1000 * (7_000 + now * share), system: 0 };
    },
  };
  const watch = new Watch(standIn, limits, (because) => {
    assert.equal(found, undefined, "it says so once");
    found = { atMs: now, because };
  });
  for (; now < ms; now += 50) {
    mock.timers.tick(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  watch.end();
  return found;
}

describe("the watch on one text", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("a worker that works all the time is overdue at its limit", async () => {
    const found = await watched(1, 30_000);
    assert(found !== undefined && found.atMs >= 1_900 && found.atMs <= 2_600, JSON.stringify(found));
    assert.equal(found.because, "2000 ms of the processor");
  });
  test("a worker that gets a fifth of the processor has five times as long", async () => {
    assert.equal(await watched(0.2, 7_000), undefined);
    const found = await watched(0.2, 30_000);
    assert(found !== undefined && found.atMs < 12_000, JSON.stringify(found));
  });
  test("a worker that gets nothing is overdue by the clock", async () => {
    assert.equal(await watched(0, 19_900), undefined);
    assert.equal((await watched(0, 30_000))?.because, "20000 ms");
  });
  test("where the processor's time cannot be read the clock stands for it", async () => {
    assert.equal(await watched(undefined, 1_900), undefined);
    const found = await watched(undefined, 30_000);
    assert(found !== undefined && found.atMs <= 2_200, JSON.stringify(found));
  });
  test("one that has ended says nothing", async () => {
    const watch = new Watch({ cpuUsage: async () => ({ user: 9e9, system: 0 }) }, limits, () => assert.fail("it had ended"));
    watch.end();
    mock.timers.tick(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  });
});

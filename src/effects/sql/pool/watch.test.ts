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
  // One text that was over at once, and a while of nothing.
  watch.begin();
  watch.idle();
  mock.timers.tick(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  watch.begin();
  for (; now < ms; now += 50) {
    mock.timers.tick(50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  watch.stop();
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
  test("texts that are short, one after the other, are no long one", async () => {
    let used = 0;
    const watch = new Watch({ cpuUsage: async () => ({ user: used * 1000, system: 0 }) }, limits, () => assert.fail("none took long"));
    for (; used < 60_000; used += 100) {
      if (used % 1_900 === 0) watch.begin();
      mock.timers.tick(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    watch.stop();
  });
  test("looks at nothing while there is nothing to do", async () => {
    let looks = 0;
    const watch = new Watch({ cpuUsage: async () => ({ user: 1000 * ++looks, system: 0 }) }, limits, () => assert.fail("nothing ran"));
    watch.begin();
    watch.idle();
    for (let n = 0; n < 20; n += 1) {
      mock.timers.tick(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(looks, 0);
    watch.stop();
  });
  test("one that was stopped says nothing", async () => {
    const watch = new Watch({ cpuUsage: async () => ({ user: 9e9, system: 0 }) }, limits, () => assert.fail("it was stopped"));
    watch.begin();
    watch.stop();
    mock.timers.tick(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  });
});

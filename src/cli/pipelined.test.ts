import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pipelined } from "./pipelined.ts";

async function* numbers(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield n;
}

describe("pipelined", () => {
  test("gives results in order although later ones are done first, and keeps its bound", async () => {
    let running = 0;
    let most = 0;
    const results: number[] = [];
    const work = async (n: number): Promise<number> => {
      most = Math.max(most, ++running);
      for (let turns = (n * 7) % 5; turns >= 0; turns--) await new Promise(setImmediate);
      running--;
      return n;
    };
    for await (const result of pipelined(numbers(200), 8, work)) results.push(result);
    assert.deepEqual(
      results,
      Array.from({ length: 200 }, (_, n) => n),
    );
    assert.ok(most > 1 && most <= 8, `${most} at once`);
  });

  test("takes no more input while nobody takes results", async () => {
    let started = 0;
    const results = pipelined(numbers(1000), 4, async (n) => {
      started++;
      return n;
    });
    for (let taken = 1; taken <= 50; taken++) {
      await results.next();
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      assert.ok(started >= taken && started <= taken + 4, `${started} started, ${taken} taken`);
    }
  });

  test("a result is given while the next input is still awaited", async () => {
    let release = (): void => {};
    async function* slow(): AsyncGenerator<number> {
      yield 1;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      yield 2;
    }
    const results = pipelined(slow(), 8, async (n) => n);
    assert.equal((await results.next()).value, 1);
    release();
    assert.equal((await results.next()).value, 2);
    assert.equal((await results.next()).done, true);
  });

  test("a failure comes in its turn", async () => {
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      const work = (n: number) => (n === 3 ? Promise.reject(new Error("third")) : Promise.resolve(n));
      for await (const n of pipelined(numbers(10), 5, work)) seen.push(n);
    };
    await assert.rejects(run(), /third/);
    assert.deepEqual(seen, [0, 1, 2]);
  });
});

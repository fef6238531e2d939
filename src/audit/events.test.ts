import { test } from "node:test";
import assert from "node:assert/strict";
import { act, sampleLog } from "../../test/audit/sample-log.ts";
import { readEvents } from "./events.ts";

async function numbers(records: AsyncIterable<{ readonly n: number }>): Promise<number[]> {
  const all: number[] = [];
  for await (const { n } of records) all.push(n);
  return all;
}

test("records are read from any place, across segments, and from the end", async () => {
  const sample = await sampleLog();
  const { directory } = sample;
  const { log } = await sample.open({ segmentBytesMax: 300 });
  for (let i = 0; i < 10; i += 1) {
    act(log, String(i));
    await log.seal();
  }
  const all = Array.from({ length: 20 }, (_, n) => n);
  assert.deepEqual(await numbers(readEvents({ directory })), all);
  for (const from of [1, 7, 13, 19]) assert.deepEqual(await numbers(readEvents({ directory, from })), all.slice(from));
  assert.deepEqual(await numbers(readEvents({ directory, from: 20 })), []);
  assert.deepEqual(await numbers(readEvents({ directory, last: 3 })), [17, 18, 19]);
  assert.deepEqual(await numbers(readEvents({ directory, last: 300 })), all);
  await log.close();
  await sample.remove();
});

test("a follower sees every record once and in order while segments change under it", async () => {
  const sample = await sampleLog();
  const { log } = await sample.open({ segmentBytesMax: 300 });
  const stop = new AbortController();
  const seen: number[] = [];
  const following = (async () => {
    for await (const { n } of readEvents({ directory: sample.directory, follow: true, signal: stop.signal, pollMs: 1 })) {
      seen.push(n);
      if (n === 199) stop.abort();
    }
  })();
  for (let i = 0; i < 100; i += 1) {
    act(log, String(i));
    await log.seal();
  }
  await following;
  assert.deepEqual(
    seen,
    Array.from({ length: 200 }, (_, n) => n),
  );
  await log.close();
  await sample.remove();
});

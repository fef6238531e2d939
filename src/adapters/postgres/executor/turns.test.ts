import { test } from "node:test";
import assert from "node:assert/strict";
import { Turns } from "./turns.ts";

test("so many at a time, the others in their order, and a failure gives its place on", async () => {
  const turns = new Turns(2);
  const running: string[] = [];
  const order: string[] = [];
  const ends = new Map<string, () => void>();
  const task = (name: string) =>
    turns.take(async () => {
      running.push(name);
      order.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      running.splice(running.indexOf(name), 1);
      if (name === "b") throw new Error("b failed");
    });
  const all = Promise.allSettled(["a", "b", "c", "d"].map(task));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  assert.deepEqual(running, ["a", "b"]);
  ends.get("b")?.();
  await turn();
  assert.deepEqual(running, ["a", "c"]);
  for (const name of ["a", "c"]) ends.get(name)?.();
  await turn();
  assert.deepEqual(running, ["d"]);
  ends.get("d")?.();
  assert.deepEqual(
    (await all).map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled"],
  );
  assert.deepEqual(order, ["a", "b", "c", "d"]);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manualClock } from "../base/clock.ts";
import type { ActionId } from "../base/ids.ts";
import type { Disarm } from "../model/disarm.ts";
import { Disarms } from "./disarms.ts";

const id = (text: string) => text as ActionId;
const HOUR_MS = 3_600_000;

function ground() {
  const clock = manualClock();
  const kept = new Map<string, Disarm>();
  const store = {
    failing: false,
    putDisarm: async (disarm: Disarm) => {
      if (store.failing) throw new Error("the disk is full");
      kept.set(disarm.id, disarm);
    },
    disarms: async () => {
      if (store.failing) throw new Error("the disk is full");
      return [...kept.values()];
    },
  };
  const open = () => new Disarms({ clock, store, windowMs: 24 * HOUR_MS });
  return { clock, store, open };
}

describe("safeguards that were taken away", () => {
  test("count for the session in everything, and for others in the same thing", async () => {
    const { open } = ground();
    const disarms = open();
    await disarms.note(id("s.1"), "claude", ["aws:db-1"]);
    assert.equal(await disarms.of("claude", ["aws:else"]), "session");
    assert.equal(await disarms.of("codex", ["aws:db-1", "aws:x"]), "thing");
    assert.equal(await disarms.of("codex", ["aws:else"]), undefined);
  });

  test("are remembered by another process on the same store, for as long as they count", async () => {
    const { clock, open } = ground();
    await open().note(id("s.1"), "claude", ["aws:db-1"]);
    clock.advance(23 * HOUR_MS);
    assert.equal(await open().of("codex", ["aws:db-1"]), "thing");
    clock.advance(2 * HOUR_MS);
    assert.equal(await open().of("codex", ["aws:db-1"]), undefined);
  });

  test("that the provider refused count no more, here and elsewhere; others go on counting", async () => {
    const { open } = ground();
    const disarms = open();
    await disarms.note(id("s.1"), "claude", ["aws:db-1"]);
    await disarms.settled(id("s.1"), false);
    assert.equal(await disarms.of("claude", ["aws:db-1"]), undefined);
    assert.equal(await open().of("claude", ["aws:db-1"]), undefined);
    await disarms.note(id("s.2"), "claude", ["aws:db-1"]);
    await disarms.settled(id("s.2"), true);
    assert.equal(await disarms.of("claude", []), "session");
  });

  test("without a store: none may be sent, and everything counts as if there was one", async () => {
    const { open, store } = ground();
    store.failing = true;
    await assert.rejects(open().note(id("s.1"), "claude", []), /the disk is full/);
    assert.equal(await open().of("claude", []), "session");
  });
});

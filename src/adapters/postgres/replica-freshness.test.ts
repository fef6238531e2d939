/** Lag and marks by places in the log, without servers or clocks. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Freshness, placeOf } from "./replica-freshness.ts";

describe("places in the log", () => {
  test("are bytes since its beginning", () => {
    assert.equal(placeOf("0/3001670", 8192), 0x3001670);
    assert.equal(placeOf("16/B374D848", 8192), 0x16 * 2 ** 32 + 0xb374d848);
    for (const text of ["", "0", "0/", "/1", "0/xyz", "0/100000000", "FFFFFFFF/FFFFFFFF", "-1/0"])
      assert.equal(placeOf(text, 8192), undefined);
  });

  test("behind a page's header count as the page's beginning, where its last record ends for the replica", () => {
    assert.equal(placeOf("0/3000028", 8192), 0x3000000);
    assert.equal(placeOf("0/3002018", 8192), 0x3002000);
    assert.equal(placeOf("0/3000029", 8192), 0x3000029);
    assert.equal(placeOf("0/3002018", 16384), 0x3002018);
  });
});

/** One probe: the primary is asked and answers. */
function probe(freshness: Freshness, atMs: number, place: number): void {
  freshness.probing(atMs);
  freshness.written(place);
}

describe("lag", () => {
  test("is unknown until the replica has reached a place that the primary gave", () => {
    const freshness = new Freshness(1_000);
    assert.equal(freshness.fresh(0), false);
    probe(freshness, 100, 50);
    freshness.replayed(40);
    assert.equal(freshness.lagMs(100), undefined);
    freshness.replayed(50);
    assert.equal(freshness.lagMs(150), 50);
    assert.equal(freshness.fresh(150), false, "it could follow another server");
    probe(freshness, 200, 50);
    assert.equal(freshness.fresh(250), true);
  });

  test("grows while the replica stands still and the primary writes, not while nothing is written", () => {
    const freshness = new Freshness(1_000);
    for (let at = 0; at <= 5_000; at += 250) {
      probe(freshness, at, 50);
      freshness.replayed(50);
    }
    assert.equal(freshness.lagMs(5_100), 100);
    for (let at = 5_250; at <= 8_000; at += 250) {
      probe(freshness, at, 50 + at);
      freshness.replayed(50);
    }
    assert.equal(freshness.lagMs(8_000), 3_000);
    assert.equal(freshness.fresh(8_000), false);
    freshness.replayed(50 + 7_750);
    assert.equal(freshness.lagMs(8_000), 250);
  });

  test("grows while nobody answers, and is unknown once the replica is lost", () => {
    const freshness = new Freshness(1_000);
    probe(freshness, 0, 50);
    freshness.replayed(50);
    probe(freshness, 0, 50);
    assert.equal(freshness.fresh(1_000), true);
    assert.equal(freshness.fresh(1_001), false);
    freshness.lost();
    assert.equal(freshness.fresh(0), false);
  });

  test("is of no use where the replica has what the primary has not written", () => {
    const freshness = new Freshness(1_000);
    probe(freshness, 0, 50);
    freshness.replayed(60);
    assert.equal(freshness.diverged, false, "the primary may have written more since it was asked");
    probe(freshness, 10, 55);
    assert.equal(freshness.diverged, true);
    assert.equal(freshness.fresh(10), false);
    probe(freshness, 20, 70);
    assert.equal(freshness.diverged, true, "that they agree later does not make it the same log");
    freshness.lost();
    assert.equal(freshness.diverged, false);
  });

  test("never seems shorter than it is, whatever the order of events", () => {
    const event = fc.record({ passMs: fc.nat(500), writes: fc.nat(20), replays: fc.nat(30), probes: fc.boolean(), asks: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const freshness = new Freshness(1_000);
        const history: { atMs: number; place: number }[] = [{ atMs: 0, place: 0 }];
        let [now, place, replayed] = [0, 0, 0];
        for (const { passMs, writes, replays, probes, asks } of events) {
          now += passMs;
          place += writes;
          history.push({ atMs: now, place });
          replayed = Math.min(place, replayed + replays);
          if (probes) probe(freshness, now, place);
          if (asks) freshness.replayed(replayed);
          const lag = freshness.lagMs(now);
          if (lag === undefined) continue;
          // All that was written at the moment which the lag names has been replayed.
          const then = history.findLast(({ atMs }) => atMs <= now - lag - 1)?.place ?? 0;
          assert.ok(then <= replayed, `${then} was written, ${replayed} replayed`);
        }
      }),
    );
  });
});

describe("marks", () => {
  test("hold from the replay of a place that was asked for after them", () => {
    const freshness = new Freshness(1_000);
    assert.equal(freshness.holds("a"), true);
    freshness.probing(0);
    freshness.mark("a");
    freshness.written(50);
    freshness.replayed(60);
    assert.equal(freshness.holds("a"), false, "the probe was sent before the mark was made");
    probe(freshness, 250, 70);
    assert.equal(freshness.holds("a"), false);
    freshness.replayed(69);
    assert.equal(freshness.holds("a"), false);
    freshness.replayed(70);
    assert.equal(freshness.holds("a"), true);
    assert.equal(freshness.holds("b"), true);
    freshness.mark("a");
    assert.equal(freshness.holds("a"), false);
  });

  test("too many of them become one for everybody, never none", () => {
    const freshness = new Freshness(1_000);
    probe(freshness, 0, 50);
    freshness.replayed(50);
    for (let i = 0; i < 5_000; i++) freshness.mark(`key ${i}`);
    assert.equal(freshness.fresh(0), false);
    probe(freshness, 10, 60);
    freshness.replayed(50);
    assert.equal(freshness.fresh(10), false);
    freshness.replayed(60);
    assert.equal(freshness.fresh(10), true);
    assert.equal(freshness.holds("key 4999"), true);
  });
});

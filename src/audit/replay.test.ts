import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ActionId } from "../base/ids.ts";
import type { AuditEvent } from "../model/event.ts";
import { GatheredActs, openActs } from "./replay.ts";

/** Each number names an act: the first time its intent, the second its outcome, by itself or at a recovery. */
function eventsOf(order: readonly number[]): readonly AuditEvent[] {
  const seen = new Map<number, number>();
  return order.flatMap((n): readonly AuditEvent[] => {
    const times = seen.get(n) ?? 0;
    seen.set(n, times + 1);
    const action = `s_0123456789abcdef.${n}` as ActionId;
    if (times === 0) return [{ kind: "intent", action, judgement: "j_1", decision: n % 5 === 0 ? "deny" : "allow", code: "permitted" }];
    if (times > 1) return [];
    if (n % 7 === 0) return [{ kind: "recovered", tornBytes: 0, unknownOutcomes: [action] }];
    return [{ kind: "outcome", action, outcome: { status: "unknown", because: "x" } }];
  });
}

test("acts gathered write by write are open as if each event had been told", () => {
  const writes = fc.array(fc.array(fc.nat({ max: 20 }), { maxLength: 12 }), { maxLength: 8 });
  fc.assert(
    fc.property(writes, (groups) => {
      const one = openActs(["s_before.1"]);
      const all = openActs(["s_before.1"]);
      const gathered = new GatheredActs();
      const events = eventsOf(groups.flat());
      let at = 0;
      for (const group of groups) {
        for (const event of events.slice(at, at + group.length)) {
          one.step(event);
          gathered.add(event);
        }
        at += group.length;
        all.stepAll(gathered.take());
        assert.deepEqual([...all.open].sort(), [...one.open].sort());
      }
    }),
    { numRuns: 300 },
  );
});

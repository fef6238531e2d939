/** The texts of the warm-up are judged by the gateway's own analysis, each is understood, and it ends when it is told to. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { factsOf, policyOf } from "../../test/support/policy-parts.ts";
import { manualClock } from "../base/clock.ts";
import { systemRandom } from "../base/ids.ts";
import { builtinCatalogue } from "../catalogue/builtin/builtin.ts";
import type { Analysis, SqlAnalyser } from "../effects/analyse.ts";
import { createSqlAnalyser } from "../effects/sql/pool/pool.ts";
import { warmUp } from "./warm-up.ts";

const pool = createSqlAnalyser({ workers: 1 });
pool.publish(builtinCatalogue());
after(() => pool.close());

function scene(analysed: (analysis: Analysis) => void = () => undefined) {
  const analyser: SqlAnalyser = {
    async analyse(payload) {
      const analysis = await pool.analyse(payload);
      analysed(analysis);
      return analysis;
    },
  };
  const situation = () => ({ policy: policyOf(), facts: factsOf() });
  const target = { name: "shop", environment: "development", database: "shop" } as const;
  const { version: catalogueVersion } = builtinCatalogue();
  return { clock: manualClock(), random: systemRandom, analyser, lanes: 1, situation, target, catalogueVersion };
}

test("every text of the warm-up is new, understood, and about the tables that it makes up", async () => {
  const seen: string[] = [];
  const kinds = new Set<string>();
  const enough = new AbortController();
  const parts = scene((analysis) => {
    assert.equal(analysis.kind, "understood");
    if (analysis.kind !== "understood") return;
    seen.push(analysis.redactedText);
    if (seen.length === 100) enough.abort();
    for (const { tag, effects } of analysis.statements) {
      kinds.add(tag);
      assert.deepEqual(
        effects.filter(({ operation }) => operation === "unknown"),
        [],
      );
      assert(
        effects.some(({ resource }) => resource.name.startsWith("warm_up.")),
        tag,
      );
    }
  });
  await warmUp(parts, enough.signal);
  assert.deepEqual([...kinds].sort(), ["DELETE", "INSERT", "SELECT", "UPDATE"]);
  // Kept judgements would answer a text that came before, and warm nothing.
  assert.equal(seen.length, 100);
});

test("it ends with the gateway", async () => {
  const ending = new AbortController();
  let judged = 0;
  const parts = scene(() => {
    judged += 1;
    if (judged === 3) ending.abort();
  });
  await warmUp(parts, ending.signal);
  assert.equal(judged, 3);
});

test("a closed analyser does not make it fail", async () => {
  const closed = createSqlAnalyser({ workers: 1 });
  await closed.close();
  await warmUp({ ...scene(), analyser: closed }, new AbortController().signal);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SqlAnalyser } from "../effects/analyse.ts";
import { analyseHttp } from "../effects/http/analyse-http.ts";
import { requestOfText } from "../effects/http/request-text.ts";
import type { Effect } from "../model/effect.ts";
import { packs } from "./index.ts";
import type { Pack, PackOperation } from "./pack.ts";

const context = { role: "r", sessionRole: "r", searchPath: ["public"], temporary: [], catalogueVersion: 0, pendingDdl: [] };

/** Stands in for the analysis of SQL: it says only that it was asked. */
const standInSql: SqlAnalyser = {
  async analyse(payload) {
    return { kind: "refused", code: "not_parsed", message: `asked about ${payload.kind === "sql" ? payload.text : ""}` };
  },
};

async function effectsOf(text: string): Promise<readonly Effect[] | "sql"> {
  const request = requestOfText(text);
  assert.ok(request, `\`${text}\` is a request`);
  const analysis = await analyseHttp(request, context, standInSql);
  if (analysis.kind === "understood") return analysis.statements.flatMap(({ effects }) => effects);
  assert.match(analysis.message, /^asked about /, `${text}: ${analysis.message}`);
  return "sql";
}

const named = (pack: Pack, { thing }: PackOperation, effect: Effect): boolean =>
  effect.resource.name.startsWith(`${pack.provider}:${thing}/`);

for (const pack of packs) {
  describe(`pack ${pack.provider}`, () => {
    for (const operation of pack.operations) {
      test(`${operation.id}: its examples`, async () => {
        assert.ok(operation.examples.matches.length > 0 && operation.examples.misses.length > 0, "it has both");
        for (const text of operation.examples.matches) {
          const effects = await effectsOf(text);
          if (effects === "sql") {
            assert.ok(operation.sql, `${text} carries SQL`);
            continue;
          }
          const own = effects.filter((effect) => named(pack, operation, effect));
          assert.ok(
            own.some(({ detail }) => detail === operation.class),
            `${text} is ${operation.class}, not ${JSON.stringify(effects)}`,
          );
        }
        for (const text of operation.examples.misses) {
          const effects = await effectsOf(text);
          const hit =
            effects !== "sql" &&
            effects.some((effect) => named(pack, operation, effect) && (effect.because ?? "").split(";")[0] === operation.id);
          assert.ok(!hit, `${text} is not ${operation.id}`);
        }
      });
    }

    test("each look stands on what its operation has, and every id is there once", () => {
      const ids = pack.operations.map(({ id }) => id);
      assert.deepEqual(ids, [...new Set(ids)]);
      for (const { doors, look } of pack.operations)
        for (const { at } of look ?? []) {
          const fit = (door: string): boolean => door.startsWith("GQL") === at.startsWith("argument");
          assert.ok(doors.some(fit), `${doors[0]}: ${at}`);
        }
    });
  });
}

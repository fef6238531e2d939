/**
 * The same operation is the same act by every door: request, field, tool, command line. Each row of the survey, through the real reading of
 * each door, decided by every preset.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { presetNames } from "../../src/config/presets.ts";
import { byCommand, byTool, type ByDoor } from "../../src/effects/doors/other-doors.ts";
import { requestOfText } from "../../src/effects/http/request-text.ts";
import type { Effect } from "../../src/model/effect.ts";
import { otherDoors } from "../../src/packs/doors/index.ts";
import { packs } from "../../src/packs/index.ts";
import { decide } from "../../src/policy/decide.ts";
import { effectsOf, explainRequest, partsOf } from "../http/requests.ts";

const rank = { allow: 0, hold: 1, deny: 2 } as const;
const judged = new Map(presetNames.map((preset) => [preset, partsOf(preset)]));

function decided(effects: readonly Effect[], preset: (typeof presetNames)[number]): number {
  const parts = judged.get(preset);
  assert.ok(parts !== undefined);
  return rank[decide(effects, parts.facts, parts.policy).kind];
}

function effectsBy(door: ByDoor): readonly Effect[] {
  assert.equal(door.kind, "effects");
  return door.kind === "effects" ? door.effects : [];
}

const operations = otherDoors.flatMap(({ provider, programs, operations: known }) =>
  Object.entries(known).flatMap(([id, { commands, tools }]) => {
    const operation = packs.find((pack) => pack.provider === provider)?.operations.find((each) => each.id === id);
    assert.ok(operation !== undefined, `${provider} ${id}`);
    const byCommands = commands.map((pattern) => {
      const words = pattern.split(" ").map((word) => word.replace(/\{[^}]*\}/, "x").split("|")[0] ?? "");
      return [`${programs[0]} ${words.join(" ")}`, byCommand([programs[0] ?? "", ...words, "one"])] as const;
    });
    const byTools = tools.map(
      (words) => [words, byTool({ name: words.replaceAll(" ", "_"), server: provider, arguments: new Map() })] as const,
    );
    return [{ provider, operation, others: [...byCommands, ...byTools] }];
  }),
);

test("every provider of the survey has them", () => {
  assert.deepEqual(otherDoors.map(({ provider }) => provider).sort(), packs.map(({ provider }) => provider).sort());
  assert.ok(operations.filter(({ others }) => others.length > 0).length > 150);
});

describe("same_act_same_effect_through_every_door", () => {
  for (const { provider, operation, others } of operations)
    test(`${provider} ${operation.id}: ${others.length} lines and names`, async () => {
      const requests = operation.examples.matches.map((text) => requestOfText(text)).filter((each) => each !== undefined);
      for (const [what, door] of others) {
        const own = effectsBy(door).filter(({ resource }) => resource.name.startsWith(`${provider}:${operation.thing}/`));
        assert.ok(
          own.some(({ detail }) => detail === operation.class),
          `${what}: ${JSON.stringify(door)}`,
        );
      }
      for (const preset of presetNames) {
        const byRequest = await Promise.all(requests.map(async (request) => rank[(await explainRequest(request, preset)).decision]));
        const least = Math.min(...byRequest);
        for (const [what, door] of others)
          assert.ok(decided(effectsBy(door), preset) >= least, `${preset}: ${what} is less strict than every request of it`);
        // What a body or a list of refs says is read out of requests alone, and can only be more than this.
        if (operation.sql !== undefined || operation.git !== undefined || operation.look !== undefined) continue;
        const [plain] = await Promise.all(operation.examples.matches.slice(0, 1).map((text) => effectsOf(text)));
        const wanted = decided(plain?.filter(({ detail }) => detail === operation.class) ?? [], preset);
        for (const [what, door] of others) {
          const own = effectsBy(door).filter(
            ({ detail, resource }) => detail === operation.class && resource.name.startsWith(`${provider}:`),
          );
          assert.equal(decided(own, preset), wanted, `${preset}: ${what}`);
        }
      }
    });
});

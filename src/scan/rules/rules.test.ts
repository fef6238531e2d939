import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expand, seeded } from "../../../test/scan/expand.ts";
import { detect } from "../detect.ts";
import { namedValues, phrases, tokenShapes, tokenStores } from "./index.ts";

const fingerprint = () => "0000";
/** Examples are tried as a line of a configuration file, and shapes also as a line of code. */
const config = "config/app.conf";

function foundBy(ids: readonly string[], path: string, text: string): boolean {
  return detect({ path, text: `${text}\n` }, fingerprint).some(({ rule }) => ids.includes(rule));
}

const rules = [
  ...tokenShapes.flatMap((rule) => [
    { ...rule, path: config },
    { ...rule, path: "src/app.py" },
  ]),
  ...namedValues.map((rule) => ({ ...rule, path: config })),
  ...phrases.map((rule) => ({ ...rule, path: ".bash_history" })),
].map(({ id, path, examples }) => ({
  id,
  orShape: false,
  hits: examples.hits.map((text) => [path, text] as const),
  misses: examples.misses.map((text) => [path, text] as const),
}));

/** A token with a shape of its own keeps its more telling name in a store. */
const stored = tokenStores.map(({ id, examples }) => ({ id, ...examples, orShape: true }));
const shapeIds = tokenShapes.map(({ id }) => id);

describe("every rule finds what it must, and not what it must not", () => {
  for (const { id, hits, misses, orShape } of [...rules, ...stored])
    test(`${id} in ${hits[0]?.[0]}`, () => {
      assert.ok(hits.length > 0 && misses.length > 0, "a rule has examples of both kinds");
      for (let round = 0; round < 20; round++) {
        const chance = seeded(`${id}/${round}`);
        for (const [path, text] of hits)
          assert.ok(foundBy(orShape ? [id, ...shapeIds] : [id], path, expand(text, chance)), `missed: ${text}`);
        for (const [path, text] of misses) assert.ok(!foundBy([id], path, expand(text, chance)), `found: ${text}`);
      }
    });
});

test("no two rules have the same id", () => {
  const ids = [...tokenShapes, ...namedValues, ...phrases, ...tokenStores].map(({ id }) => id);
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
});

test("no example holds a token as text: other scanners read this repository too", () => {
  const all = [...tokenShapes, ...namedValues, ...phrases].flatMap(({ examples }) => [...examples.hits, ...examples.misses]);
  const paired = tokenStores.flatMap(({ examples }) => [...examples.hits, ...examples.misses].map(([, text]) => text));
  for (const example of [...all, ...paired]) {
    const text = example.replace(/\{[a-z0-9]+[: ]?[^{}]*(?:\{[^{}]*\})?[^{}]*\}/g, "<made>");
    assert.deepEqual(detect({ path: "a.py", text }, fingerprint), [], text);
  }
});

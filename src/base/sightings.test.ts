/** What was seen is known again, and what was not is not, until too much came between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sightings } from "./sightings.ts";

test("a text is seen again, and only that one", () => {
  const seen = new Sightings();
  assert.equal(seen.again("GET /a"), false);
  assert.equal(seen.again("GET /b"), false);
  assert.equal(seen.again("GET /a"), true);
  assert.equal(seen.again(""), false);
  assert.equal(seen.again(""), true);
});

test("most of a few hundred are remembered, and nothing is for ever", () => {
  const seen = new Sightings();
  const texts = Array.from({ length: 200 }, (_, n) => `GET /things/${n}`);
  for (const text of texts) seen.again(text);
  assert(texts.filter((text) => seen.again(text)).length > 180);
  for (let n = 0; n < 100_000; n++) seen.again(`GET /others/${n}`);
  assert(texts.filter((text) => seen.again(text)).length < 20);
});

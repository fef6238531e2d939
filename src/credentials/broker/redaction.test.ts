/** Redaction: no spelling of a secret comes through, whatever the cuts; what is not a secret comes through unchanged and at once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ByteMatcher } from "./matcher.ts";
import { SecretRedaction } from "./redaction.ts";
import { spellingsOf } from "./spellings.ts";

const SECRET = "rw_Zx9/kLm+3&qP=7yT";
const redactionOf = (secrets: readonly string[]) => new SecretRedaction(new ByteMatcher(secrets.flatMap((each) => spellingsOf(each))));
const through = (bytes: Buffer, cuts: readonly number[], secrets = [SECRET]): Buffer => {
  const redaction = redactionOf(secrets);
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b);
  const parts = places.slice(1).map((end, at) => redaction.step(bytes.subarray(places[at], end)));
  return Buffer.concat([...parts, redaction.end()]);
};

const spellings: Readonly<Record<string, (secret: string, before: string) => string>> = {
  plain: (secret) => secret,
  base64: (secret, before) => Buffer.from(`${before}${secret}:tail`).toString("base64"),
  base64url: (secret, before) => Buffer.from(`${before}${secret}`).toString("base64url"),
  hex: (secret) => Buffer.from(secret).toString("hex"),
  "hex in capitals": (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  url: (secret) => encodeURIComponent(secret),
  json: (secret) => JSON.stringify({ token: secret }),
  "json with escaped slashes": (secret) => JSON.stringify({ token: secret }).replaceAll("/", "\\/"),
  html: (secret) => secret.replaceAll("&", "&amp;"),
};

describe("redaction", () => {
  for (const [name, spell] of Object.entries(spellings)) {
    test(`takes out a secret in ${name}, at every cut`, () => {
      for (const before of ["", "a", "ab", "user:"]) {
        const text = `{"seen": "${spell(SECRET, before)}"}`;
        const bytes = Buffer.from(text);
        const whole = through(bytes, []).toString();
        assert.equal(whole.length, text.length, "lengths stay true");
        assert(whole.includes("******"), whole);
        assert(!leaks(whole), whole);
        for (let cut = 1; cut < bytes.length; cut++) assert.equal(through(bytes, [cut]).toString(), whole, `cut at ${cut}`);
        assert.equal(
          through(
            bytes,
            Array.from({ length: bytes.length }, (_, at) => at),
          ).toString(),
          whole,
          "byte by byte",
        );
      }
    });
  }

  test("passes on whatever is no secret, unchanged (400 random streams)", () => {
    const anything = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(anything, fc.array(fc.nat(500), { maxLength: 12 }), (bytes, cuts) => {
        if (bytes.includes(SECRET)) return;
        assert.deepEqual(through(bytes, cuts), bytes);
      }),
      { numRuns: 400 },
    );
  });

  test("takes it out of random text at random cuts, however often it stands there (400 runs)", () => {
    const text = fc.array(fc.oneof(fc.constant(SECRET), fc.constant(SECRET.slice(0, 7)), fc.string({ maxLength: 9 })), { maxLength: 8 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(300), { maxLength: 20 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(""));
        const out = through(bytes, cuts);
        assert.equal(out.length, bytes.length);
        assert(!out.includes(SECRET));
      }),
      { numRuns: 400 },
    );
  });

  test("keeps an event back no longer than it may be a secret's beginning", () => {
    const redaction = redactionOf([SECRET]);
    assert.equal(redaction.step(Buffer.from("data: 1\n\n")).toString(), "data: 1\n\n");
    assert.equal(redaction.step(Buffer.from(`data: ${SECRET.slice(0, 5)}`)).toString(), "data: ");
    assert.equal(redaction.step(Buffer.from("?\n\n")).toString(), `${SECRET.slice(0, 5)}?\n\n`);
  });

  test("of two secrets, one the other's beginning, nothing is left", () => {
    const out = through(Buffer.from(`x${SECRET}MORE y${SECRET}z`), [4, 22], [SECRET, `${SECRET}MORE`]).toString();
    assert.equal(out, `x${"*".repeat(SECRET.length + 4)} y${"*".repeat(SECRET.length)}z`);
  });

  test("headers, too", () => {
    assert.equal(redactionOf([SECRET]).header(`t=${SECRET}; Path=/`), `t=${"*".repeat(SECRET.length)}; Path=/`);
  });
});

/** Anything that decodes to six characters of it in a row. */
function leaks(text: string): boolean {
  const run = SECRET.slice(4, 14);
  const decoded = [text, Buffer.from(text.replaceAll(/[^A-Za-z0-9+/_-]/g, ""), "base64").toString("latin1")];
  return decoded.some((each) => each.includes(run));
}

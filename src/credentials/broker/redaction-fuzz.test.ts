/**
 * Redaction by random: any secret, in any of the ways that libraries write it, anywhere in anything, cut anywhere. What comes through is
 * decoded again in all those ways, and nothing of the secret may be in it.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { KnownSecrets } from "./known-secrets.ts";
import { SecretRedaction } from "./redaction.ts";

const code = (each: string): number => each.charCodeAt(0);
const hex4 = (each: string): string => code(each).toString(16).padStart(4, "0");
const hexByte = (byte: number): string => byte.toString(16).padStart(2, "0");

/** As a library would write it, each by its own rules; `before` stands in front of it in what is encoded. */
const writers: Readonly<Record<string, (secret: string, before: string) => string>> = {
  "as it is": (secret, before) => before + secret,
  "JSON.stringify": (secret, before) => JSON.stringify({ [before]: secret }),
  "json_encode of PHP": (secret) => JSON.stringify(secret).replaceAll("/", "\\/"),
  "json.Marshal of Go": (secret) => JSON.stringify(secret).replace(/[<>&]/g, (each) => `\\u${hex4(each)}`),
  "JSON by numbers": (secret) => [...secret].map((each) => `\\u${hex4(each)}`).join(""),
  "JSON by numbers in capitals": (secret) => [...secret].map((each) => `\\u${hex4(each).toUpperCase()}`).join(""),
  encodeURIComponent: (secret) => encodeURIComponent(secret),
  URLSearchParams: (secret) => new URLSearchParams({ token: secret }).toString(),
  "quote of Python": (secret) =>
    encodeURIComponent(secret)
      .replace(/[!'()*]/g, (each) => `%${hexByte(code(each)).toUpperCase()}`)
      .replaceAll("%2F", "/"),
  "every byte in percent": (secret) => [...Buffer.from(secret)].map((byte) => `%${hexByte(byte)}`).join(""),
  "html.escape of Python": (secret) => escapeHtml(secret, "&quot;", "&#x27;"),
  "html/template of Go": (secret) => escapeHtml(secret, "&#34;", "&#39;").replaceAll("+", "&#43;"),
  base64: (secret, before) => Buffer.from(before + secret + before).toString("base64"),
  base64url: (secret, before) => Buffer.from(before + secret).toString("base64url"),
  "Basic of a login": (secret, before) => `Basic ${Buffer.from(`${before.replaceAll(":", "")}:${secret}`).toString("base64")}`,
  hexadecimal: (secret, before) => Buffer.from(before + secret).toString("hex"),
  "hexadecimal in capitals": (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  backwards: (secret) => [...secret].toReversed().join(""),
};

function escapeHtml(text: string, quote: string, apostrophe: string): string {
  const markup = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return markup.replaceAll('"', quote).replaceAll("'", apostrophe);
}

const tokenish = "ABCxyz0189_-/+=.~!*'()&<>\"%: @$,;";
const secrets = fc.array(fc.constantFrom(...tokenish), { minLength: 12, maxLength: 60 }).map((parts) => parts.join(""));
const noise = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom("", "a", "ab", "abc", "%", "\\u00", "&#"));
const matchers = (all: readonly string[]) => new KnownSecrets(() => all).matcherOf(all);

function through(bytes: Buffer, cuts: readonly number[], all: readonly string[]): Buffer {
  const redaction = new SecretRedaction(matchers(all));
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b);
  const parts = places.slice(1).map((end, at) => {
    // What is handed on is the caller's: it may be written over as soon as it was looked at.
    const chunk = Buffer.from(bytes.subarray(places[at], end));
    const out = Buffer.from(redaction.step(chunk));
    chunk.fill(0x21);
    return out;
  });
  return Buffer.concat([...parts, redaction.end()]);
}

describe("redaction, by random", () => {
  for (const [name, write] of Object.entries(writers))
    test(`leaves nothing of a secret written as ${name} (150 runs)`, () => {
      fc.assert(
        fc.property(secrets, noise, noise, noise, fc.array(fc.nat(400), { maxLength: 12 }), (secret, inside, before, after, cuts) => {
          const written = write(secret, inside);
          const bytes = Buffer.from(`${before}${written}${after}`);
          const out = through(bytes, cuts, [secret]);
          assert.equal(out.length, bytes.length, "lengths stay true");
          const plain = out.toString("utf8");
          assert(!plain.includes(secret) && !plain.includes(written), `${written} came through as ${plain}`);
          const masked = [...plain].filter((each) => each === "*").length - [...`${before}${after}`].filter((each) => each === "*").length;
          assert(masked >= secret.length - 3, `${masked} characters of ${written} are masked`);
        }),
        { numRuns: 150 },
      );
    });

  test("two secrets in one stream, one inside the other's spelling or not, cut at every byte (60 runs)", () => {
    fc.assert(
      fc.property(secrets, secrets, fc.constantFrom(...Object.keys(writers)), (one, other, how) => {
        const write = writers[how] ?? String;
        const text = `${write(one, "")}${write(other, "x")} ${write(one + other, "")}`;
        const bytes = Buffer.from(text);
        const every = Array.from({ length: bytes.length }, (_, at) => at);
        const out = through(bytes, every, [one, other]).toString("utf8");
        assert.equal(out, through(bytes, [], [one, other]).toString("utf8"), "cuts change nothing");
        assert(!out.includes(one) && !out.includes(other));
      }),
      { numRuns: 60 },
    );
  });

  test("what is compressed is none of ours to see: it is looked at where it was made readable", () => {
    const secret = "rw_0123456789abcdefghij";
    const packed = gzipSync(`{"token":"${secret}"}`);
    assert.deepEqual(through(packed, [3, 9], [secret]), packed);
  });
});

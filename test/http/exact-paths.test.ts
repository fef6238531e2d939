/**
 * Keys of objects with empty segments and parameters in them: what is judged, what is sent and what is signed are one and the same key. On
 * every other host a path means the same without them, and is sent without.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canonicalUrl } from "../../src/effects/http/canonical-url.ts";
import { effectsOf } from "./requests.ts";
import { s3Host } from "./stand-in-s3.ts";

const BUCKET = `shop-staging.${s3Host}`;

function targetOf(url: string): string {
  const read = canonicalUrl(url);
  return "refused" in read ? read.refused : read.target;
}

describe("a path that is a name", () => {
  const cases: readonly (readonly [path: string, sent: string | RegExp])[] = [
    ["/a//b", "/a//b"],
    ["//a", "//a"],
    ["/a//", "/a//"],
    ["/a;v=1/b", "/a;v=1/b"],
    ["/%61%2f%2fb", /hides a slash/],
    ["/a/./b", /segment of dots/],
    ["/a/%2e%2e/b", /segment of dots/],
    ["//", /nothing but slashes/],
  ];
  for (const [path, sent] of cases)
    test(`of an object is kept: ${path}`, () => {
      const target = targetOf(`https://${BUCKET}${path}`);
      if (typeof sent !== "string") return assert.match(target, sent);
      assert.equal(target, sent);
      assert.equal(targetOf(`https://${BUCKET}${target}`), target, "read again, it is another");
    });

  test("behind a bucket is kept, and the bucket's own is never empty", () => {
    assert.equal(targetOf(`https://${s3Host}/shop//a`), "/shop//a");
    assert.match(targetOf(`https://${s3Host}//shop/a`), /empty name/);
  });

  test("of another host loses both", () => {
    assert.equal(targetOf("https://api.vercel.com/v1//projects;x=1/./p"), "/v1/projects/p");
  });

  test("is judged by its own letters, however deep the slashes stand", async () => {
    const judged = async (path: string) => {
      const effects = await effectsOf(`DELETE https://${BUCKET}${path}`);
      return effects.map(({ operation, detail, resource }) => `${operation} ${detail} ${resource.name}`).join();
    };
    const [plain, doubled, first] = [await judged("/a/b"), await judged("/a//b"), await judged("//a/b")];
    assert.match(plain, /delete .*a\/b/);
    assert.match(doubled, /delete .*a\/\/b/);
    assert.match(first, /delete .*\/\/a\/b/);
    assert.equal(new Set([plain, doubled, first]).size, 3);
  });
});

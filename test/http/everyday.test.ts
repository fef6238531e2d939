/**
 * What the providers' own clients send every day, one request a line in `everyday.txt`, and requests close to them that must not pass: a
 * gate that asks about the former is soon switched off. Nothing is sent.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { HttpRequest } from "../../src/model/http-request.ts";
import { explainRequest } from "./requests.ts";

const rows = readFileSync(new URL("everyday.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [, kind = "", method = "", url = "", body = ""] = /^(read|write|no) (\S+) (\S+)(?: (.*))?$/.exec(line) ?? [];
    assert.ok(kind !== "", line);
    return { line, kind, request: { method, url, headers: [["Content-Type", typeOf(body)]], body } satisfies HttpRequest };
  });

function typeOf(body: string): string {
  if (/^[{[]/.test(body)) return "application/json";
  return body.includes("=") ? "application/x-www-form-urlencoded" : "application/octet-stream";
}

async function answersOtherThan(
  kinds: readonly string[],
  allowed: boolean,
  preset: "guarded-writes" | "read-only",
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { line, kind, request } of rows) {
    if (!kinds.includes(kind)) continue;
    const { decision, reason } = await explainRequest(request, preset);
    if ((decision === "allow") !== allowed) wrong.push(`${decision} ${reason.code}: ${line}`);
  }
  return wrong;
}

test("guarded-writes lets everyday reads and writes through", async () => {
  assert.ok(rows.length > 250, "the list was read");
  assert.deepEqual(await answersOtherThan(["read", "write"], true, "guarded-writes"), []);
});

test("read-only lets everyday reads through, and no write", async () => {
  assert.deepEqual(await answersOtherThan(["read"], true, "read-only"), []);
  assert.deepEqual(await answersOtherThan(["write", "no"], false, "read-only"), []);
});

test("what is close to them passes nowhere", async () => {
  assert.deepEqual(await answersOtherThan(["no"], false, "guarded-writes"), []);
});

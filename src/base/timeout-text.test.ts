import assert from "node:assert/strict";
import { test } from "node:test";
import { timeoutMs } from "./timeout-text.ts";

test("times are read as PostgreSQL reads them", () => {
  for (const [text, ms] of [
    ["5000", 5_000],
    ["5s", 5_000],
    [" 1.5 min ", 90_000],
    ["0", 0],
    ["300us", 0],
    ["1d", 86_400_000],
  ] as const)
    assert.equal(timeoutMs(text), ms, text);
});

test("what is no time for certain is none", () => {
  for (const text of ["", "-1", "5S", "5 sec", "0x10", "1e3", "5s;", "25d", "default"]) assert.equal(timeoutMs(text), undefined, text);
});

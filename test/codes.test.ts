/** The page of codes says what the table says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { codesPage, renderCodes } from "../scripts/codes.ts";

test("docs/codes.md equals src/model/codes.ts (npm run codes writes it)", () => {
  assert.equal(readFileSync(codesPage, "utf8"), renderCodes());
});

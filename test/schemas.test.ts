import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { schemaFiles } from "../scripts/schemas.ts";

const folder = join(import.meta.dirname, "..", "presets");

for (const [name, text] of schemaFiles()) {
  test(`presets/${name} is what the schema says (UPDATE_EXPECT=1 rewrites it)`, () => {
    const file = join(folder, name);
    if (process.env["UPDATE_EXPECT"] === "1") writeFileSync(file, text);
    assert.equal(readFileSync(file, "utf8"), text);
  });
}

test("the schema for editors refuses unknown keys too", () => {
  const schema = JSON.parse(schemaFiles().get("holdfast.schema.json") ?? "") as {
    additionalProperties: unknown;
    properties: Record<string, unknown>;
  };
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(Object.keys(schema.properties), [
    "version",
    "state",
    "shutdown_time",
    "targets",
    "users",
    "policies",
    "approvals",
    "console",
    "http",
    "store",
    "audit",
    "vault",
  ]);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { environmentOf, type Labels, meant } from "./resolve-environment.ts";

const rows: readonly (readonly [string, readonly string[]])[] = [
  ["production", ["production"]],
  ["Prod", ["production"]],
  ["prod2", ["production"]],
  ["shop-prod", ["production"]],
  ["prod_eu_1", ["production"]],
  ["shopProd", ["production"]],
  ["live", ["production"]],
  ["main", ["production"]],
  ["master", ["production"]],
  ["env:production", ["production"]],
  ["pre-prod", ["staging"]],
  ["non_production", ["staging"]],
  ["staging", ["staging"]],
  ["shop/stg", ["staging"]],
  ["Preview", ["staging"]],
  ["dev", ["development"]],
  ["pr-12", ["development"]],
  ["localhost", ["development"]],
  ["staging-prod-copy", ["production", "staging"]],
  ["main-site", []],
  ["product-catalogue", []],
  ["delivery", []],
  ["device", []],
  ["contest", []],
  ["blue", []],
];

describe("what a name means", () => {
  for (const [name, wanted] of rows) test(`\`${name}\`: ${wanted.join(", ") || "nothing"}`, () => assert.deepEqual(meant(name), wanted));
});

describe("which environment a thing belongs to", () => {
  const labels = (more: Partial<Labels>): Labels => ({ provider: "railway", all: [], said: [], flagged: [], names: [], ...more });

  test("the provider's own field before names, and the more dangerous of several", () => {
    assert.equal(environmentOf(labels({ said: ["staging"], names: ["prod-copy"] }), []).environment, "staging");
    assert.equal(environmentOf(labels({ said: ["staging", "production"] }), []).environment, "production");
    assert.equal(environmentOf(labels({ said: ["blue"], names: ["shop-dev", "shop-prod"] }), []).environment, "production");
    assert.equal(environmentOf(labels({ flagged: ["production"], said: ["staging"] }), []).environment, "production");
    assert.equal(environmentOf(labels({ said: ["blue"], names: ["green"] }), []).environment, "unknown");
  });

  test("the configuration before everything, the first that fits, of its provider alone", () => {
    const rules = [
      { provider: "heroku", names: ["shop*"], environment: "production" as const },
      { provider: "railway", names: ["shop/blue/*"], environment: "staging" as const },
      { names: ["*"], environment: "development" as const },
    ];
    assert.equal(environmentOf(labels({ all: ["shop/blue/data"], said: ["production"] }), rules).environment, "staging");
    assert.equal(environmentOf(labels({ all: ["else"], said: ["production"] }), rules).environment, "development");
    assert.equal(environmentOf(labels({ provider: "heroku", all: ["shop-1"] }), rules).environment, "production");
  });
});

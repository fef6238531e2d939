/** Plants one breach of each arrow in a copy of the sources and demands that dependency-cruiser finds each, and nothing else. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { home } from "../scripts/files.ts";

/** File, what it imports, and the rule that must catch it. */
const breaches: readonly (readonly [file: string, statement: string, rule: string])[] = [
  ["src/base/planted.ts", 'import "../model/effect.ts";', "layer-base"],
  ["src/model/planted.ts", 'import "../policy/policy.ts";', "layer-model"],
  ["src/model/planted-type.ts", 'import type { Rule } from "../policy/policy.ts";\nexport type T = Rule;', "layer-model"],
  ["src/catalogue/planted.ts", 'import "../effects/analyse.ts";', "layer-catalogue"],
  ["src/effects/planted.ts", 'import "../policy/policy.ts";', "layer-effects"],
  ["src/policy/planted.ts", 'import "../audit/log.ts";', "layer-policy"],
  ["src/config/planted.ts", 'import "../pipeline/guard.ts";', "layer-config"],
  ["src/audit/planted.ts", 'import "../policy/policy.ts";', "layer-audit"],
  ["src/channels/planted.ts", 'import "../approvals/plan-digest.ts";', "layer-channels"],
  ["src/attention/planted.ts", 'import "../audit/log.ts";', "layer-attention"],
  ["src/scan/planted.ts", 'import "../policy/policy.ts";', "layer-scan"],
  ["src/scan/planted-file.ts", 'import "node:fs/promises";', "pure-means-no-io"],
  ["src/pipeline/planted.ts", 'import "../adapters/postgres/options.ts";', "layer-pipeline"],
  ["src/adapters/postgres/planted.ts", 'import "../../policy/policy.ts";', "layer-adapters"],
  ["src/adapters/other/planted.ts", 'import "../postgres/options.ts";', "adapters-are-strangers"],
  ["src/policy/planted-file.ts", 'import "node:fs/promises";', "pure-means-no-io"],
  ["src/adapters/other/codec.ts", 'import "node:net";', "pure-means-no-io"],
  ["src/adapters/postgres/session/planted.ts", 'import "node:tls";', "pure-means-no-io"],
  ["src/policy/planted-package.ts", 'import "zod";', "core-has-no-dependencies"],
  ["src/audit/planted-package.ts", 'import "yaml";', "home-of-yaml"],
  ["src/config/planted-development.ts", 'import "fast-check";', "no-development-dependencies"],
  ["src/audit/planted-wiring.ts", 'import "../wiring.ts";', "only-cli-and-tests-see-the-wiring"],
  ["src/audit/planted-piece.ts", 'import "../wiring/planted.ts";', "only-cli-and-tests-see-the-wiring"],
  ["src/base/planted-circle-1.ts", 'import "./planted-circle-2.ts";', "no-cycle"],
  ["src/base/planted-lost.ts", 'import "./nowhere.ts";', "no-unresolved"],
];

/** Beside the breaches: what they point at, and a test file, which may reach across. */
const bystanders: readonly (readonly [file: string, statement: string])[] = [
  ["src/base/planted-circle-2.ts", 'import "./planted-circle-1.ts";'],
  ["src/wiring/planted.ts", "export const planted = 1;"],
  ["src/wiring.ts", "export const planted = 1;"],
  ["src/base/planted.test.ts", 'import "node:fs";\nimport "../policy/policy.ts";'],
];

test("each planted breach of the arrows is caught, by its own rule", () => {
  const copy = mkdtempSync(join(tmpdir(), "holdfast-arrows-"));
  for (const name of ["src", "tsconfig.json", "package.json", ".dependency-cruiser.mjs"])
    cpSync(join(home, name), join(copy, name), { recursive: true });
  symlinkSync(join(home, "node_modules"), join(copy, "node_modules"));
  for (const [file, statement] of [...breaches, ...bystanders]) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), `${statement}\n`);
  }
  const args = [
    join(home, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs"),
    "src",
    "--config",
    ".dependency-cruiser.mjs",
    "--output-type",
    "json",
  ];
  const run = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 });
  rmSync(copy, { recursive: true });
  const { summary } = JSON.parse(run.stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  const caught = new Set(summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`));
  assert.deepEqual(
    breaches.filter(([file, , rule]) => !caught.has(`${file}: ${rule}`)),
    [],
  );
  assert.deepEqual(
    [...caught].filter((line) => line.startsWith("src/base/planted.test.ts")),
    [],
  );
});

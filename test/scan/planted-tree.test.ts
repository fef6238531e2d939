import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Credential } from "../../src/scan/credential.ts";
import { detect } from "../../src/scan/detect.ts";
import { walk } from "../../src/scan/walk.ts";
import { plantTree } from "./planted-tree.ts";

async function scan(root: string): Promise<readonly Credential[]> {
  const found: Credential[] = [];
  for await (const walked of walk(root)) {
    assert.equal(walked.kind, "file", JSON.stringify(walked));
    if (walked.kind === "file") found.push(...detect(walked.file, () => "0000"));
  }
  return found;
}

test("of sixty planted secrets at least 58 are found, and of 200 look-alikes at most 3", async (t) => {
  for (const seed of ["a", "b", "c", "d", "e"]) {
    const root = mkdtempSync(join(tmpdir(), "holdfast-planted-"));
    t.after(() => rmSync(root, { recursive: true }));
    const tree = plantTree(root, seed);
    assert.equal(tree.secrets.size, 60);
    assert.ok(tree.lookAlikes.size >= 200, String(tree.lookAlikes.size));
    const found = await scan(root);
    const at = new Set(found.map(({ path, line }) => `${path}:${line}`));
    const missed = [...tree.secrets].filter(([place]) => !at.has(place)).map(([place, line]) => `missed ${place} ${line}`);
    const alarms = found.filter(({ path, line }) => !tree.secrets.has(`${path}:${line}`));
    const spoken = alarms.map(({ path, line, rule }) => `false alarm ${path}:${line} ${tree.lookAlikes.get(`${path}:${line}`)} (${rule})`);
    t.diagnostic(`seed ${seed}: ${60 - missed.length} of 60 found, ${alarms.length} false alarms among ${tree.lookAlikes.size}`);
    for (const line of [...missed, ...spoken]) t.diagnostic(line);
    assert.ok(missed.length <= 2, missed.join("\n"));
    assert.ok(alarms.length <= 3, spoken.join("\n"));
  }
});

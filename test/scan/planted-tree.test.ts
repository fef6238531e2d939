import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Credential } from "../../src/scan/credential.ts";
import { detect } from "../../src/scan/detect.ts";
import { walk } from "../../src/scan/walk.ts";
import { laterFrames, laterLookAlikes, laterSecrets } from "./later-lines.ts";
import { type Lines, type PlantedTree, plantTree } from "./planted-tree.ts";

async function scan(root: string): Promise<readonly Credential[]> {
  const found: Credential[] = [];
  for await (const walked of walk(root)) {
    assert.equal(walked.kind, "file", JSON.stringify(walked));
    if (walked.kind === "file") found.push(...detect(walked.file, () => "0000"));
  }
  return found;
}

/** What a scan of a tree gets wrong: lines it missed, and lines it took for a secret. */
async function mistakes(t: TestContext, seed: string, lines?: Lines): Promise<{ tree: PlantedTree; missed: string[]; alarms: string[] }> {
  const root = mkdtempSync(join(tmpdir(), "holdfast-planted-"));
  t.after(() => rmSync(root, { recursive: true }));
  const tree = plantTree(root, seed, lines);
  const found = await scan(root);
  const at = new Set(found.map(({ path, line }) => `${path}:${line}`));
  const missed = [...tree.secrets].filter(([place]) => !at.has(place)).map(([place, line]) => `missed ${place} ${line}`);
  const alarms = found
    .filter(({ path, line }) => !tree.secrets.has(`${path}:${line}`))
    .map(({ path, line, rule }) => `false alarm ${path}:${line} ${tree.lookAlikes.get(`${path}:${line}`)} (${rule})`);
  const { size } = tree.secrets;
  t.diagnostic(`seed ${seed}: ${size - missed.length} of ${size} found, ${alarms.length} false alarms among ${tree.lookAlikes.size}`);
  for (const line of [...missed, ...alarms]) t.diagnostic(line);
  return { tree, missed, alarms };
}

test("of sixty planted secrets at least 58 are found, and of 200 look-alikes at most 3", async (t) => {
  for (const seed of ["a", "b", "c", "d", "e"]) {
    const { tree, missed, alarms } = await mistakes(t, seed);
    assert.equal(tree.secrets.size, 60);
    assert.ok(tree.lookAlikes.size >= 200, String(tree.lookAlikes.size));
    assert.ok(missed.length <= 2, missed.join("\n"));
    assert.ok(alarms.length <= 3, alarms.join("\n"));
  }
});

test("of 25 secrets of later kinds all are found, and none of 40 look-alikes beside them", async (t) => {
  for (const seed of ["f", "g", "h", "i", "j", "k", "l", "m", "n", "o"]) {
    const { tree, missed, alarms } = await mistakes(t, seed, { secrets: laterSecrets, lookAlikes: laterLookAlikes, frames: laterFrames });
    assert.equal(tree.secrets.size, 25);
    assert.ok(tree.lookAlikes.size >= 40, String(tree.lookAlikes.size));
    assert.deepEqual([...missed, ...alarms], []);
  }
});

/**
 * Pushes by git's own client through the proxy to git's own server: what only adds passes, what may lose something is held, and the refs at
 * the other end are the proof.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type GitScene, openGitScene } from "./git-scene.ts";

let scene: GitScene;
before(async () => {
  scene = await openGitScene();
});
after(() => scene.stop());

async function commit(text: string, bytes = 40): Promise<void> {
  writeFileSync(join(scene.clone, "file"), randomBytes(bytes));
  await did("add", "file");
  await did("commit", "-q", "-m", text);
}

async function did(...args: string[]): Promise<string> {
  const { code, said } = await scene.git(...args);
  assert.equal(code, 0, `git ${args.join(" ")}: ${said}`);
  return said;
}

async function held(...args: string[]): Promise<void> {
  const before = scene.refs();
  const { code, said } = await scene.git(...args);
  assert.notEqual(code, 0, said);
  assert.match(said, /403/);
  assert.deepEqual(scene.refs(), before);
}

describe("git push", () => {
  test("new branches and what only adds to them pass without a question", async () => {
    await commit("first");
    await did("push", "-q", "origin", "main");
    await did("push", "-q", "origin", "main:refs/heads/topic");
    await commit("second");
    await commit("third");
    await did("push", "-q", "origin", "main");
    assert.equal(scene.refs()["refs/heads/main"], (await did("rev-parse", "main")).trim());
    // More than a request's body is read to: its commits come first.
    await commit("large", 3_000_000);
    await did("push", "-q", "origin", "main");
    assert.equal(scene.refs()["refs/heads/main"], (await did("rev-parse", "main")).trim());
    await did("fetch", "-q", "origin");
    assert.deepEqual(await scene.approvals.approvals(), []);
  });

  test("deleting a branch or a tag, overwriting, and moving a tag are held, and the refs are as they were", async () => {
    await did("tag", "v1");
    await did("push", "-q", "origin", "v1");
    await held("push", "origin", "--delete", "topic");
    await held("push", "origin", ":refs/tags/v1");
    await held("push", "--force", "origin", "main~1:main");
    await held("push", "--mirror", "origin");
    await did("checkout", "-q", "-b", "anew", "main~2");
    await commit("another history");
    await held("push", "--force", "origin", "anew:main");
    await held("push", "--force", "origin", "anew:topic");
    await did("tag", "-f", "v1");
    await held("push", "--force", "origin", "v1");
    // One of several is enough.
    await held("push", "origin", "anew:refs/heads/fresh", ":refs/heads/topic");
  });

  test("a deletion that a person agreed to goes through, once", async () => {
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    await did("push", "-q", "origin", "main:refs/heads/spent");
    await held("push", "origin", "--delete", "spent");
    const asked = await scene.approvals.asked(known);
    assert.match(JSON.stringify(asked), /acme\/shop@refs\/heads\/spent/);
    await scene.approvals.answer(asked.id, "ada");
    await did("push", "-q", "origin", "--delete", "spent");
    assert.equal(scene.refs()["refs/heads/spent"], undefined);
    await did("push", "-q", "origin", "main:refs/heads/spent");
    await held("push", "origin", "--delete", "spent");
  });
});

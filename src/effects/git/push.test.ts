import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { tool } from "../../../test/support/tools.ts";
import { pushedRefs } from "./push.ts";

const zeros = "0".repeat(40);
const [one, two] = ["1".repeat(40), "2".repeat(40)];

function line(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, "0") + text;
}

function list(...commands: string[]): Buffer {
  return Buffer.from(`${commands.map((text, index) => line(index === 0 ? `${text}\0 report-status atomic` : text)).join("")}0000`);
}

describe("the list of commands", () => {
  test("what is made, moved and deleted", () => {
    const body = list(`${zeros} ${one} refs/heads/new`, `${one} ${zeros} refs/heads/old`, `${one} ${two} refs/heads/main\n`);
    assert.deepEqual(pushedRefs(body, undefined), [
      { ref: "refs/heads/new", kind: "created" },
      { ref: "refs/heads/old", kind: "deleted" },
      { ref: "refs/heads/main", kind: "moved" },
    ]);
    assert.deepEqual(pushedRefs(gzipSync(body), "gzip"), pushedRefs(body, undefined));
    assert.deepEqual(pushedRefs(Buffer.from("0000"), undefined), []);
    assert.equal(pushedRefs(body, "br"), undefined);
  });

  test("a list that is cut anywhere is none, and nothing throws", () => {
    const body = list(`${zeros} ${one} refs/heads/new`, `${one} ${zeros} refs/heads/old`);
    for (let end = 0; end < body.length; end++) assert.equal(pushedRefs(body.subarray(0, end), undefined), undefined, String(end));
  });

  test("one length that lies: nothing but what stands there is ever read", () => {
    const body = list(`${zeros} ${one} refs/heads/new`, `${one} ${zeros} refs/heads/old`);
    for (const length of ["0001", "0004", "ffff", "0010", "zzzz", "-001"]) {
      const lying = Buffer.concat([Buffer.from(length), body.subarray(4)]);
      assert.equal(pushedRefs(lying, undefined), undefined, length);
    }
  });

  test("what is no command is not guessed at", () => {
    for (const text of [
      `push-cert`,
      `${zeros} ${one} HEAD`,
      `${zeros} ${one}  refs/heads/a`,
      `${zeros} ${one.slice(1)} refs/heads/a`,
      `${zeros} ${"3".repeat(64)} refs/heads/a`,
      `${one} ${zeros} refs/heads/a b`,
    ])
      assert.equal(pushedRefs(list(text), undefined), undefined, text);
  });
});

describe("whether a branch only moves on, by packs that git itself makes", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-push-"));
  let git = "git";
  before(async () => {
    git = await tool("git");
    run("init", "-q", "-b", "main");
    commit("first");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(...args: string[]): string {
    const env = { HOME: folder, GIT_CONFIG_NOSYSTEM: "1", GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@b", PATH: process.env["PATH"] ?? "" };
    return execFileSync(git, args, {
      cwd: folder,
      env: { ...env, GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b" },
      encoding: "latin1",
      stdio: ["pipe", "pipe", "ignore"],
    }).trim();
  }

  function commit(text: string): string {
    writeFileSync(join(folder, "file"), text);
    run("add", "file");
    run("commit", "-q", "-m", text);
    return run("rev-parse", "HEAD");
  }

  function pushed(before: string, after: string, range = `${after}\n^${before}\n`): string | undefined {
    const env = { HOME: folder, PATH: process.env["PATH"] ?? "" };
    const pack = execFileSync(git, ["pack-objects", "--stdout", "--revs", "--thin", "-q"], { cwd: folder, env, input: range });
    return pushedRefs(Buffer.concat([list(`${before} ${after} refs/heads/main`), pack]), undefined)?.[0]?.kind;
  }

  test("commits on top of it: it only adds; another history: not certain", () => {
    const base = run("rev-parse", "HEAD");
    for (let count = 0; count < 5; count++) commit(`more ${count} ${"x".repeat(200)}`);
    const top = run("rev-parse", "HEAD");
    assert.equal(pushed(base, top), "moved_on");
    run("checkout", "-q", "-b", "side", base);
    commit("side");
    run("checkout", "-q", "main");
    run("merge", "-q", "-s", "ours", "-m", "merged", "side");
    assert.equal(pushed(top, run("rev-parse", "HEAD")), "moved_on");
    // Back to an older commit, and to one that was written anew.
    assert.equal(pushed(top, base), "moved");
    run("checkout", "-q", "-B", "other", base);
    assert.equal(pushed(top, commit("another")), "moved");
    // A pack that ends early: what it shows so far still proves it, or does not.
    assert.equal(pushed(top, top), "moved_on");
  });

  test("parents that are named anywhere but behind the tree are none", () => {
    const top = run("rev-parse", "main");
    const tree = run("rev-parse", "main^{tree}");
    const text = `tree ${tree}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\nparent ${top}\n\nparent ${top}\n`;
    const env = { HOME: folder, PATH: process.env["PATH"] ?? "" };
    const forged = execFileSync(git, ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"], { cwd: folder, env, input: text });
    assert.equal(pushed(top, forged.toString().trim(), `${forged.toString().trim()}\n`), "moved");
  });
});

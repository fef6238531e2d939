import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { serverAccount } from "../../test/support/postgres/account.ts";
import { walk, walkPlaces, type WalkOptions } from "./walk.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "holdfast-walk-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string | Uint8Array = "text\n"): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** `path` for a file, `path: why` for what was not read. */
async function walked(options?: WalkOptions): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const one of walk(root, options)) lines.push(one.kind === "file" ? one.file.path : `${one.unread.path}: ${one.unread.why}`);
  return lines;
}

test("every file in the order of names; what is passed over by rule is not even opened", async () => {
  for (const path of [
    "b.txt",
    "a/z.txt",
    "a/.env",
    "node_modules/x/a.js",
    ".git/config",
    ".git/objects/ab/cd",
    ".git/HEAD",
    "x.png",
    ".yarn/cache/a.txt",
  ])
    put(path);
  assert.deepEqual(await walked(), [".git/config", "a/.env", "a/z.txt", "b.txt"]);
});

test("links: to a file it is read, to a folder it is named, in circles or to nowhere it harms nothing", async () => {
  put("real/.env");
  symlinkSync("real/.env", join(root, "linked.env"));
  symlinkSync("real", join(root, "folder"));
  symlinkSync("..", join(root, "real", "up"));
  symlinkSync("gone", join(root, "lost"));
  symlinkSync("turn", join(root, "turn"));
  assert.deepEqual(await walked(), [
    "folder: a link to a folder is not followed",
    "linked.env",
    "lost: not there (a link that leads nowhere, or gone meanwhile)",
    "real/.env",
    "real/up: a link to a folder is not followed",
    "turn: a link that leads in circles",
  ]);
});

test("binary files are left out, texts of other encodings are read, a pipe does not hold it up", async () => {
  put("data", Uint8Array.of(1, 2, 0, 3));
  put("utf16le.env", Buffer.concat([Uint8Array.of(0xff, 0xfe), Buffer.from("A=b", "utf16le")]));
  put("utf16be.env", Buffer.concat([Uint8Array.of(0xfe, 0xff), Buffer.from("A=b", "utf16le").swap16()]));
  put("bom.env", "\uFEFFA=b");
  put("latin1.env", Uint8Array.of(0x41, 0x3d, 0xe9));
  put("gcloud/credentials.db", Buffer.from("SQLite\0token"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  const texts: Record<string, string> = {};
  for await (const one of walk(root)) if (one.kind === "file") texts[one.file.path] = one.file.text;
  assert.deepEqual(texts, {
    "bom.env": "A=b",
    "gcloud/credentials.db": "SQLite\0token",
    "latin1.env": "A=\uFFFD",
    "utf16be.env": "A=b",
    "utf16le.env": "A=b",
  });
});

test("each bound is reached, and said", async () => {
  for (const path of ["a/b/c/d.txt", "big.txt", "e.txt", "f.txt"]) put(path);
  put("big.txt", "x".repeat(11));
  const bounds = { scanDepthMax: 2, scanFilesMax: 100, scanFileBytesMax: 10 };
  assert.deepEqual(await walked({ bounds }), ["a/b/c: more than 2 folders deep", "big.txt: larger than 10 bytes", "e.txt", "f.txt"]);
  assert.deepEqual(await walked({ bounds: { ...bounds, scanFilesMax: 2 } }), [
    "a/b/c: more than 2 folders deep",
    "big.txt: larger than 10 bytes",
    "e.txt",
    ".: more than 2 files: the rest of it was not read",
  ]);
});

test("an abort ends it", async () => {
  for (const path of ["a.txt", "b.txt"]) put(path);
  const ending = new AbortController();
  const seen: string[] = [];
  for await (const one of walk(root, { signal: ending.signal })) {
    seen.push(one.kind);
    ending.abort();
  }
  assert.deepEqual(seen, ["file"]);
});

test("what the account may not read is named, and the rest is read", async () => {
  put("closed/secret.txt");
  put("closed.txt");
  put("open.txt");
  chmodSync(join(root, "closed"), 0o000);
  chmodSync(join(root, "closed.txt"), 0o000);
  const account = serverAccount();
  const expected = ["closed: no permission to read it", "closed.txt: no permission to read it", "open.txt"];
  // Root may read everything: there the walk runs under another account.
  if (account === undefined) assert.deepEqual(await walked(), expected);
  else {
    chownSync(root, account.uid, account.gid);
    const { seteuid, setegid } = process;
    assert.ok(seteuid !== undefined && setegid !== undefined);
    setegid.call(process, account.gid);
    seteuid.call(process, account.uid);
    try {
      assert.deepEqual(await walked(), expected);
    } finally {
      seteuid.call(process, 0);
      setegid.call(process, 0);
    }
  }
  chmodSync(join(root, "closed"), 0o700);
});

test("of a home directory only the named places", async () => {
  for (const path of [".npmrc", ".aws/credentials", "other/.env"]) put(path);
  const lines: string[] = [];
  for await (const one of walkPlaces(root, [".npmrc", ".netrc", ".aws", ".npmrc/below"]))
    lines.push(one.kind === "file" ? one.file.path : one.unread.path);
  assert.deepEqual(lines, [".npmrc", ".aws/credentials"]);
});

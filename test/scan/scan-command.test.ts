import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Report } from "../../src/scan/report.ts";
import { holdfast } from "../cli/holdfast.ts";
import { expand, seeded } from "./expand.ts";
import { plantTree } from "./planted-tree.ts";

const folders: string[] = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), "holdfast-scan-"));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const parsed = (text: string) => JSON.parse(text) as Report;

describe("no way of calling it prints a secret", () => {
  const root = folder();
  const tree = plantTree(root, "silent");
  // A token in a file's name, a login whose password spills over where a host should be, and one whose role is a key.
  const chance = seeded("odd");
  const named = expand("ghp_{summed}", chance);
  const spilt = expand("{base62:9}/{base62:9}@{base62:9}", chance);
  const roleKey = expand("{hex:64}", chance);
  writeFileSync(join(root, `${named}.txt`), expand("STRIPE_SECRET_KEY=sk_live_{base62:48}\n", chance));
  writeFileSync(
    join(root, "odd.env"),
    `URL=postgres://app:${spilt}@no-such-host.invalid/shop\nOTHER=postgres://${roleKey}:sk_abc123x@localhost:1/shop\n`,
  );
  const pieces = [...tree.pieces, named, ...spilt.split(/[/@]/), roleKey];
  assert.ok(pieces.length > 60);
  for (const words of [
    ["scan", root],
    ["scan", root, "--json"],
    ["scan", root, "--home", join(root, "home")],
    ["scan", root, "--home", join(root, "home"), "--json"],
    ["scan", join(root, ".env")],
    ["scan", root, "--try"],
    ["scan", root, "--bogus"],
    ["scan", join(root, named)],
  ])
    test(words.map((word) => word.replace(root, "DIR").replace(named, "NAME")).join(" "), async () => {
      const ran = await holdfast(words);
      const said = (ran.out + ran.err).replaceAll(root, "");
      // What was typed on the command line is said back as it was typed.
      const typed = words.join(" ");
      assert.deepEqual(
        pieces.filter((piece) => said.includes(piece) && !typed.includes(piece)),
        [],
      );
      assert.ok(ran.code === 1 || ran.code === 2, `${ran.code} ${ran.err}`);
    });
  test("nothing is left on the disk", () => {
    const before = digestOfTree(root);
    return holdfast(["scan", root]).then(() => assert.equal(digestOfTree(root), before));
  });
});

function digestOfTree(root: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()))
    hash.update(join(name.parentPath, name.name)).update(readFileSync(join(name.parentPath, name.name)));
  return hash.digest("hex");
}

test("fingerprints tell equal secrets of one run, and differ from run to run", async () => {
  const chance = seeded("twice");
  const line = expand("RENDER_API_KEY=rnd_{base62:32}\n", chance);
  const root = folder({ ".env": line, "b/.env": line, "c/.env": expand("RENDER_API_KEY=rnd_{base62:32}\n", chance) });
  const runs = await Promise.all([1, 2, 3, 4].map(async () => parsed((await holdfast(["scan", root, "--json"])).out)));
  for (const { findings } of runs) {
    assert.equal(findings.length, 2);
    assert.deepEqual(
      findings[0]?.places.map(({ path }) => path),
      [".env", "b/.env"],
    );
  }
  assert.ok(new Set(runs.map(({ findings }) => findings[0]?.fingerprint)).size > 1);
});

test("the exit code is 0 where nothing was found, or nothing that destroys", async () => {
  const quiet = folder({ "README.md": "# nothing\n", ".env": "PORT=3000\n" });
  const ran = await holdfast(["scan", quiet]);
  assert.equal(ran.code, 0);
  assert.match(ran.out, /finds no credential that is known here\n\n?0 credentials in 2 files looked at/);
  const mail = folder({ ".env": expand("WEBHOOK=whsec_{base62:32}\n", seeded("hook")) });
  const found = await holdfast(["scan", mail]);
  assert.equal(found.code, 0);
  assert.match(
    found.out,
    /found besides, without a way to destroy that is known here\n {2}\.env:1 {2}webhook signing secret \([0-9a-f]{4}, 38 characters\)/,
  );
});

test("files that git ignores are read, other people's code and git's objects are not", async () => {
  const line = (seed: string) => expand("GITLAB_TOKEN=glpat-{base62:20}\n", seeded(seed));
  const root = folder({
    ".gitignore": ".env\nlocal/\n",
    ".env": line("a"),
    "local/notes.txt": line("b"),
    "node_modules/x/.env": line("c"),
    ".git/objects/aa/blob": line("d"),
    ".git/logs/HEAD": line("e"),
    ".git/config": "[core]\n",
  });
  const { findings, files } = parsed((await holdfast(["scan", root, "--json"])).out);
  assert.deepEqual(findings.flatMap(({ places }) => places.map(({ path }) => path)).sort(), [".env", "local/notes.txt"]);
  assert.equal(files, 4);
});

test("--home looks where programs keep their logins, and nowhere else in it", async () => {
  const chance = seeded("home");
  const home = folder({
    ".pgpass": expand("db:5432:shop:app:{base62:12}\n", chance),
    ".config/gh/hosts.yml": expand("github.com:\n    oauth_token: gho_{summed}\n", chance),
    "photos/.env": expand("API_TOKEN={base62:40}\n", chance),
  });
  const root = folder({ "a.txt": "nothing\n" });
  const { findings } = parsed((await holdfast(["scan", root, "--home", "--json"], { env: { HOME: home } })).out);
  assert.deepEqual(findings.flatMap(({ places }) => places.map(({ path, line }) => `${path}:${line}`)).sort(), [
    "~/.config/gh/hosts.yml:2",
    "~/.pgpass:1",
  ]);
});

test("wrong calls are said to be so: exit code 2", async () => {
  const missing = await holdfast(["scan", "nowhere-here"]);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /`nowhere-here` is not there/);
  const silent = await holdfast(["scan", folder(), "--try"]);
  assert.equal(silent.code, 2);
  assert.match(silent.err, /--try asks before it connects, and there is no terminal to ask on\n {2}give --yes/);
});

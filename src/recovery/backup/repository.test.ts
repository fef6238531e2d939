import assert from "node:assert/strict";
import { appendFile, chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { newBackupId, systemRandom } from "../../base/ids.ts";
import type { BackupManifest } from "./manifest.ts";
import { createRepository, openRepository, type Repository } from "./repository.ts";
import { storeStream } from "./store-file.ts";
import { lsnText, parseLsn, parseSegment, segmentAt, segmentName } from "./wal-names.ts";

const made: string[] = [];
after(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-repository-"));
  made.push(folder);
  return folder;
}

const random = systemRandom;
const passphrase = Buffer.from("a passphrase of a test");
const MIB = 1024 * 1024;

async function stored(repository: Repository, content = "the data", atMs = Date.UTC(2026, 10, 22, 13, 30)) {
  const id = newBackupId();
  const draft = await repository.draft("shop", id, atMs);
  const file = await storeStream(Readable.from([Buffer.from(content)]), {
    folder: draft.folder,
    name: "base.tar",
    compressed: true,
    key: repository.key,
    random,
  });
  const manifest: BackupManifest = {
    format: 1,
    backup: {
      id,
      target: "shop",
      method: "basebackup",
      startedAtMs: atMs,
      endedAtMs: atMs + 5_000,
      bytes: file.bytes,
      serverVersion: 150018,
      databases: ["postgres"],
    },
    files: [{ ...file, what: "base" }],
    wal: "archive",
    tools: {},
    leftOut: [],
    server: { bytes: 1, tables: 0 },
  };
  return { draft, manifest, id };
}

describe("a repository", () => {
  for (const sealed of [false, true]) {
    const options = sealed ? { passphrase } : {};
    test(`keeps what was finished and nothing else, newest first (${sealed ? "sealed" : "plain"})`, async () => {
      const folder = await newFolder();
      const repository = await createRepository({ folder, random, ...options });
      assert.equal((await stat(folder)).mode & 0o777, 0o700);
      const first = await stored(repository, "one");
      assert.deepEqual((await repository.list("shop")).backups, [], "without its manifest it is none");
      const kept = await first.draft.finish(first.manifest);
      const second = await stored(repository, "two", Date.UTC(2026, 10, 23));
      await second.draft.finish(second.manifest);
      const third = await stored(repository, "three", Date.UTC(2026, 10, 24));
      const again = await openRepository({ folder, random, ...options });
      assert.deepEqual(
        (await again.list("shop")).backups.map(({ manifest }) => manifest.backup.id),
        [second.id, first.id],
      );
      const [newest] = (await again.list("shop")).backups;
      const [file] = newest?.manifest.files ?? [];
      assert.ok(newest !== undefined && file !== undefined);
      assert.equal(await text(again.read(newest, file)), "two");
      assert.deepEqual(await again.sweep("shop"), [`.draft-${third.id}`]);
      await again.remove(newest);
      assert.deepEqual(
        (await again.list("shop")).backups.map(({ digest }) => digest),
        [kept.digest],
      );
      assert.deepEqual(await again.targets(), ["shop"]);
      assert.equal((await readdir(join(folder, "shop", "backups"))).length, 1);
      assert.match(await readFile(join(folder, "README.txt"), "utf8"), sealed ? /The files are sealed/ : /The files are not sealed/);
    });
  }

  test("sealed, no plain byte of the data lies in it, and only its key opens it", async () => {
    const folder = await newFolder();
    const repository = await createRepository({ folder, random, passphrase });
    const { draft, manifest } = await stored(repository, "a customer's name ".repeat(10));
    const { folder: home } = await draft.finish(manifest);
    assert.ok(!(await readFile(join(home, "base.tar.gz.sealed"))).includes("customer"));
    await assert.rejects(openRepository({ folder, random, passphrase: Buffer.from("another passphrase") }), /sealed with another one/);
    const without = await openRepository({ folder, random });
    const [found] = (await without.list("shop")).backups;
    const [file] = found?.manifest.files ?? [];
    assert.ok(found !== undefined && file !== undefined, "it is listed without the key");
    assert.throws(() => without.read(found, file), /the repository's key is needed/);
  });

  test("a manifest that was changed without the key, or is another backup's, is no backup", async () => {
    const repository = await createRepository({ folder: await newFolder(), random, passphrase });
    const one = await stored(repository, "one");
    const { folder } = await one.draft.finish(one.manifest);
    const path = join(folder, "manifest.json");
    const before = await readFile(path, "utf8");
    await writeFile(path, before.replace('"serverVersion": 150018', '"serverVersion": 160000'));
    const { backups, broken } = await repository.list("shop");
    assert.deepEqual(backups, []);
    assert.match(broken[0]?.because ?? "", /made without the repository's key/);
    await writeFile(path, before.slice(0, 100));
    assert.equal((await repository.list("shop")).broken.length, 1);
    await writeFile(path, before);
    await rename(folder, `${folder.slice(0, -3)}xyz`);
    assert.match((await repository.list("shop")).broken[0]?.because ?? "", /another backup's manifest/);
  });

  test("a folder with other things in it, one open to others and a repository without key given one are refused", async () => {
    const foreign = await newFolder();
    await writeFile(join(foreign, "letter.txt"), "mine");
    await assert.rejects(createRepository({ folder: foreign, random }), /holds other things, `letter.txt` first/);
    const folder = await newFolder();
    await createRepository({ folder, random });
    await assert.rejects(openRepository({ folder, random, passphrase }), /made without a key/);
    await chmod(folder, 0o755);
    await assert.rejects(openRepository({ folder, random }), /open to other accounts/);
    await assert.rejects(openRepository({ folder: join(folder, "none"), random }), /there is no repository/);
    await chmod(folder, 0o700);
    await writeFile(join(folder, "repository.json"), "{}");
    await assert.rejects(openRepository({ folder, random }), /does not say what a repository/);
  });

  test("a target's name never leads out of it", async () => {
    const repository = await createRepository({ folder: await newFolder(), random });
    for (const name of ["..", "../x", ".hidden", "a/b", ""]) await assert.rejects(async () => repository.list(name), /no name of a target/);
  });
});

describe("a WAL archive", () => {
  test("gives back what was put, a partial segment while there is no whole one, and says what is missing", async () => {
    const folder = await newFolder();
    const repository = await createRepository({ folder, random, passphrase });
    const archive = repository.wal("shop");
    const source = join(folder, "..", `${Date.now()}-segment`);
    made.push(source);
    const names = [3n, 4n, 6n].map((number) => segmentName({ timeline: 1, number }, MIB));
    for (const [at, name] of names.entries()) {
      await writeFile(source, Buffer.alloc(MIB, at + 1));
      await archive.put(source, name, random);
    }
    const next = segmentName({ timeline: 1, number: 7n }, MIB);
    await archive.put(source, `${next}.partial`, random);
    await archive.put(source, "00000002.history", random);
    assert.deepEqual(await archive.missing(1, 3n, 7n, MIB), [segmentName({ timeline: 1, number: 5n }, MIB), next]);
    assert.deepEqual(
      (await archive.segments(MIB)).map(({ number, partial }) => [number, partial]),
      [
        [3n, false],
        [4n, false],
        [6n, false],
        [7n, true],
      ],
    );
    assert.equal(await archive.fetch(names[0] as string, source), true);
    assert.ok((await readFile(source)).equals(Buffer.alloc(MIB, 1)));
    assert.equal(await archive.fetch(next, source), true, "the partial one stands in");
    await archive.put(source, next, random);
    assert.deepEqual(await archive.missing(1, 6n, 7n, MIB), []);
    assert.equal(
      (await archive.segments(MIB)).some(({ partial }) => partial),
      false,
      "the whole one took its place",
    );
    assert.equal(await archive.fetch("000000010000000000000009", source), false);
    assert.equal(await archive.fetch("../../../etc/passwd", source), false);
    assert.equal(await archive.fetch("00000002.history", source), true);
    assert.equal(await archive.removeBefore(1, 6n, MIB), 2);
    assert.equal((await archive.segments(MIB)).length, 2);
    await archive.put(source, segmentName({ timeline: 2, number: 7n }, MIB), random);
    await archive.put(source, `${segmentName({ timeline: 1, number: 8n }, MIB)}.partial`, random);
    assert.equal(await archive.removeBefore(2, 7n, MIB), 3, "of an earlier timeline everything goes");
    assert.deepEqual(
      (await archive.segments(MIB)).map(({ timeline, number }) => [timeline, number]),
      [[2, 7n]],
    );
    assert.equal(await archive.fetch("00000002.history", source), true, "histories stay");
    await assert.rejects(archive.put(source, "postgresql.conf", random), /no WAL file's name/);
  });

  test("a segment that was changed is not given out, and leaves no file behind", async () => {
    const folder = await newFolder();
    for (const options of [{ passphrase }, {}]) {
      const repository = await createRepository({
        folder: join(folder, options.passphrase === undefined ? "plain" : "sealed"),
        random,
        ...options,
      });
      const archive = repository.wal("shop");
      const source = join(folder, "segment");
      await writeFile(source, Buffer.alloc(MIB, 1));
      const name = segmentName({ timeline: 1, number: 3n }, MIB);
      await archive.put(source, name, random);
      const path = join(archive.folder, "00000001", `${name}.gz${options.passphrase === undefined ? "" : ".sealed"}`);
      const bytes = await readFile(path);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 30) ^ 1, bytes.length - 30);
      await writeFile(path, bytes);
      await assert.rejects(archive.fetch(name, join(folder, "out")));
      assert.deepEqual(
        (await readdir(folder)).filter((each) => each.startsWith("out")),
        [],
      );
      const whole = (await archive.read(name)) ?? Readable.from([]);
      await assert.rejects(buffer(whole));
      await writeFile(path, bytes.subarray(0, 200));
      await appendFile(path, "");
      await assert.rejects(archive.fetch(name, join(folder, "out")));
    }
  });
});

test("names of segments and positions are PostgreSQL's own", () => {
  const size = 16 * MIB;
  assert.equal(segmentAt(1, parseLsn("0/2000028") ?? 0n, size), "000000010000000000000002");
  assert.equal(segmentAt(3, parseLsn("16/B374D848") ?? 0n, size), "0000000300000016000000B3");
  assert.deepEqual(parseSegment("0000000300000016000000B3", size), { timeline: 3, number: 0x16b3n });
  assert.equal(segmentName({ timeline: 3, number: 0x16b3n }, size), "0000000300000016000000B3");
  assert.equal(lsnText(parseLsn("16/B374D848") ?? 0n), "16/B374D848");
  assert.equal(parseLsn("nonsense"), undefined);
  assert.equal(parseSegment("00000002.history", size), undefined);
});

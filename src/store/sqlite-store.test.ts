import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { keptMax } from "./port.ts";
import { sampleAsk, sampleRun, storeContract } from "../../test/store/contract.ts";
import { limitFileSize } from "../../test/store/file-size-limit.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let counter = 0;
const place = (): string => join(folder, `store-${++counter}.db`);

describe("the embedded store fulfils the contract", () => {
  for (const [promise, check] of Object.entries(storeContract)) {
    test(promise, async () => {
      const path = place();
      await check({
        open: () => openSqliteStore(path),
        // A file-size limit of the operating system is the real failure: the write itself is refused.
        failWrites: () => limitFileSize(16 * 1024),
      });
    });
  }
});

describe("the embedded store's file", () => {
  test("is its owner's alone, with what stands beside it", async () => {
    const path = place();
    const store = await openSqliteStore(path);
    await store.putRun(sampleRun("r_1"));
    for (const name of [path, `${path}-wal`]) assert.equal(statSync(name).mode & 0o777, 0o600, name);
    await store.close();
  });

  test("is opened by one at a time, and says so", async () => {
    const path = place();
    const store = await openSqliteStore(path);
    await assert.rejects(openSqliteStore(path), /cannot be used: another process has it open/);
    await store.close();
    await (await openSqliteStore(path)).close();
  });

  test("of a later version, of another program or with a damaged entry is refused by name", async () => {
    const later = place();
    const database = new DatabaseSync(later);
    database.exec("PRAGMA user_version = 99");
    database.close();
    await assert.rejects(openSqliteStore(later), /later version of Holdfast \(99/);
    const other = place();
    writeFileSync(other, "this is no database, however long it may go on ".repeat(100));
    await assert.rejects(openSqliteStore(other), /cannot be used: file is not a database/);
    const damaged = place();
    const store = await openSqliteStore(damaged);
    await store.putAsk(sampleAsk("a_1"));
    await store.close();
    const direct = new DatabaseSync(damaged);
    direct.exec(`UPDATE asks SET body = '{"id": 7}'`);
    direct.close();
    const again = await openSqliteStore(damaged);
    await assert.rejects(again.asks(), /`a_1` in `asks` is not understood/);
    await again.close();
  });

  test("keeps the newest of what is over and everything that is not", async () => {
    const path = place();
    const store = await openSqliteStore(path);
    await store.putRun(sampleRun("r_open"));
    for (let n = 0; n < keptMax + 5; n++) await store.putRun({ ...sampleRun(`r_${n}`), state: "ended" });
    await store.close();
    const again = await openSqliteStore(path);
    const runs = await again.runs();
    assert.equal(runs[0]?.id, "r_open");
    assert.equal(runs.length, keptMax + 1);
    assert.equal(runs.at(-1)?.id, `r_${keptMax + 4}`);
    await again.close();
  });

  test("loses nothing that it acknowledged when its process is killed", async () => {
    const path = place();
    const child = spawn(process.execPath, [fileURLToPath(new URL("../../test/store/writer-child.ts", import.meta.url)), path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let acknowledged = 0;
    let text = "";
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      acknowledged = text.split("\n").length - 1;
      if (acknowledged >= 60) child.kill("SIGKILL");
    });
    await gone;
    const store = await openSqliteStore(path);
    const runs = await store.runs();
    assert(runs.length >= acknowledged && runs.length <= acknowledged + 1, `${runs.length} kept, ${acknowledged} acknowledged`);
    assert.deepEqual(
      runs.map(({ id }) => id as string),
      runs.map((_, n) => `r_${n}`),
    );
    await store.close();
  });
});

/** Each write to the embedded store made to fail by the operating system. Its reply cannot be lost: it comes from the same process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { type Fault, faultMatrix } from "./fault-contract.ts";
import { limitFileSize } from "./file-size-limit.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const fault: Fault = { name: "fails", persists: false, arm: () => limitFileSize(16 * 1024) };

describe("each write to the embedded store", () => {
  for (const [what, check] of Object.entries(faultMatrix))
    test(`${what} fails: the store is whole, and looking again tells`, () =>
      check(() => openSqliteStore(join(folder, `${what.replaceAll(/\W/g, "-")}.db`)), fault));
});

/**
 * Puts runs into a store until it is killed: `node writer-child.ts FILE`. A line on standard output for each put that was acknowledged.
 * It tests nothing itself.
 */
import { writeSync } from "node:fs";
import { sampleRun } from "./contract.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";

const store = await openSqliteStore(process.argv[2] ?? "");
for (let n = 0; ; n++) {
  await store.putRun(sampleRun(`r_${n}`));
  writeSync(1, `${n}\n`);
}

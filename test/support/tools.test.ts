/** Tools are found where they lie, and a missing one is an error with a remedy, never a skipped test. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findTool, tool } from "./tools.ts";

for (const name of ["psql", "pg_dump", "pgbench", "pgbouncer"] as const) {
  test(`${name} can be had and runs`, async () => {
    assert.match(execFileSync(await tool(name), ["--version"], { encoding: "utf8" }), /PostgreSQL|PgBouncer/);
  });
}

test("the newest versioned folder wins over an older one and over PATH; what is no program is passed over", () => {
  const home = mkdtempSync(join(tmpdir(), "holdfast-tools-"));
  for (const folder of ["9", "15", "18", "path"]) mkdirSync(join(home, folder, "bin"), { recursive: true });
  for (const folder of ["9", "15", "path"]) program(join(home, folder, "bin", "psql"));
  writeFileSync(join(home, "18", "bin", "psql"), "not executable", { mode: 0o644 });
  assert.equal(findTool("psql", join(home, "path", "bin"), home), join(home, "15", "bin", "psql"));
  assert.equal(findTool("psql", join(home, "path", "bin"), join(home, "none")), join(home, "path", "bin", "psql"));
  assert.equal(findTool("psql", "", join(home, "none")), undefined);
  rmSync(home, { recursive: true });
});

test("without root a missing tool is refused with the package to install", () => {
  const module = fileURLToPath(new URL("./tools.ts", import.meta.url));
  const code = `process.getuid = () => 1000; process.env.PATH = "";
    const { tool } = await import(${JSON.stringify(module)});
    await tool("pgbouncer").then(() => console.log("found"), (error) => console.log(error.message));`;
  const shown = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  assert.match(shown, /`pgbouncer` is needed .*: apt-get install pgbouncer/);
});

function program(file: string): void {
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
}

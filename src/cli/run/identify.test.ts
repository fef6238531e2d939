import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { identifyProgram } from "./identify.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-identify-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a tool from npm is named by its package, through the link that starts it", async () => {
  const home = join(folder, "node_modules", "agent-tool");
  mkdirSync(join(home, "bin"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(home, "package.json"), '{"name":"agent-tool","version":"2.1.7"}');
  writeFileSync(join(home, "bin", "cli.js"), "#!/usr/bin/env node\n");
  symlinkSync(join(home, "bin", "cli.js"), join(folder, "bin", "agent"));
  assert.deepEqual(await identifyProgram("agent", `/nowhere:${join(folder, "bin")}`, folder), {
    program: "agent",
    version: "agent-tool 2.1.7",
  });
});

test("a script is named by its digest, and is not run to find out", async () => {
  const ran = join(folder, "ran");
  const script = join(folder, "deploy.sh");
  writeFileSync(script, `#!/bin/sh\ntouch ${ran}\n`);
  chmodSync(script, 0o755);
  const { program, version } = await identifyProgram("./deploy.sh", "", folder);
  assert.equal(program, "deploy.sh");
  assert.match(version, /^sha256 [0-9a-f]{16}$/);
  assert.equal(existsSync(ran), false);
});

test("what is not there has no version", async () => {
  assert.deepEqual(await identifyProgram("no-such-program", "/nowhere", folder), { program: "no-such-program", version: "" });
});

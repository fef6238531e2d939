/** What the lock file lacks is found where Node would look for it, and nothing else is added. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { missingPlatformEntries } from "./complete-lock.ts";
import { home } from "./files.ts";

test("a platform package that no entry satisfies is added beside its parent, with its platform", () => {
  const packages = {
    "": { optionalDependencies: {} },
    "node_modules/tool": {
      dev: true,
      optionalDependencies: { "@tool/linux-x64": "1.0.0", "@tool/darwin-arm64": "1.0.0", fsevents: "2.3.3" },
    },
    "node_modules/@tool/linux-x64": { version: "1.0.0" },
    "node_modules/other/node_modules/tool": { optionalDependencies: { "@tool/linux-x64": "1.0.0", "@tool/win32-ia32": "0.9.0" } },
  };
  assert.deepEqual(missingPlatformEntries(packages), {
    "node_modules/@tool/darwin-arm64": { version: "1.0.0", cpu: ["arm64"], dev: true, optional: true, os: ["darwin"] },
    "node_modules/other/node_modules/tool/node_modules/@tool/win32-ia32": {
      version: "0.9.0",
      cpu: ["ia32"],
      optional: true,
      os: ["win32"],
    },
  });
});

test("the committed lock file lacks none", () => {
  const lock = JSON.parse(readFileSync(join(home, "package-lock.json"), "utf8")) as { packages: Record<string, object> };
  assert.deepEqual(missingPlatformEntries(lock.packages), {});
});

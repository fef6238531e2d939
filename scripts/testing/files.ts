/**
 * Which test files there are, in the order they run: quick ones first, then those that need a real server.
 * It reads imports as text; a file that reaches servers only through a computed import would count as quick.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { filesUnder } from "../files.ts";

export interface TestFiles {
  readonly quick: readonly string[];
  readonly server: readonly string[];
  /** `x.long.test.ts`: proofs about the tests themselves, which take minutes and run when they are asked for. */
  readonly long: readonly string[];
}

const serverModules = ["test/support/servers.ts", "test/support/tools.ts"];
const importPattern = /(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g;

/** The test files of `root` whose path contains `only`. */
export function testFiles(root: string, only = ""): TestFiles {
  const all = ["src", "console", "test", "scripts", "bench"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => filesUnder(folder, root));
  const named = all.filter((file) => file.endsWith(".test.ts") && file.includes(only));
  const long = named.filter((file) => file.endsWith(".long.test.ts"));
  const tests = named.filter((file) => !long.includes(file));
  const server = tests.filter((file) => reachesServers(root, file, new Set()));
  return { quick: tests.filter((file) => !server.includes(file)), server, long };
}

function reachesServers(root: string, file: string, seen: Set<string>): boolean {
  if (serverModules.includes(file)) return true;
  if (seen.has(file) || !existsSync(join(root, file))) return false;
  seen.add(file);
  const imports = [...readFileSync(join(root, file), "utf8").matchAll(importPattern)].map((match) => match[1] as string);
  return imports.some((path) => reachesServers(root, posix.join(posix.dirname(file), path), seen));
}

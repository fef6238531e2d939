/**
 * npm packages that a long test needs and that nobody should install without need: brought once into the tests' own folder, by exact
 * versions. It runs none of their install scripts.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "./postgres/places.ts";

/** The `node_modules` with these packages (`{ prisma: "6.19.3" }`). Throws what npm said when it cannot be had. */
export function npmPackages(packages: Readonly<Record<string, string>>): string {
  const wanted = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  const key = createHash("sha256").update(wanted.join(" ")).digest("hex").slice(0, 16);
  const home = join(cacheDirectory("binaries"), `npm-${key}`);
  const modules = join(home, "node_modules");
  if (existsSync(modules)) return modules;
  const draft = `${home}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, "package.json"), "{}");
  try {
    execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...wanted], { cwd: draft, stdio: "pipe" });
    renameSync(draft, home);
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(modules)) return modules; // another process finished first
    throw new Error(`npm did not bring ${wanted.join(", ")}: ${String((cause as { stderr?: Buffer }).stderr ?? cause)}`, { cause });
  }
  return modules;
}

/**
 * Adds to package-lock.json the optional platform packages that npm left out because the registry it asked did not carry them
 * (a mirror with one platform only). Without their entries `npm ci` calls the lock file out of step everywhere.
 * It adds no integrity, which it cannot know: npm takes such a package on its own platform only, and pins it by version.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "./files.ts";

interface LockEntry {
  version?: string;
  optionalDependencies?: Record<string, string>;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
}

const platforms = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32", "windows"];
const processors = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** The missing entries for `packages` of a lock file, keyed as the lock file keys them. */
export function missingPlatformEntries(packages: Readonly<Record<string, LockEntry>>): Record<string, LockEntry> {
  const missing: Record<string, LockEntry> = {};
  for (const [path, { optionalDependencies, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      if (found(packages, path, name)) continue;
      // Beside its parent: a nested parent may want another version than the one at the top.
      const at = path.includes("/node_modules/") ? `${path}/node_modules/${name}` : `node_modules/${name}`;
      const parts = name.split(/[/-]/);
      const os = platforms.filter((platform) => parts.includes(platform)).map((platform) => (platform === "windows" ? "win32" : platform));
      const cpu = processors.filter((processor) => parts.includes(processor));
      if (os.length + cpu.length === 0) continue;
      missing[at] = {
        version,
        ...(cpu.length > 0 ? { cpu } : {}),
        ...(dev ? { dev } : {}),
        optional: true,
        ...(os.length > 0 ? { os } : {}),
      };
    }
  }
  return missing;
}

/** Looks the way Node resolves: in the package's own node_modules, then in each folder above. */
function found(packages: Readonly<Record<string, LockEntry>>, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    if (`${folder ? `${folder}/` : ""}node_modules/${name}` in packages) return true;
    if (folder === "") return false;
  }
}

if (import.meta.main) {
  const file = join(home, "package-lock.json");
  const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, LockEntry> };
  const missing = missingPlatformEntries(lock.packages);
  const all = { ...lock.packages, ...missing };
  lock.packages = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`complete-lock: ${Object.keys(missing).length} entries added`);
}

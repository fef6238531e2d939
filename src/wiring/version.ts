/** The version of this package, read from its own package.json wherever the program was built to. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The first package.json upwards from this file: the layouts of `src` and of the built package differ in depth. */
export function version(): string {
  for (let directory = import.meta.dirname; directory !== dirname(directory); directory = dirname(directory)) {
    const file = join(directory, "package.json");
    if (!existsSync(file)) continue;
    const parsed = JSON.parse(readFileSync(file, "utf8")) as { name?: string; version?: string };
    if (parsed.name === "holdfast" && parsed.version !== undefined) return parsed.version;
  }
  return "unknown";
}

/**
 * The files of this repository, for the scripts that read them all.
 * It does not follow links, and knows nothing of git, so that it works in an unpacked archive too.
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const home = dirname(dirname(fileURLToPath(import.meta.url)));

const notOurs = new Set(["node_modules", ".git", ".holdfast", "coverage"]);

/** Every file under a folder of `root`, as sorted paths relative to `root` with `/` between the parts. */
export function filesUnder(folder: string, root: string = home): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : filesUnder(path, root);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

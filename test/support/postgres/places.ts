/**
 * Where test servers keep their files: one folder per operating system account under the temporary directory.
 * It does not create a server's own folder; see sweep.ts for how those are cleared away.
 */
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const owner = process.getuid?.() ?? 0;

/** A folder kept between runs (`templates`, `binaries`) or swept by them (`servers`); made when missing. */
export function cacheDirectory(name: "templates" | "binaries" | "servers"): string {
  const root = join(tmpdir(), `holdfast-test-${owner}`);
  mkdirSync(root, { recursive: true });
  const found = lstatSync(root);
  // The temporary directory is shared: what another account put there is not ours to run.
  if (!found.isDirectory() || (process.getuid && found.uid !== owner)) {
    throw new Error(`\`${root}\` belongs to somebody else: remove it or set TMPDIR`);
  }
  chmodSync(root, 0o711);
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
  return folder;
}

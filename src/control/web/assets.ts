/**
 * The console's own files, read once when the gateway starts: what is changed on the disk afterwards is not served.
 * It serves nothing outside its list, so there is no path to climb out of.
 */
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";

export interface Asset {
  readonly bytes: Buffer;
  readonly type: string;
  /** Its name holds a digest of its content, so it may be kept for good. */
  readonly immutable: boolean;
}

export interface Assets {
  /** By the path of a request; `undefined` for what there is not. A path without an extension is a page of the console. */
  find(path: string): Asset | undefined;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
  ".json": "application/json",
};

const page = "/index.html";
const bytesMax = 32 * 1024 * 1024;

/** Rejects when a file is of no type that is served, or all of them are too large. A folder that is not there has no files. */
export async function readAssets(directory: string): Promise<Assets> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const files = new Map<string, Asset>();
  let total = 0;
  for (const entry of found.filter((each) => each.isFile() && !each.name.endsWith(".map"))) {
    const path = join(entry.parentPath, entry.name);
    const type = types[extname(entry.name)];
    if (type === undefined) throw new Error(`\`${path}\` is no file of the console: build it anew with \`npm run build\``);
    const bytes = await readFile(path);
    total += bytes.length;
    if (total > bytesMax) throw new Error(`the console's files in \`${directory}\` are larger than ${bytesMax} bytes`);
    files.set(path.slice(directory.length).replaceAll("\\", "/"), { bytes, type, immutable: /-[A-Z0-9]{8,}\.\w+$/.test(entry.name) });
  }
  return { find: (path) => files.get(extname(path) === "" ? page : path) };
}

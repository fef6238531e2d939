/**
 * Builds the web console: one script, one style sheet, one icon and the page that names them, each but the page named by its hash.
 * It writes a file whole or not at all, so that a gateway which serves the folder sees no half of one. It checks no types.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { home } from "./files.ts";

export interface BuiltConsole {
  readonly folder: string;
  readonly files: readonly string[];
  /** Of everything that a first visit loads, as a gateway may compress it. */
  readonly gzipBytes: number;
}

const source = join(home, "console");
/** What is left alone in the folder: all else, another build's half-written files among it. */
const builtName = /^(app|icon)-[0-9A-F]{16}[.]\w+$/;

/** Builds into `folder` and removes what an earlier build left there. */
export async function buildConsole(folder: string): Promise<BuiltConsole> {
  const [script, style] = await Promise.all([bundled("main.tsx"), bundled("style/index.css")]);
  const icon = readFileSync(join(source, "icon.svg"));
  const assets = { script: asset("app", ".js", script), style: asset("app", ".css", style), icon: asset("icon", ".svg", icon) };
  const page = readFileSync(join(source, "index.html"), "utf8").replaceAll(
    /\{\{(\w+)\}\}/g,
    (_, name: keyof typeof assets) => assets[name].path,
  );
  // The page comes last: it never names a file that is not there.
  const files = [...Object.values(assets), { path: "index.html", bytes: Buffer.from(page) }];
  mkdirSync(folder, { recursive: true });
  for (const { path, bytes } of files) writeWhole(join(folder, path), bytes);
  const old = readdirSync(folder).filter((name) => builtName.test(name) && !files.some(({ path }) => path === name));
  for (const name of old) rmSync(join(folder, name), { force: true });
  return { folder, files: files.map(({ path }) => path), gzipBytes: files.reduce((sum, { bytes }) => sum + gzipSync(bytes).length, 0) };
}

async function bundled(entry: string): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [join(source, entry)],
    absWorkingDir: source,
    tsconfig: join(source, "tsconfig.json"),
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["es2022", "chrome120", "firefox121", "safari17"],
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`esbuild made nothing of \`console/${entry}\``);
  return Buffer.from(file.contents);
}

function asset(name: string, extension: string, bytes: Buffer): { path: string; bytes: Buffer } {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16).toUpperCase();
  return { path: `${name}-${hash}${extension}`, bytes };
}

function writeWhole(path: string, bytes: Buffer): void {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  const temporary = `${path}.${process.pid}${extname(path)}`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, path);
}

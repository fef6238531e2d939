/**
 * Writes the planted tree: sixty secrets among the look-alikes, in files as they lie in a project and in a home directory.
 * It does not judge what a scan finds in it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expand, seeded } from "./expand.ts";
import { lookAlikes } from "./look-alikes.ts";
import { plantedSecrets } from "./planted-secrets.ts";

export interface PlantedTree {
  /** `path:line` of each secret, with the line it was made from. */
  readonly secrets: ReadonlyMap<string, string>;
  /** The same for the look-alikes; one that spans lines has its first. */
  readonly lookAlikes: ReadonlyMap<string, string>;
  /** Every made piece of every planted secret, to look for in what the scan says. */
  readonly pieces: readonly string[];
}

/** What stands before the lines of a file for it to be what it is. */
const frames: Readonly<Record<string, readonly string[]>> = {
  "infra/k8s/secret.yaml": ["apiVersion: v1", "kind: Secret", "metadata:", "  name: shop", "data:"],
  ".git/config": ['[remote "origin"]'],
  "config/service-account.json": ["{", '  "type": "service_account",'],
  "home/.pg_service.conf": ["[shop]", "host=db.shop.internal", "user=shop"],
  "home/.my.cnf": ["[client]", "user=shop"],
};

/** Secrets that no generator made. */
const chosen = ["kartoffel7", "Sommer2024!", "admin123"];

/** Which lines: those of the first tree, unless given. */
export interface Lines {
  readonly secrets: readonly (readonly [path: string, line: string])[];
  readonly lookAlikes: readonly (readonly [path: string, lines: readonly string[]])[];
  readonly frames: Readonly<Record<string, readonly string[]>>;
}

export function plantTree(root: string, seed: string, given: Lines = { secrets: plantedSecrets, lookAlikes, frames }): PlantedTree {
  const chance = seeded(seed);
  const files = new Map<string, string[]>();
  const places = { secrets: new Map<string, string>(), lookAlikes: new Map<string, string>() };
  const pieces = new Set(chosen);
  const add = (kind: keyof typeof places, path: string, template: string) => {
    const lines = files.get(path) ?? [...(given.frames[path] ?? [])];
    const made = expand(template, chance).trimEnd();
    places[kind].set(`${path}:${lines.length + 1}`, template);
    lines.push(...made.split("\n"));
    files.set(path, lines);
    if (kind === "secrets") for (const piece of piecesOf(template, made)) pieces.add(piece);
  };
  for (const [path, lines] of given.lookAlikes) for (const line of lines.slice(0, lines.length >> 1)) add("lookAlikes", path, line);
  for (const [path, line] of given.secrets) add("secrets", path, line);
  for (const [path, lines] of given.lookAlikes) for (const line of lines.slice(lines.length >> 1)) add("lookAlikes", path, line);
  for (const [path, lines] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${lines.join("\n")}\n`);
  }
  return { ...places, pieces: [...pieces] };
}

/** What stands in the made line and not in its template, in runs that are long enough to know again. */
function piecesOf(template: string, made: string): readonly string[] {
  const fixed = template.split(/\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/);
  let rest = made;
  const pieces: string[] = [];
  for (const part of fixed) {
    const at = part === "" ? rest.length : rest.indexOf(part);
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at + part.length);
  }
  return pieces.flatMap((piece) => piece.split(/\s|\\n/)).filter((piece) => piece.length >= 8 && !piece.includes("-----"));
}

/**
 * The policy presets that come with the program, read from its `presets` folder.
 * It does not accept a preset with a problem: one that ships broken is a defect.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Defect } from "../base/assert.ts";
import type { Environment } from "../model/principal.ts";
import type { PolicyDocument } from "./compile-policy.ts";
import { examine } from "./examine.ts";
import { resolvePolicy } from "./policy-document.ts";
import { type PolicyEntry, presetSchema } from "./policy-schema.ts";
import { readYaml } from "./yaml-text.ts";

export const presetNames = ["read-only", "guarded-writes", "migrations", "observe"] as const;
export type PresetName = (typeof presetNames)[number];

/** What an environment gets when the configuration names no policy. */
export const defaultPreset: Readonly<Record<Environment, PresetName>> = {
  production: "read-only",
  staging: "guarded-writes",
  development: "guarded-writes",
};

/** The folder is beside `src` and beside `dist`: the nearest one above this file. */
function presetsDirectory(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, "presets");
    if (existsSync(join(candidate, "read-only.yaml"))) return candidate;
    if (dirname(folder) === folder) throw new Defect("invariant broken: the presets folder comes with the program");
  }
}

let loaded: ReadonlyMap<string, PolicyEntry> | undefined;

/** The presets as they stand in their files, by name. */
export function presetEntries(): ReadonlyMap<string, PolicyEntry> {
  loaded ??= new Map(presetNames.map((name) => [name, readPreset(name)]));
  return loaded;
}

/** A preset with what it extends folded in. */
export function presetDocument(name: PresetName): PolicyDocument {
  const entry = presetEntries().get(name);
  if (entry === undefined) throw new Defect(`invariant broken: preset ${name} exists`);
  const { document, problems } = resolvePolicy(name, entry, presetEntries());
  if (problems[0] !== undefined) throw new Defect(`invariant broken: preset ${name} has no problem: ${problems[0].message}`);
  return document;
}

function readPreset(name: PresetName): PolicyEntry {
  const read = readYaml(readFileSync(join(presetsDirectory(), `${name}.yaml`), "utf8"));
  if ("problems" in read) throw new Defect(`invariant broken: preset ${name} is YAML: ${JSON.stringify(read.problems)}`);
  const examined = examine(presetSchema, read.yaml.data);
  if ("problems" in examined) {
    throw new Defect(`invariant broken: preset ${name} fits its schema: ${JSON.stringify(examined.problems.map(read.yaml.locate))}`);
  }
  const { version, name: own, ...entry } = examined.value;
  if (own !== name || version !== 1) throw new Defect(`invariant broken: preset ${name} carries its own name`);
  return entry;
}

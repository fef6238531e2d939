/**
 * What an operation of a service's model is: those of the pack that have its name, and otherwise one made of the pack's families of names.
 * It reads no requests.
 */
import type { PackModels } from "../../packs/models.ts";
import type { Pack, PackOperation } from "../../packs/pack.ts";
import { doorsOf, globRegExp } from "./doors.ts";
import type { ModelOperation, ModelApi } from "./model-apis.ts";

/** What is known of a name: no operations is nothing, so that a change of that name is `unknown`. */
export interface NamedOperation {
  readonly operations: readonly PackOperation[];
  /** It only looks, though what it shows may be a secret. */
  readonly reads: boolean;
}

const known = new WeakMap<Pack, Map<string, NamedOperation>>();

interface Called {
  readonly api: ModelApi;
  readonly name: string;
  readonly operation?: ModelOperation;
}

/** `operation` is absent where the models have none of that name: then a family that only reads or adds says nothing. */
export function operationsNamed(pack: Pack, models: PackModels, called: Called): NamedOperation {
  const { api, name, operation } = called;
  const cached = known.get(pack) ?? new Map<string, NamedOperation>();
  known.set(pack, cached);
  const key = `${api.id} ${name}`;
  const before = operation === undefined ? undefined : cached.get(key);
  if (before !== undefined) return before;
  const found = find(pack, models, called);
  // Names that no model has come from outside: they are not kept.
  if (operation !== undefined) cached.set(key, found);
  return found;
}

function find(pack: Pack, models: PackModels, { api, name, operation }: Called): NamedOperation {
  const reads = fitsNames(models.reads, name);
  const apis = new Set([api.id, ...api.endpoints, ...api.signing]);
  const doors = doorsOf(pack);
  const own = [...new Set([...apis].flatMap((api) => doors.names(api, name)))];
  if (own.length > 0) return { operations: own, reads };
  const family = models.families.find((each) => fitsNames(each.names, name) && fitsApi(each.apis, api));
  if (family === undefined) return { operations: [], reads };
  const harmless = family.class === "read" || family.class === "write";
  if (operation === undefined && harmless) return { operations: [], reads };
  const look =
    harmless && reads
      ? []
      : models.looks.filter((each) => (each.names === undefined || fitsNames(each.names, name)) && fitsApi(each.apis, api));
  const made: PackOperation = {
    id: `${api.id} ${name}`,
    doors: [`AWS ${api.id} ${name}`],
    class: family.class,
    thing: api.id,
    ...(family.reversibility === undefined ? {} : { reversibility: family.reversibility }),
    ...(family.many === undefined ? {} : { many: family.many }),
    ...(look.length === 0 ? {} : { look }),
    ...(operation?.trial === true && models.trial?.api === api.id ? { trial: models.trial.preview } : {}),
    examples: { matches: [], misses: [] },
  };
  return { operations: [made], reads };
}

const compiled = new Map<string, RegExp>();

/** The packs' own texts: there are few of them. */
function fitsNames(patterns: string, name: string): boolean {
  const known = compiled.get(patterns);
  const fits =
    known ??
    new RegExp(
      patterns
        .trim()
        .split(/\s+/)
        .map((pattern) => globRegExp(pattern).source)
        .join("|"),
      "i",
    );
  if (known === undefined) compiled.set(patterns, fits);
  return fits.test(name);
}

function fitsApi(apis: string | undefined, { id }: ModelApi): boolean {
  return apis === undefined || apis.split(" ").includes(id);
}

/**
 * The services of a pack's models: which of them a host can be, and the operations of each, read when one is asked for.
 * It reads no requests.
 */
import { assert } from "../../base/assert.ts";
import type { PackModels } from "../../packs/models.ts";

export interface ModelOperation {
  readonly name: string;
  /** Its model says that it only reads. */
  readonly reads: boolean;
  /** It can be asked on trial. */
  readonly trial: boolean;
  /** Its body is content and holds no parameters. */
  readonly content: boolean;
  /** Absent where it is called by name alone. */
  readonly route?: { readonly method: string; readonly uri: string };
}

export interface ModelApi {
  readonly id: string;
  readonly endpoints: readonly string[];
  /** What its requests are signed for. */
  readonly signing: readonly string[];
  readonly forms: readonly string[];
  /** What stands before its operations' names in `X-Amz-Target` and in the path of the RPC form. */
  readonly target?: string;
  /** By their names in small letters. */
  operations(): ReadonlyMap<string, ModelOperation>;
  /** All that have a route, other versions of the same name included. */
  routed(): readonly ModelOperation[];
}

export interface ApiAtHost {
  readonly api: ModelApi;
  /** What of the host belongs to the path: a bucket's name. */
  readonly inPath?: string;
}

export interface ModelApis {
  readonly all: readonly ModelApi[];
  /** Several where services share an endpoint, the one that is called like it first. Empty: none of the provider's own services. */
  at(host: string): readonly ApiAtHost[];
}

const HOST_LENGTH_MAX = 253;

const read = new WeakMap<PackModels, ModelApis>();

export function apisOf(models: PackModels): ModelApis {
  const known = read.get(models);
  if (known !== undefined) return known;
  const apis = readApis(models);
  read.set(models, apis);
  return apis;
}

function readApis(models: PackModels): ModelApis {
  const lines = models.apis().split("\n");
  const all: ModelApi[] = [];
  for (let at = 1; at + 1 < lines.length; at += 2) all.push(apiOf(lines[at] ?? "", lines[at + 1] ?? ""));
  assert(all.length > 0, "the models hold services");
  const plain = new Map<string, ModelApi[]>();
  const open: { readonly fits: RegExp; readonly api: ModelApi }[] = [];
  for (const [endpoint, api] of [...all.flatMap((each) => each.endpoints.map((one) => [one, each] as const)), ...moreOf(models, all)]) {
    if (/[*{]/.test(endpoint)) open.push({ fits: endpointRegExp(endpoint, models.hosts.ignored), api });
    else plain.set(endpoint, api.id === endpoint ? [api, ...(plain.get(endpoint) ?? [])] : [...(plain.get(endpoint) ?? []), api]);
  }
  return { all, at: (host) => apisAt(host, models, plain, open) };
}

function moreOf({ hosts }: PackModels, all: readonly ModelApi[]): readonly (readonly [string, ModelApi])[] {
  return hosts.more.map(([endpoint, id]) => {
    const api = all.find((each) => each.id === id);
    assert(api !== undefined, `\`${id}\` is a service of the models`);
    return [endpoint, api] as const;
  });
}

function apiOf(head: string, text: string): ModelApi {
  const fields = JSON.parse(head) as Omit<ModelApi, "operations" | "routed">;
  let list: readonly ModelOperation[] | undefined;
  let byName: ReadonlyMap<string, ModelOperation> | undefined;
  const listed = () => (list ??= text.split("\t").map(operationOf));
  return {
    ...fields,
    operations: () => (byName ??= new Map(listed().map((each) => [each.name.toLowerCase(), each]))),
    routed: () => listed().filter(({ route }) => route !== undefined),
  };
}

function operationOf(text: string): ModelOperation {
  const [marked = "", method, uri] = text.split(" ");
  const [, name = "", marks = ""] = /^(\w+)([!?^~]*)$/.exec(marked) ?? [];
  const has = { reads: marks.includes("?"), trial: marks.includes("!"), content: marks.includes("^") };
  return { name, ...has, ...(method === undefined || uri === undefined ? {} : { route: { method, uri } }) };
}

/** `{}` is captured, any number of labels; `*` is any characters of one label. Labels that say nothing may follow anywhere. */
function endpointRegExp(endpoint: string, ignored: RegExp): RegExp {
  const silent = `(?:\\.(?:${ignored.source}))*`;
  const labels = endpoint.split(".").map((label) =>
    label === "{}"
      ? "(.+?)"
      : label
          .split("*")
          .map((piece) => piece.replace(/[\\^$+?()[\]|]/g, "\\$&"))
          .join("[^.]+"),
  );
  return new RegExp(`^${labels.join(`${silent}\\.`)}${silent}$`);
}

function apisAt(
  host: string,
  { hosts }: PackModels,
  plain: ReadonlyMap<string, readonly ModelApi[]>,
  open: readonly { readonly fits: RegExp; readonly api: ModelApi }[],
): readonly ApiAtHost[] {
  // No name is longer, and the patterns below need not be quick for what is none.
  if (host.length > HOST_LENGTH_MAX) return [];
  const suffix = hosts.suffixes.find((each) => host.endsWith(`.${each}`));
  if (suffix === undefined) return [];
  const before = hosts.rewrites.reduce((text, [what, into]) => text.replace(what, into), host.slice(0, -suffix.length - 1));
  const labels = before.split(".").map((label) => label.replace(hosts.marks, ""));
  const silent = new RegExp(`^(?:${hosts.ignored.source})$`);
  // The first label counts always: it may be a bucket that is called like a region.
  const known = plain.get(labels.filter((label, index) => index === 0 || !silent.test(label)).join("."));
  if (known !== undefined) return known.map((api) => ({ api }));
  const found = open.flatMap(({ fits, api }): readonly ApiAtHost[] => {
    const [whole, inPath] = fits.exec(labels.join(".")) ?? [];
    if (whole === undefined) return [];
    return [{ api, ...(inPath === undefined ? {} : { inPath }) }];
  });
  return found.filter(({ api, inPath }, index) => found.findIndex((one) => one.api === api && one.inPath === inPath) === index);
}

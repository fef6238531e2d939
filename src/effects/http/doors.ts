/**
 * The doors of a pack, read once: which operations a method and path, a GraphQL field, a name or a method of gRPC leads to.
 * It matches letter case aside, so that no spelling leads past an operation; it does not look into requests.
 */
import type { Pack, PackOperation } from "../../packs/pack.ts";

export interface Routed {
  readonly operation: PackOperation;
  /** The last placeholder's text. */
  readonly name?: string;
  /** Every placeholder's text, by its name without braces. */
  readonly places: ReadonlyMap<string, string>;
}

export interface Doors {
  routes(method: string, host: string, path: string): readonly Routed[];
  fields(root: "query" | "mutation", field: string): readonly PackOperation[];
  names(api: string, name: string): readonly PackOperation[];
  /** Of gRPC: `package.Service`, and the method. */
  methods(group: string, method: string): readonly PackOperation[];
}

interface Route {
  readonly operation: PackOperation;
  readonly methods: ReadonlySet<string>;
  readonly host: RegExp | undefined;
  readonly segments: readonly Segment[];
}

/** `text` matches one segment; `rest` one or more of them, and gives them their name; `any` none or more. */
type Segment =
  | { readonly kind: "text"; readonly fits: RegExp; readonly names: readonly string[] }
  | { readonly kind: "rest"; readonly name: string }
  | { readonly kind: "any" };

type Places = readonly (readonly [name: string, text: string])[];

const SUB_DELIMITER = /%(?:2[1468-9A-C]|27|3[AD]|40)/gi;

const read = new WeakMap<Pack, Doors>();

export function doorsOf(pack: Pack): Doors {
  const known = read.get(pack);
  if (known !== undefined) return known;
  const doors = readDoors(pack);
  read.set(pack, doors);
  return doors;
}

function readDoors(pack: Pack): Doors {
  const routes: Route[] = [];
  const fields = new Map<string, PackOperation[]>();
  const methods: { readonly exact: boolean; readonly fits: RegExp; readonly operation: PackOperation }[] = [];
  const names: { readonly api: string; readonly fits: RegExp; readonly operation: PackOperation }[] = [];
  for (const operation of pack.operations) {
    for (const door of operation.doors) {
      const [first = "", second = "", third] = door.split(" ");
      if (first === "GQL") {
        const key = (third === undefined ? `mutation ${second}` : `${second} ${third}`).toLowerCase();
        fields.set(key, [...(fields.get(key) ?? []), operation]);
      } else if (first === "GRPC") {
        methods.push({ exact: third?.includes("*") === false, fits: globRegExp(`${second}/${third}`), operation });
      } else if (first === "AWS") names.push({ api: second, fits: globRegExp(third ?? ""), operation });
      else routes.push(routeOf(operation, first, second));
    }
  }
  return {
    routes: (method, host, path) => {
      const at = (pack.sameHosts ?? []).reduce((name, [what, into]) => name.replace(what, into), host);
      // `:access` and `%3Aaccess` are the same to whoever decodes a path before it is routed.
      const segments = path.replace(SUB_DELIMITER, decodeURIComponent).split("/").slice(1);
      return routes.flatMap((route) => routed(route, method, at, segments));
    },
    fields: (root, field) => fields.get(`${root} ${field}`.toLowerCase()) ?? [],
    names: (api, name) => names.filter((each) => each.api === api && each.fits.test(name)).map(({ operation }) => operation),
    methods: (group, method) => {
      const all = methods.filter(({ fits }) => fits.test(`${group}/${method}`));
      const named = all.filter(({ exact }) => exact);
      return [...new Set((named.length > 0 ? named : all).map(({ operation }) => operation))];
    },
  };
}

function routeOf(operation: PackOperation, methods: string, place: string): Route {
  const slash = place.indexOf("/");
  const host = slash > 0 ? globRegExp(place.slice(0, slash)) : undefined;
  const segments = place
    .slice(slash + 1)
    .split("/")
    .filter((each) => each !== "");
  return { operation, methods: new Set(methods.split("+")), host, segments: segments.map(segmentOf) };
}

function segmentOf(text: string): Segment {
  if (text === "**") return { kind: "any" };
  if (/^\{[^}]*\*\}$/.test(text)) return { kind: "rest", name: text.slice(1, -2) };
  const pieces = text.split(/(\{[^}]*\}|\*)/);
  const source = pieces.map((piece) => (piece.startsWith("{") ? "(.+)" : piece === "*" ? ".*" : escaped(piece))).join("");
  const names = pieces.filter((piece) => piece.startsWith("{")).map((piece) => piece.slice(1, -1));
  return { kind: "text", fits: new RegExp(`^${source}$`, "i"), names };
}

/** `*` stands for any characters. */
export function globRegExp(pattern: string): RegExp {
  return new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`, "i");
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function routed({ operation, methods, host, segments }: Route, method: string, at: string, path: readonly string[]): Routed[] {
  if (!methods.has(method) || (host !== undefined && !host.test(at))) return [];
  const places = fits(segments, path);
  if (places === undefined) return [];
  const name = places.at(-1)?.[1];
  return [{ operation, places: new Map(places), ...(name === undefined || name === "" ? {} : { name }) }];
}

/** What its placeholders stand for, `undefined` where it does not fit. Patterns hold two open pieces at most, so this stays small. */
function fits(segments: readonly Segment[], path: readonly string[], places: Places = []): Places | undefined {
  const [first, ...others] = segments;
  const [head, ...tail] = path;
  if (first === undefined) return head === undefined || (path.length === 1 && head === "") ? places : undefined;
  switch (first.kind) {
    case "text": {
      if (head === undefined) return undefined;
      const found = first.fits.exec(head);
      if (found === null) return undefined;
      const named = first.names.map((name, index) => [name, found[index + 1] ?? head] as const);
      return fits(others, tail, named.length === 0 ? places : [...places, ...named]);
    }
    case "rest":
      return head === undefined || head === "" ? undefined : [...places, [first.name, path.join("/")]];
    case "any":
      for (let skipped = 0; skipped <= path.length; skipped++) {
        const found = fits(others, path.slice(skipped), places);
        if (found !== undefined) return found;
      }
      return undefined;
  }
}

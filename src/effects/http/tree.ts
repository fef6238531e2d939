/**
 * A value inside a request, whether it came as JSON, as a form or as GraphQL arguments, and how to look for paths in it.
 * Keys are compared without letter case, and what cannot be known counts as found: both only ever make an answer stricter.
 */

/** Stands for a value that the request does not show: a variable without a value, a key that was given twice. */
export const UNDETERMINED: unique symbol = Symbol("undetermined");

export type Tree = string | number | boolean | null | typeof UNDETERMINED | readonly Tree[] | ReadonlyMap<string, Tree>;

/** Values looked at for one path: a body cannot make the walk longer than this. Beyond it the rest counts as found. */
const STEPS_MAX = 20_000;

/** All values at a path such as `input.replace`, `patch.**.isDeleted` or `variables.*`, in their order. Lists are walked through. */
export function valuesAt(tree: Tree, path: string): readonly Tree[] {
  const wanted = path.toLowerCase().split(".");
  const found: Tree[] = [];
  const left: { readonly value: Tree; readonly at: number }[] = [{ value: tree, at: 0 }];
  for (let steps = 0; ; steps++) {
    const next = left.pop();
    if (next === undefined) return found;
    if (steps > STEPS_MAX) return [...found, UNDETERMINED];
    const { value, at } = next;
    const name = wanted[at];
    if (name === undefined || value === UNDETERMINED) found.push(value);
    else if (name === "**") {
      left.push({ value, at: at + 1 });
      for (const child of [...childrenOf(value)].reverse()) left.push({ value: child, at });
    } else if (Array.isArray(value)) {
      for (const child of value.toReversed()) left.push({ value: child, at: name === "*" ? at + 1 : at });
    } else if (value instanceof Map) {
      for (const [key, child] of [...value].reverse())
        if (name === "*" || key.toLowerCase().replace(/\[\]$/, "") === name) left.push({ value: child, at: at + 1 });
    }
  }
}

/** A short name for a thing: the first `id`, `...Id` or `name` that is plain text, in the tree's own order and one level down. */
export function namedIn(tree: Tree): string | undefined {
  if (!(tree instanceof Map)) return undefined;
  for (const wanted of [/^id$/i, /(_id|Id|ID|Identifier|Arn)$/, /name$/i]) {
    for (const [key, value] of tree as ReadonlyMap<string, Tree>) if (wanted.test(key) && plain(value)) return String(value);
  }
  for (const value of (tree as ReadonlyMap<string, Tree>).values()) {
    const inner = value instanceof Map && value !== tree ? firstText(value) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/**
 * What lists name: `ids: ["a", "b"]`, or `InstanceId.1=a&InstanceId.2=b`. All of them, for which one counts only the provider knows;
 * `undefined` where something in them is no plain text.
 */
export function listedIn(tree: Tree): readonly string[] | undefined {
  if (!(tree instanceof Map)) return [];
  const items = [...(tree as ReadonlyMap<string, Tree>)].flatMap(([key, value]) =>
    /(^id|_id|Id|ID|Identifier|Arn|[nN]ame)s?(\[\])?$/.test(key) ? itemsOf(value) : [],
  );
  return items.every(plain) ? items.map(String) : undefined;
}

/** Of a list, or of a form's: numbers, with a `member` before them or without. */
function itemsOf(value: Tree): readonly Tree[] {
  if (Array.isArray(value)) return value;
  if (!(value instanceof Map)) return [];
  const entries = [...(value as ReadonlyMap<string, Tree>)];
  const [[key, only] = ["", null]] = entries;
  if (entries.length === 1 && key === "member") return itemsOf(only);
  return entries.every(([each]) => /^\d+$/.test(each)) ? entries.map(([, each]) => each) : [];
}

function firstText(tree: ReadonlyMap<string, Tree>): string | undefined {
  for (const [key, value] of tree) if (/(^id|_id|Id)$/.test(key) && plain(value)) return String(value);
  return undefined;
}

function plain(value: Tree): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

function childrenOf(value: Tree): Iterable<Tree> {
  if (Array.isArray(value)) return value;
  return value instanceof Map ? value.values() : [];
}

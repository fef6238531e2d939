/**
 * Paths into providers' answers, as packs write them: `read.data.items[id].name`. Lists are walked through in their order.
 * `name[path]` keeps those in which the value at `path` is the thing's own id, `name[path=word]` those in which it is the
 * word. It repairs nothing: what is not there is not found.
 */
import { plainText } from "./texts.ts";
import type { Tree } from "./tree.ts";

/** Steps of one walk: an answer cannot make it longer. */
const STEPS_MAX = 50_000;

/** Every value at the path, in order; nothing where the walk is too long. */
export function answersAt(tree: Tree, path: string, id: string): readonly Tree[] {
  const steps = { left: STEPS_MAX };
  const found = segmentsOf(path).reduce<readonly Tree[]>(
    (values, segment) => values.flatMap((value) => step(value, segment, id, steps)),
    [tree],
  );
  return steps.left > 0 ? found : [];
}

/** Those that are plain, as texts. */
export function textsAt(tree: Tree, paths: readonly string[], id: string): readonly string[] {
  for (const path of paths) {
    const found = answersAt(tree, path, id).flatMap(flat).flatMap(plainText);
    if (found.length > 0) return found;
  }
  return [];
}

interface Segment {
  readonly name: string;
  readonly holds: string | undefined;
}

/** Dots inside brackets belong to what stands in them. */
function segmentsOf(path: string): readonly Segment[] {
  return [...path.matchAll(/([^.[\]]+)(?:\[([^\]]*)\])?/g)].map(([, name = "", holds]) => ({ name, holds }));
}

function step(value: Tree, { name, holds }: Segment, id: string, steps: { left: number }): readonly Tree[] {
  steps.left -= 1;
  if (steps.left <= 0) return [];
  if (Array.isArray(value)) return (value as readonly Tree[]).flatMap((each) => step(each, { name, holds }, id, steps));
  if (!(value instanceof Map)) return [];
  const map = value as ReadonlyMap<string, Tree>;
  const children = name === "*" ? [...map.values()] : map.has(name) ? [map.get(name) as Tree] : [];
  if (holds === undefined) return children;
  const [where = "", word] = holds.split("=");
  return children.flatMap(flat).filter((child) => {
    const inner = segmentsOf(where).reduce<readonly Tree[]>(
      (values, segment) => values.flatMap((each) => step(each, segment, id, steps)),
      [child],
    );
    return inner
      .flatMap(flat)
      .some((each) => (word === undefined ? plainText(each)[0] === id : plainText(each)[0]?.toLowerCase() === word));
  });
}

/** A list's items; anything else by itself. */
export function flat(value: Tree): readonly Tree[] {
  return Array.isArray(value) ? (value as readonly Tree[]).flatMap(flat) : [value];
}

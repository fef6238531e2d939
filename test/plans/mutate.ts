/** Changes one value of a plan, or anything else that JSON can hold, at every place there is. */

export type Path = readonly (string | number)[];

/** Every value that is not an object or a list with something in it, by its path. */
export function leaves(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, Array.isArray(value) ? Number(key) : key]));
}

/** A copy that has another value there. */
export function changedAt<T>(whole: T, path: Path): T {
  return withValueAt(whole, path, (value) => {
    if (typeof value === "number") return value + 1;
    if (typeof value === "string") return `${value}x`;
    return value === null ? "" : "another";
  });
}

/** A copy that lacks it. */
export function withoutAt<T>(whole: T, path: Path): T {
  const copy = structuredClone(whole);
  const { holder, last } = holderOf(copy, path);
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy;
}

function withValueAt<T>(whole: T, path: Path, other: (value: unknown) => unknown): T {
  const copy = structuredClone(whole);
  const { holder, last } = holderOf(copy, path);
  holder[last] = other(holder[last]);
  return copy;
}

function holderOf(copy: unknown, path: Path): { readonly holder: Record<string | number, unknown>; readonly last: string | number } {
  let holder = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as typeof holder;
  return { holder, last: path.at(-1) ?? "" };
}

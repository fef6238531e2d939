/**
 * What a provider's own clients do every day and no list of losses names: reads that are sent as POST, and changes that lose nothing.
 * It looks into nothing but what is said for all of a list.
 */
import { operationsAt } from "./operation.ts";
import type { Look, PackOperation } from "./pack.ts";

export interface Everyday {
  readonly class: "read" | "write";
  /** What they are about, one word. */
  readonly thing: string;
  readonly doors: readonly string[];
  /** Requests near them that are none of them. */
  readonly misses: readonly string[];
  readonly look?: readonly Look[];
}

/** `origin` is where doors without a host are. Ids are `everyday-` and class, thing; the examples are the doors, names filled in. */
export function everydayAt(origin: string, lists: readonly Everyday[]): readonly PackOperation[] {
  const op = operationsAt(origin);
  return lists.map(({ class: ofClass, thing, doors, misses, look }) =>
    op(
      [`everyday-${ofClass}-${thing}`, ofClass, thing],
      doors,
      { matches: doors.map((door) => exampleOf(door, origin)), misses },
      look === undefined ? {} : { look },
    ),
  );
}

function exampleOf(door: string, origin: string): string {
  const [methods = "", place = ""] = door.split(" ");
  if (methods === "GQL") return `POST ${origin}/graphql ${JSON.stringify({ query: `mutation { ${place}(input: {id: 1}) { id } }` })}`;
  const path = place
    .replace(/\{[^}]*\}/g, "x1")
    .replaceAll("**", "x2/x3")
    .replaceAll("*", "v1");
  const [method = ""] = methods.split("+");
  return path.startsWith("/") ? `${method} ${path} {}` : `${method} https://${path} {}`;
}

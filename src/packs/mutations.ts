/**
 * Mutations of a GraphQL API that have no entry of their own in a pack, by class: so that one that no list has is a new one.
 * It looks into nothing but what is said for all of a class.
 */
import type { Look, OperationClass, PackOperation } from "./pack.ts";

export interface Listed {
  readonly class: OperationClass;
  /** What they are about, one word. */
  readonly thing: string;
  /** Names of fields, white space between them. */
  readonly fields: string;
  readonly look?: readonly Look[];
}

/** `at` is where the API is asked. Ids are `more-` and class, thing. */
export function listedMutations(at: string, lists: readonly Listed[]): readonly PackOperation[] {
  return lists.map(({ class: ofClass, thing, fields, look }) => {
    const names = fields.split(/\s+/).filter((each) => each !== "");
    const body = (query: string) => `POST ${at} ${JSON.stringify({ query })}`;
    return {
      id: `more-${ofClass}-${thing}`,
      doors: names.map((name) => `GQL ${name}`),
      class: ofClass,
      thing,
      examples: {
        matches: names.slice(0, 1).map((name) => body(`mutation { ${name}(input: {id: "x"}) { id } }`)),
        misses: [body(`query { ${names[0]}(id: "x") { id } }`)],
      },
      ...(look === undefined ? {} : { look }),
    };
  });
}

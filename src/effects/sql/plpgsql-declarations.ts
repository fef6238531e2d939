/**
 * Initial values of PL/pgSQL variables, found by tokens: the parser's tree leaves out those of variables whose type it does not
 * know (records, domains, rows).
 * It does not look at types, cursors or statements; the walk over the tree does.
 */
import { scanSync } from "libpg-query";
import { parseSql } from "./parse.ts";
import { as, list, stringOf, tagged, text } from "./tree.ts";

type Token = ReturnType<typeof scanSync>["tokens"][number];

/** Comments are tokens too. */
const COMMENTS: ReadonlySet<string> = new Set(["SQL_COMMENT", "C_COMMENT"]);

/** The expressions after `:=`, `=` or DEFAULT in every DECLARE section of a whole CREATE FUNCTION or DO. `undefined`: it cannot be read. */
export function initialValues(definition: string): readonly string[] | undefined {
  const body = bodyOf(definition);
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, "utf8");
  const tokens = scanSync(body).tokens.filter((token) => !COMMENTS.has(token.tokenName));
  const found: string[] = [];
  let declaration: Token[] | undefined;
  let depth = 0;
  for (const token of tokens) {
    const word = token.text.toLowerCase();
    if (declaration === undefined || (depth === 0 && word === "declare")) {
      if (word === "declare") [declaration, depth] = [[], 0];
      continue;
    }
    if (depth === 0 && word === "begin" && declaration.length === 0) {
      declaration = undefined;
      continue;
    }
    if ("([".includes(token.text)) depth += 1;
    if (")]".includes(token.text)) depth -= 1;
    if (token.text !== ";" || depth > 0) {
      declaration.push(token);
      continue;
    }
    const value = initialValue(declaration, token.start, bytes);
    if (value !== undefined) found.push(value);
    declaration = [];
  }
  return found;
}

/** `name type := value;`. A cursor's query is found in the tree. */
function initialValue(declaration: readonly Token[], end: number, bytes: Buffer): string | undefined {
  if (declaration.slice(1, 4).some((token) => token.text.toLowerCase() === "cursor")) return undefined;
  let depth = 0;
  for (const token of declaration) {
    if ("([".includes(token.text)) depth += 1;
    if (")]".includes(token.text)) depth -= 1;
    const begins = token.text === ":=" || token.text === "=" || token.text.toLowerCase() === "default";
    if (depth === 0 && begins) return bytes.subarray(token.end, end).toString("utf8");
  }
  return undefined;
}

function bodyOf(definition: string): string | undefined {
  const statement = tagged((parseSql(definition)?.[0] as { readonly stmt?: unknown } | undefined)?.stmt);
  const options = list(statement?.fields ?? {}, statement?.tag === "DoStmt" ? "args" : "options");
  const body = options.map((option) => as(option, "DefElem") ?? {}).find((option) => text(option, "defname") === "as")?.["arg"];
  return stringOf(body) ?? stringOf(list(as(body, "List") ?? {}, "items")[0]);
}

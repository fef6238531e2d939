/**
 * The one door to the parser's raw trees.
 * It does not interpret them; what breaks the parser itself is thrown on, so that its worker can be replaced.
 */
import { parseSync, SqlError } from "libpg-query";

/** Raw statements, or `undefined` when the text does not parse. Throws RangeError or a wasm error when the parser is broken by it. */
export function parseSql(sql: string): readonly unknown[] | undefined {
  if (sql.trim() === "") return [];
  try {
    return parseSync(sql).stmts ?? [];
  } catch (error) {
    if (error instanceof SqlError) return undefined;
    throw error;
  }
}

/**
 * The order in which schemas are searched for an unqualified name, as the server's recomputeNamespacePath lays it out.
 * It does not know which schemas exist or may be used: the effective path already leaves the others out.
 */

/** `pg_temp`, or the name the server shows for it. Only the session's own is ever in its effective path. */
export function isTemporarySchema(schema: string): boolean {
  return schema === "pg_temp" || /^pg_temp_[0-9]+$/.test(schema);
}

/** Relations and types are looked for in the temporary schema first unless the path puts it elsewhere; functions and operators never. */
export type TemporarySchema = "temporary first" | "never temporary";

const laidOut = new WeakMap<readonly string[], Record<TemporarySchema, readonly string[]>>();

export function searchedSchemas(searchPath: readonly string[], temporary: TemporarySchema): readonly string[] {
  let orders = laidOut.get(searchPath);
  if (!orders) {
    orders = layOut(searchPath);
    // Paths live as long as the session context that holds them; a context is replaced, never changed.
    laidOut.set(searchPath, orders);
  }
  return orders[temporary];
}

function layOut(searchPath: readonly string[]): Record<TemporarySchema, readonly string[]> {
  const lasting = searchPath.filter((schema) => !isTemporarySchema(schema));
  const withCatalogue = lasting.includes("pg_catalog") ? searchPath : ["pg_catalog", ...searchPath];
  return {
    "temporary first": searchPath.some(isTemporarySchema) ? withCatalogue : ["pg_temp", ...withCatalogue],
    "never temporary": withCatalogue.filter((schema) => !isTemporarySchema(schema)),
  };
}

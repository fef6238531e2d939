/**
 * Identifiers and literals as SQL text, and the little that provisioning asks of a connection.
 * It opens no connection: whoever does hands one in.
 */
import { ident } from "../base/sql-text.ts";

export { ident, literal } from "../base/sql-text.ts";

/** A connected client of an administrator; `pg.Client` is one. Texts without values may hold several statements. */
export interface AdminClient {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

export function qualified(schema: string, name: string): string {
  return `${ident(schema)}.${ident(name)}`;
}

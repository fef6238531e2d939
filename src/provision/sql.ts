/**
 * Identifiers and literals as SQL text, and the little that provisioning asks of a connection.
 * It opens no connection: whoever does hands one in.
 */

/** A connected client of an administrator; `pg.Client` is one. Texts without values may hold several statements. */
export interface AdminClient {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** Always quoted: what a name looks like never decides what it means. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualified(schema: string, name: string): string {
  return `${ident(schema)}.${ident(name)}`;
}

/** The same whatever `standard_conforming_strings` is: a backslash makes it an escape string. */
export function literal(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return text.includes("\\") ? `E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

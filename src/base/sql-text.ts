/**
 * Names and texts as PostgreSQL's SQL writes them. It knows no statement.
 */

/** Always quoted: what a name looks like never decides what it means. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The same whatever `standard_conforming_strings` is: a backslash makes it an escape string. */
export function literal(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return text.includes("\\") ? `E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

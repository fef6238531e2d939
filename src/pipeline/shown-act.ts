/**
 * An act as a person reads it before answering: its whole text with its values, never cut, with what looks like a secret masked.
 * It is no record: the audit log holds no literal of it.
 */
import { maskSecrets } from "../audit/redact.ts";

/** `values` are those of `$1`, `$2` ... as people may read them; `null` is NULL. */
export function shownAct(text: string, values: readonly (string | null)[] = []): string {
  const lines = values.map((value, i) => `$${i + 1} = ${value === null ? "NULL" : `'${maskSecrets(value).replaceAll("'", "''")}'`}`);
  return [maskSecrets(text), ...(lines.length === 0 ? [] : ["", ...lines])].join("\n");
}

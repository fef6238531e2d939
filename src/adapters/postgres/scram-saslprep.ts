/**
 * SASLprep (RFC 4013) as PostgreSQL does it: a password that the profile does not allow is used as it is, unprepared.
 * It does not refuse any password.
 */
import { stringprepTables } from "./scram-stringprep-tables.ts";

/** The form of a password that goes into PBKDF2. */
export function saslPrep(password: string): string {
  // PostgreSQL leaves every all-ASCII password alone, control characters included.
  if (/^[\x00-\x7f]*$/.test(password)) return password;
  const mapped = Array.from(password, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (within(stringprepTables.nonAsciiSpace, code)) return " ";
    return within(stringprepTables.mappedToNothing, code) ? "" : character;
  }).join("");
  const prepared = mapped.normalize("NFKC");
  const codes = Array.from(prepared, (character) => character.codePointAt(0) ?? 0);
  return codes.length > 0 && codes.every(permitted) && directionsAgree(codes) ? prepared : password;
}

function permitted(code: number): boolean {
  return !within(stringprepTables.prohibited, code) && !within(stringprepTables.unassigned, code);
}

/** RFC 3454 section 6: text with right-to-left characters holds no left-to-right ones, and begins and ends with the former. */
function directionsAgree(codes: readonly number[]): boolean {
  const isRightToLeft = (code: number | undefined) => code !== undefined && within(stringprepTables.rightToLeft, code);
  if (!codes.some(isRightToLeft)) return true;
  return !codes.some((code) => within(stringprepTables.leftToRight, code)) && isRightToLeft(codes[0]) && isRightToLeft(codes.at(-1));
}

function within(flat: Uint32Array, code: number): boolean {
  let low = 0;
  let high = flat.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (code < (flat[middle * 2] ?? 0)) high = middle - 1;
    else if (code > (flat[middle * 2 + 1] ?? 0)) low = middle + 1;
    else return true;
  }
  return false;
}

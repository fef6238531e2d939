/**
 * Whether the value of an assignment is a secret, going by its name, the kind of file and how it looks.
 * Shapes that a provider issues are found elsewhere; this is for the rest, where false alarms come from.
 */
import type { Assignment } from "./assignments.ts";
import { looksRandom } from "./chance.ts";
import { nameKind } from "./names.ts";
import type { FileKind } from "./paths.ts";
import { isPlaceholder } from "./placeholder.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Judged by what it says inside, under the rules for tokens. */
const jwtLike = /^eyJ[\w-]+\.[\w-]+\./;
/** Longer texts without a shape of their own are ciphertexts, pictures and the like. */
const valueCharactersMax = 256;

/** Looks drawn by chance, or is what a person makes up for a password; not a path, a date, a version, an identifier or prose. */
export function isGenericSecret(assignment: Assignment, kind: FileKind, isTest: boolean): boolean {
  const { name, value, quoted } = assignment;
  if (kind === "example" || kind === "generated") return false;
  const promise = nameKind(name);
  if (promise === "none" || value.length > valueCharactersMax || jwtLike.test(value) || isPlaceholder(value) || isOrdinary(value))
    return false;
  // A drawn password with one digit and one sign at the right places has the form of a name.
  if (isName(value) && !(promise === "password" && looksRandom(value, 10))) return false;
  if (kind === "code" && !quoted) return false;
  if (uuid.test(value)) return kind !== "code" && promise === "key" && !isTest && !/^0{8}|^1{8}/.test(value);
  if (isTest) return looksRandom(value, 24);
  if (kind === "code")
    return looksRandom(value, 16) || (promise === "password" && isChosenPassword(value, 10) && /[^A-Za-z0-9]/.test(value));
  return looksRandom(value, 14) || isChosenPassword(value, promise === "password" ? 7 : 12);
}

/** Texts of kinds that stand in configuration everywhere. */
function isOrdinary(value: string): boolean {
  return (
    value.length < 6 ||
    /\s/.test(value.replace(/ (?=\S)/, "")) ||
    /^(?:[a-z][a-z0-9+.-]*:)?\/\/|^(?:\.{0,2}|~|[A-Za-z]:)[/\\]|^www\./.test(value) ||
    /^[\w.+-]+@[\w-]+\.[\w.-]+$/.test(value) ||
    /^\d{4}-\d\d-\d\d|^v?\d+(?:\.\d+){1,3}(?:[-+][\w.]+)?$|^[\d.,:%-]+$|^\d+(?:ms|s|m|h|d|kb|mb|gb|px|rem|em)$/i.test(value) ||
    /[<>]|=>|\(\)|\bfunction\b|^[[{(]|[;{]$/.test(value) ||
    /^(?:application|text|image|audio|video|multipart)\//.test(value) ||
    /^\d+\/[a-z]+$|^#[0-9a-f]{3,8}$|^rgb|^0x[0-9a-f]{1,8}$/i.test(value) ||
    // Regular expressions.
    /\\[wdsbWDSB]|\[\^|\{\d+,\d*\}|\(\?[:=!<]/.test(value) ||
    /^[^\x20-\x7e]/.test(value)
  );
}

/** Names in every style: SOME_NAME, some-name, some.name, someName, Some::Name, a/b/c; a digit at the end of a word is still a name. */
function isName(value: string): boolean {
  return (
    /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(value) ||
    /^[a-z]+\d?(?:[-_./:][a-z]+\d?)*$/i.test(value) ||
    /^[a-z]+(?:[A-Z][a-z]+)+\d?$/.test(value) ||
    /^(?:[A-Z][a-z]+)+\d?$/.test(value) ||
    (/^[\w-]+(?:\.[A-Za-z_][\w-]*)+$/.test(value) && /[a-z]{3,}\.[a-z]{2,}/i.test(value) && !/\d{2,}/.test(value))
  );
}

/** `Winter-2024!`: letters and digits or signs mixed, as rules for passwords ask of people. */
function isChosenPassword(value: string, lengthMin: number): boolean {
  if (value.length < lengthMin || value.length > 72 || /\s/.test(value)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  return kinds >= 3 || (kinds === 2 && /[0-9]/.test(value) && /[A-Za-z]/.test(value) && /\d{2,}|\d[A-Za-z]/.test(value));
}

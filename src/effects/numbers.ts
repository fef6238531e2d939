/**
 * The shape of a SQL text whose whole numbers may stand for others: each digit becomes `0`, so that lengths and positions stay.
 * It does not parse, and says nothing of a text whose tokens cannot be told apart by looking at single characters.
 */

export interface NumberShape {
  /** The text with the digits of its whole numbers masked. */
  readonly shape: string;
  /** How many numbers were masked. */
  readonly numbers: number;
}

/** Longer texts are rarely sent again with other numbers. */
const CHARACTERS_MAX = 2_048;
/** Ten digits may be beyond an integer: the server would give such a number another type. */
const DIGITS_MAX = 9;

const WORD = 1;
const DIGIT = 2;
/** A quote, a dollar or a character beyond ASCII: strings, quoted names, parameters and comments are not told apart here. */
const OPAQUE = 3;

const kinds = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const letter = String.fromCharCode(code);
  if (/[A-Za-z_.]/.test(letter)) kinds[code] = WORD;
  else if (/[0-9]/.test(letter)) kinds[code] = DIGIT;
  else if (/['"$\\]/.test(letter)) kinds[code] = OPAQUE;
}

const ZEROS = Array.from({ length: DIGITS_MAX + 1 }, (_, digits) => "0".repeat(digits));

/** `undefined` when there is nothing to mask, or when more than a look at each character would be needed. */
export function numberShape(sql: string): NumberShape | undefined {
  if (sql.length > CHARACTERS_MAX) return undefined;
  let shape = "";
  let copied = 0;
  let numbers = 0;
  let before = 0;
  for (let at = 0; at < sql.length; at++) {
    const code = sql.charCodeAt(at);
    const kind = code < 128 ? (kinds[code] as number) : OPAQUE;
    if (kind === OPAQUE || startsComment(sql, code, at)) return undefined;
    if (kind === DIGIT && before !== WORD) {
      const end = digitsEnd(sql, at);
      const after = kinds[sql.charCodeAt(end)];
      // `12a`, `1.5` and `0x1F` are other kinds of token: they stay as they are, and so does what hangs on them.
      if (after !== WORD && end - at <= DIGITS_MAX) {
        shape += sql.slice(copied, at) + (ZEROS[end - at] as string);
        copied = end;
        numbers += 1;
      }
      at = end - 1;
      before = after === WORD ? WORD : DIGIT;
    } else {
      before = kind === DIGIT ? WORD : kind;
    }
  }
  return numbers === 0 ? undefined : { shape: shape + sql.slice(copied), numbers };
}

function digitsEnd(sql: string, from: number): number {
  let at = from + 1;
  while (kinds[sql.charCodeAt(at)] === DIGIT) at++;
  return at;
}

/** `--` and `/*`: what follows is no longer read as tokens. */
function startsComment(sql: string, code: number, at: number): boolean {
  return (code === 0x2d && sql.charCodeAt(at + 1) === 0x2d) || (code === 0x2f && sql.charCodeAt(at + 1) === 0x2a);
}

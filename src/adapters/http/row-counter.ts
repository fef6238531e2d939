/**
 * Rows of an answer in JSON, counted while it streams by: the elements of the lists at a pack's paths. It keeps no content, and repairs
 * nothing: what it cannot count, or any other list that is longer than permitted, is a problem.
 */

const DEPTH_MAX = 200;
const KEY_BYTES_MAX = 200;

interface Level {
  readonly list: boolean;
  /** Names on the way to it, without places in lists. */
  readonly path: string;
  elements: number;
}

const BACKSLASH = 0x5c;
const QUOTE = 0x22;

export class RowCounter {
  readonly #paths: ReadonlySet<string>;
  readonly #max: number;
  readonly #levels: Level[] = [];
  /** The bytes of the string that is open, where it may be a name. */
  #text: number[] | undefined;
  #inString = false;
  #escaped = false;
  #key = "";
  /** A value has begun since the last comma or opening. */
  #value = false;
  #over = false;
  rows = 0;
  /** Why it did not go on. */
  problem: string | undefined;

  /** `paths`: names with dots between them, `""` for an answer that is a list itself. */
  constructor(paths: readonly string[], max: number) {
    this.#paths = new Set(paths);
    this.#max = max;
  }

  /** Why it may not go on, in a clause. */
  step(chunk: Buffer): string | undefined {
    for (const byte of chunk) {
      const problem = this.#inString ? this.#string(byte) : this.#plain(byte);
      this.problem = problem;
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #string(byte: number): undefined {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#text !== undefined) this.#key = Buffer.from(this.#text).toString("utf8");
      return undefined;
    }
    if (this.#text !== undefined && this.#text.length < KEY_BYTES_MAX) this.#text.push(byte);
    return undefined;
  }

  #plain(byte: number): string | undefined {
    const level = this.#levels.at(-1);
    switch (byte) {
      case 0x20: // white space
      case 0x09:
      case 0x0a:
      case 0x0d:
        return undefined;
      case 0x7b: // {
      case 0x5b: // [
        return this.#open(byte === 0x5b, level);
      case 0x7d: // }
      case 0x5d: // ]
        if (level?.list !== (byte === 0x5d)) return "its answer is no JSON, so that its rows cannot be counted";
        this.#levels.pop();
        this.#over = this.#levels.length === 0;
        this.#value = true;
        return undefined;
      case 0x2c: // ,
        this.#value = false;
        return undefined;
      case 0x3a: // :
        this.#value = false;
        return undefined;
      default:
        if (byte === QUOTE) {
          this.#inString = true;
          this.#text = level?.list === false ? [] : undefined;
        }
        return this.#begin(level);
    }
  }

  #open(list: boolean, level: Level | undefined): string | undefined {
    const problem = this.#begin(level);
    if (problem !== undefined && (level !== undefined || this.#over)) return problem;
    if (this.#levels.length >= DEPTH_MAX) return "its answer is nested too deeply for its rows to be counted";
    const path = level === undefined ? "" : level.list ? level.path : level.path === "" ? this.#key : `${level.path}.${this.#key}`;
    // A list in a list is no list of its own name.
    this.#levels.push({ list, path: level?.list === true && list ? `${path}.` : path, elements: 0 });
    this.#value = false;
    return undefined;
  }

  /** A value begins; in a list it is an element. */
  #begin(level: Level | undefined): string | undefined {
    if (level === undefined) return this.#over ? "more follows its answer" : "its answer is of a kind whose rows cannot be counted";
    if (this.#value || !level.list) return undefined;
    this.#value = true;
    level.elements += 1;
    const known = this.#paths.has(level.path);
    if (known) this.rows += 1;
    return this.rows > this.#max || level.elements > this.#max ? `it is more than the ${this.#max} rows that are permitted` : undefined;
  }
}

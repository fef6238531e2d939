/**
 * A simple query that is judged and sent in pieces, because the end of a transaction in it changes what the statements behind it mean.
 * It does not judge. The server begins anew behind the end of a transaction too, so that the client sees one answer, as from the whole.
 */

export class Pieces {
  readonly #bytes: Buffer;
  /** Where the piece at hand begins and ends in the client's text. */
  #from = 0;
  #to: number;
  #blanks = 0;

  /** `bytes` are the text as the client sent it. They are kept while later chunks arrive, so they are copied. */
  constructor(bytes: Buffer) {
    this.#bytes = Buffer.from(bytes);
    this.#to = this.#bytes.length;
  }

  /** The piece at hand: blanks for what stands before it, as positions in errors count characters of the whole text. */
  get text(): string {
    return " ".repeat(this.#blanks) + this.#bytes.toString("utf8", this.#from, this.#to);
  }

  get last(): boolean {
    return this.#to === this.#bytes.length;
  }

  /** The piece at hand is to end at this byte of its text. False: it would be as long as it is, or empty. */
  cut(at: number): boolean {
    const to = this.#from + at - this.#blanks;
    if (to <= this.#from || to >= this.#to) return false;
    this.#to = to;
    return true;
  }

  /** The piece at hand has been sent. */
  next(): void {
    this.#blanks += [...this.#bytes.toString("utf8", this.#from, this.#to)].length;
    this.#from = this.#to;
    this.#to = this.#bytes.length;
  }
}

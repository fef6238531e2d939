/**
 * The bodies of login-phase messages, read with every field bounded by its frame and the frame consumed exactly.
 * It does not know the order in which they may come.
 */

/** The body does not hold what its type demands. */
export class MalformedBody extends Error {
  override readonly name = "MalformedBody";
}

/** A cursor over one body; every read is bounded by it. */
export class BodyReader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get left(): number {
    return this.#body.length - this.#at;
  }

  uint8(): number {
    return this.bytes(1)[0] ?? 0;
  }

  int16(): number {
    return this.bytes(2).readInt16BE(0);
  }

  int32(): number {
    return this.bytes(4).readInt32BE(0);
  }

  bytes(size: number): Buffer {
    if (size < 0 || size > this.left) throw new MalformedBody("a field reaches beyond its frame");
    this.#at += size;
    return this.#body.subarray(this.#at - size, this.#at);
  }

  /** A zero-terminated string. Invalid UTF-8 becomes replacement characters: for text that is shown, never for what is compared. */
  string(): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0) throw new MalformedBody("a string without its zero byte");
    const text = this.#body.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }

  end(): void {
    if (this.left !== 0) throw new MalformedBody("bytes after the last field");
  }
}

/** SASLInitialResponse: mechanism and the client's first message (absent when the length is -1). */
export function readSaslInitial(body: Buffer): { readonly mechanism: string; readonly data: string | undefined } {
  const reader = new BodyReader(body);
  const mechanism = reader.string();
  const length = reader.int32();
  const data = length === -1 ? undefined : reader.bytes(length).toString("utf8");
  reader.end();
  return { mechanism, data };
}

/** ErrorResponse and NoticeResponse: the fields by their letter. */
export function readErrorFields(body: Buffer): ReadonlyMap<string, string> {
  const reader = new BodyReader(body);
  const fields = new Map<string, string>();
  for (let letter = reader.uint8(); letter !== 0; letter = reader.uint8()) {
    fields.set(String.fromCharCode(letter), reader.string());
  }
  reader.end();
  return fields;
}

/** DataRow in text format; a null is `null`. */
export function readTextRow(body: Buffer): readonly (string | null)[] {
  const reader = new BodyReader(body);
  const count = reader.int16();
  const values: (string | null)[] = [];
  for (let i = 0; i < count; i += 1) {
    const length = reader.int32();
    values.push(length === -1 ? null : reader.bytes(length).toString("utf8"));
  }
  reader.end();
  return values;
}

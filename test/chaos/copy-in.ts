/**
 * COPY FROM STDIN for node-postgres, which leaves it to others: a query that sends its lines when the server asks for them.
 * It does not wait for the socket: for data that fits into memory.
 */
interface Connection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

export class CopyIn {
  /** Resolves with the command tag. */
  readonly done: Promise<string>;
  readonly #text: string;
  readonly #lines: readonly string[];
  #tag = "";
  #error: Error | undefined;
  #resolve: (tag: string) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(text: string, lines: readonly string[]) {
    this.#text = text;
    this.#lines = lines;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(connection: Connection): void {
    for (let at = 0; at < this.#lines.length; at += 50) connection.sendCopyFromChunk(Buffer.from(this.#lines.slice(at, at + 50).join("")));
    connection.endCopyFrom();
  }

  handleCommandComplete(message: { text: string }): void {
    this.#tag = message.text;
  }

  handleError(error: Error): void {
    this.#error ??= error;
    // A connection that is lost says no ReadyForQuery.
    setImmediate(() => this.#reject(this.#error ?? error));
  }

  handleReadyForQuery(): void {
    if (this.#error !== undefined) this.#reject(this.#error);
    else this.#resolve(this.#tag);
  }
}

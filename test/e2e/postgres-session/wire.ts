/**
 * Speaks raw messages to a server and shows its answers as text, one word a message: `T D C:SELECT_1 Z:I`, `E:42501`.
 * Messages are built here by hand, not by the code under test.
 */
import pg from "pg";
import type { Socket } from "node:net";

function message(type: string, ...parts: (string | number[] | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(`${part}\0`) : Buffer.from(part))));
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), size, body]);
}

/** One message from its text: `Q select 1`, `P name|text`, `B portal|statement`, `E portal`, `E portal|3`, `DS name`, `DP portal`, `CS name`, `H`, `S`, `d bytes`, `c`, `f why`, `F oid`. */
export function clientMessage(line: string): Buffer {
  const [word = "", ...rest] = line.split(" ");
  const text = rest.join(" ");
  const [first = "", second = ""] = text.split("|");
  switch (word) {
    case "Q": case "f": return message(word, text);
    case "P": return message("P", first, text.slice(first.length + 1), [0, 0]);
    case "B": return message("B", first, second, [0, 0, 0, 0, 0, 0]);
    case "E": return message("E", first, [0, 0, 0, Number(second || 0)]);
    case "DS": return message("D", Buffer.from("S"), first);
    case "DP": return message("D", Buffer.from("P"), first);
    case "CS": return message("C", Buffer.from("S"), first);
    case "CP": return message("C", Buffer.from("P"), first);
    case "d": return message("d", Buffer.from(text));
    case "F": {
      const oid = Buffer.alloc(4);
      oid.writeUInt32BE(Number(first));
      return message("F", oid, [0, 0, 0, 0, 0, 0]);
    }
    default: return message(word);
  }
}

/** Whole frames at the start of `bytes`, as words, and what is left. */
export function words(bytes: Buffer): { readonly said: string[]; readonly rest: Buffer } {
  const said: string[] = [];
  let at = 0;
  while (bytes.length - at >= 5) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end > bytes.length) break;
    said.push(word(String.fromCharCode(bytes[at] ?? 0), bytes.subarray(at + 5, end)));
    at = end;
  }
  return { said, rest: bytes.subarray(at) };
}

function word(type: string, body: Buffer): string {
  if (type === "C") return `C:${body.toString("utf8", 0, body.length - 1).replaceAll(" ", "_")}`;
  if (type === "Z") return `Z:${body.toString()}`;
  if (type === "E") return `E:${/\0C(\w{5})\0/.exec(body.toString())?.[1] ?? "?"}`;
  return type;
}

export class Wire {
  readonly #socket: Socket;
  readonly #client: pg.Client;
  #rest: Buffer = Buffer.alloc(0);
  #said: string[] = [];
  #wake: () => void = () => {};
  #ended = false;

  private constructor(client: pg.Client) {
    this.#client = client;
    this.#socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
    this.#socket.removeAllListeners("data");
    this.#socket.on("data", (chunk: Buffer) => {
      const { said, rest } = words(Buffer.concat([this.#rest, chunk]));
      this.#rest = rest;
      this.#said.push(...said.filter((one) => one !== "S" && one !== "N"));
      this.#wake();
    });
    this.#socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Logs in with node-postgres and takes its socket. */
  static async connect(url: string): Promise<Wire> {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    await client.connect();
    return new Wire(client);
  }

  /** Sends the messages as one write. */
  send(...lines: string[]): void {
    this.#socket.write(Buffer.concat(lines.map(clientMessage)));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** What came up to and with the word that begins so, as one line. */
  async until(prefix: string, times = 1): Promise<string> {
    for (;;) {
      let seen = 0;
      const at = this.#said.findIndex((one) => one.startsWith(prefix) && ++seen === times);
      if (at >= 0) return this.#said.splice(0, at + 1).join(" ");
      if (this.#ended) return `${this.#said.splice(0).join(" ")} (closed)`.trim();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** What is there after the server had time to say more. */
  get pending(): string {
    return this.#said.join(" ");
  }

  close(): void {
    this.#socket.destroy();
    this.#client.end().catch(() => undefined);
  }
}

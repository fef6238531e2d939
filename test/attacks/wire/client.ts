/**
 * A PostgreSQL client that sends any bytes: logs in with SCRAM-SHA-256 and gives back what the other side answered, message by message.
 * It keeps no rule of the protocol; drivers that do are used elsewhere.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { cstring, errorFields, frame, int32, type Message, messages, rowFields } from "./frames.ts";

export interface WireLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** More start-up parameters. */
  readonly startup?: Readonly<Record<string, string>>;
  readonly version?: number;
}

/** What came back up to and with ReadyForQuery, or up to the end of the connection. */
export interface Answer {
  readonly messages: readonly Message[];
  readonly closed: boolean;
}

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly severity: string;
}

/** Longer than this without an answer is a failure of the test, never a pass. */
const patienceMs = 8_000;

export class WireClient {
  readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => undefined;
  readonly #queue: Message[] = [];
  /** Process id and secret of BackendKeyData. */
  key: { readonly process: number; readonly secret: Buffer } | undefined;
  readonly parameters = new Map<string, string>();
  /** `I`, `T` or `E` of the last ReadyForQuery. */
  status = "";

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** A connection that has sent nothing yet. */
  static async open(host: string, port: number): Promise<WireClient> {
    const socket = connect(port, host);
    socket.setNoDelay(true);
    const client = new WireClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** A connection that is logged in. Throws what the other side answered when it is not let in. */
  static async login(login: WireLogin): Promise<WireClient> {
    const client = await WireClient.open(login.host, login.port);
    const answer = await client.authenticate(login);
    if (answer.closed || errorsOf(answer).length > 0) {
      client.destroy();
      throw new Error(`not let in: ${JSON.stringify(errorsOf(answer))}`);
    }
    return client;
  }

  /** Start-up and SCRAM; the answer is what came after the password was proven, or the refusal. */
  async authenticate(login: WireLogin): Promise<Answer> {
    this.send(messages.startup({ user: login.user, database: login.database, ...login.startup }, login.version));
    const nonce = randomBytes(12).toString("base64");
    const first = `n=,r=${nonce}`;
    const got: Message[] = [];
    for (;;) {
      const message = await this.next();
      if (message === undefined) return { messages: got, closed: true };
      const kind = message.type === "R" ? message.body.readInt32BE(0) : undefined;
      if (kind === 10) this.send(frame("p", [cstring("SCRAM-SHA-256"), int32(first.length + 3), Buffer.from(`n,,${first}`)]));
      else if (kind === 11) this.send(frame("p", Buffer.from(proof(login.password, nonce, first, message.body.toString("utf8", 4)))));
      else got.push(message);
      if (message.type === "Z") return { messages: got, closed: false };
    }
  }

  send(...bytes: readonly Buffer[]): void {
    if (!this.#closed) this.socket.write(Buffer.concat(bytes));
  }

  /** The next message; undefined when the connection is closed. Throws when nothing comes. */
  async next(): Promise<Message | undefined> {
    const deadline = performance.now() + patienceMs;
    while (this.#queue.length === 0 && !this.#closed) {
      if (performance.now() > deadline) throw new Error("no answer came");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#queue.shift();
  }

  /** Everything up to the next ReadyForQuery. COPY from the client is answered with `copy`, or failed. */
  async ready(copy?: string): Promise<Answer> {
    const got: Message[] = [];
    for (;;) {
      const message = await this.next();
      if (message === undefined) return { messages: got, closed: true };
      got.push(message);
      if (message.type === "G")
        this.send(...(copy === undefined ? [messages.copyFail("nothing to send")] : [messages.copyData(copy), messages.copyDone()]));
      if (message.type === "Z") return { messages: got, closed: false };
    }
  }

  async simple(text: string | Buffer, copy?: string): Promise<Answer> {
    this.send(messages.query(text));
    return this.ready(copy);
  }

  /** Parse, Bind, Describe, Execute, Sync with parameters as text. */
  async extended(
    text: string | Buffer,
    values: readonly (string | null)[] = [],
    oids: readonly number[] = [],
    copy?: string,
  ): Promise<Answer> {
    this.send(messages.parse(text, "", oids), messages.bind(values), messages.describe("P"), messages.execute(), messages.sync());
    const answer = await this.ready(copy);
    // After COPY in the server takes a Sync of its own; the one sent before was read as part of the COPY.
    return answer;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Terminate, and until the other side has closed. */
  async end(): Promise<void> {
    this.send(messages.terminate());
    this.socket.end();
    while (!this.#closed) if ((await this.next()) === undefined) break;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 5) {
      const size = this.#rest.readInt32BE(1) + 1;
      if (this.#rest.length < size) break;
      this.#take({ type: this.#rest.toString("latin1", 0, 1), body: Buffer.from(this.#rest.subarray(5, size)) });
      this.#rest = this.#rest.subarray(size);
    }
    this.#wake();
  }

  #take(message: Message): void {
    if (message.type === "K") this.key = { process: message.body.readInt32BE(0), secret: message.body.subarray(4) };
    if (message.type === "Z") this.status = message.body.toString("latin1");
    if (message.type === "S") {
      const [name = "", value = ""] = message.body.toString("utf8").split("\0");
      this.parameters.set(name, value);
    }
    this.#queue.push(message);
  }
}

export function errorsOf(answer: Answer): readonly WireError[] {
  return answer.messages
    .filter(({ type }) => type === "E")
    .map(({ body }) => errorFields(body))
    .map((fields) => ({ code: fields["C"] ?? "", message: fields["M"] ?? "", severity: fields["S"] ?? "" }));
}

export function rowsOf(answer: Answer): readonly (string | null)[][] {
  return answer.messages.filter(({ type }) => type === "D").map(({ body }) => rowFields(body));
}

/** Everything that was said, as one text: rows, COPY data, errors with their details, notices, notifications. */
export function saidIn(answer: Answer): string {
  return answer.messages
    .filter(({ type }) => "DdENAV".includes(type))
    .map(({ body }) => body.toString("utf8"))
    .join("\n");
}

export function typesOf(answer: Answer): string {
  return answer.messages.map(({ type }) => type).join("");
}

function proof(password: string, nonce: string, first: string, serverFirst: string): string {
  const { r = "", s = "", i = "" } = Object.fromEntries(serverFirst.split(",").map((part) => [part[0], part.slice(2)]));
  if (!r.startsWith(nonce)) throw new Error("the server's nonce does not begin with ours");
  const salted = pbkdf2Sync(password, Buffer.from(s, "base64"), Number(i), 32, "sha256");
  const hmac = (key: Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();
  const clientKey = hmac(salted, "Client Key");
  const final = `c=biws,r=${r}`;
  const signature = hmac(createHash("sha256").update(clientKey).digest(), `${first},${serverFirst},${final}`);
  return `${final},p=${Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] as number))).toString("base64")}`;
}

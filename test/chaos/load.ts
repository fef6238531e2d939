/**
 * Clients that work until they are told to stop: autocommit writes, transactions, prepared statements, COPY, reads, and acts that
 * must be refused. They reconnect when they lose the connection, and keep to one marker a write.
 */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Random } from "../fuzz/wire.ts";
import { CopyIn } from "./copy-in.ts";
import { FrameWatch } from "./frame-watch.ts";
import type { Marks } from "./marks.ts";

export interface LoadOptions {
  readonly url: () => string;
  readonly marks: Marks;
  readonly random: Random;
  readonly clients: number;
}

/** An answer that has not come after this long is a hang. */
const HANG_MS = 30_000;

export class Load {
  readonly #options: LoadOptions;
  readonly #workers: Promise<void>[];
  #stopping = false;
  /** Acts that were answered with success since the start. */
  answered = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.clients }, (_, index) => this.#work(index));
  }

  /** Resolves when every client has ended its last act. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers);
  }

  async #work(index: number): Promise<void> {
    const { marks, url } = this.#options;
    while (!this.#stopping) {
      const client = new pg.Client({ connectionString: url(), application_name: `load ${index}` });
      const watch = new FrameWatch();
      client.on("error", () => undefined);
      const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
      stream.on("data", (chunk: Buffer) => watch.feed(chunk));
      let open = await this.#within("connecting", client.connect());
      while (open && !this.#stopping) open = await this.#act(client, index);
      if (watch.fault !== undefined) marks.faults.push(`garbage: ${watch.fault}`);
      await Promise.race([client.end().catch(() => undefined), delay(1_000)]);
      if (!open && !this.#stopping) await delay(25);
    }
  }

  #act(client: pg.Client, index: number): Promise<boolean> {
    const kinds = [this.#autocommit, this.#transaction, this.#prepared, this.#copy, this.#read, this.#refused];
    const kind = kinds[Math.floor(this.#options.random() * kinds.length)] ?? this.#read;
    return kind.call(this, client, index);
  }

  async #autocommit(client: pg.Client): Promise<boolean> {
    const { marks } = this.#options;
    const id = marks.new();
    return this.#write([id], client.query(insert(id, "autocommit")));
  }

  async #transaction(client: pg.Client): Promise<boolean> {
    const { marks, random } = this.#options;
    const ids = Array.from({ length: 1 + Math.floor(random() * 3) }, () => marks.new());
    if (!(await this.#within("BEGIN", client.query("BEGIN")))) return false;
    for (const id of ids) {
      const goesOn = await this.#within("a write in a transaction", client.query(insert(id, "transaction")));
      if (!goesOn) return false;
    }
    if (random() < 0.75) return this.#write(ids, client.query("COMMIT").then(committed));
    const went = await this.#within("ROLLBACK", client.query("ROLLBACK"));
    for (const id of ids) marks.undone.add(id);
    return went;
  }

  async #prepared(client: pg.Client, index: number): Promise<boolean> {
    const id = this.#options.marks.new();
    const text = `INSERT INTO marks AS p${index} (id, kind, src) VALUES ($1, $2, $3)`;
    return this.#write([id], client.query({ name: "prepared", text, values: [id, "prepared", `p${index}`] }));
  }

  async #copy(client: pg.Client): Promise<boolean> {
    const batch = this.#options.marks.new();
    const lines = Array.from({ length: 200 }, (_, line) => `${batch}\t${line}\n`);
    const copy = new CopyIn("COPY copied (batch, line) FROM STDIN", lines);
    client.query(copy as unknown as pg.Submittable);
    return this.#write([batch], copy.done);
  }

  async #read(client: pg.Client): Promise<boolean> {
    return this.#within("a read", client.query("SELECT i, repeat('x', 100) FROM generate_series(1, 300) AS i"));
  }

  /** What must be refused is refused in the middle of everything, too. */
  async #refused(client: pg.Client): Promise<boolean> {
    try {
      await client.query("DELETE FROM marks");
    } catch (error) {
      return this.#options.marks.failed(error, "an act that is refused");
    }
    this.#options.marks.faults.push("DELETE without WHERE passed");
    return true;
  }

  async #write(ids: readonly number[], sent: Promise<unknown>): Promise<boolean> {
    const { marks } = this.#options;
    let goesOn = true;
    const answered = await this.#settled(sent, (error) => {
      goesOn = marks.failed(error, "a write");
    });
    if (answered || goesOn) for (const id of ids) (answered ? marks.acknowledged : marks.undone).add(id);
    return goesOn;
  }

  /** True when the connection can go on. */
  async #within(doing: string, sent: Promise<unknown>): Promise<boolean> {
    let goesOn = true;
    await this.#settled(sent, (error) => {
      goesOn = this.#options.marks.failed(error, doing);
    });
    return goesOn;
  }

  /** True when it succeeded. Never rejects; a hang is a fault. */
  async #settled(sent: Promise<unknown>, failed: (error: unknown) => void): Promise<boolean> {
    const timer = new AbortController();
    const hang = delay(HANG_MS, "hang", { signal: timer.signal }).catch(() => "");
    try {
      if ((await Promise.race([sent, hang])) === "hang") throw new Error(`no answer within ${HANG_MS} ms`);
      this.answered += 1;
      return true;
    } catch (error) {
      failed(error);
      return false;
    } finally {
      timer.abort();
    }
  }
}

/** The COMMIT of a transaction that has failed succeeds as ROLLBACK. */
function committed({ command }: { readonly command: string }): void {
  if (command !== "COMMIT") throw Object.assign(new Error("the transaction had failed"), { code: "25P02", severity: "ERROR" });
}

function insert(id: number, kind: string): string {
  return `INSERT INTO marks AS m${id} (id, kind) VALUES (${id}, '${kind}')`;
}

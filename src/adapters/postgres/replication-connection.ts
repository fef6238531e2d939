/**
 * One connection for physical replication: a command out, and what the server answers to it as it comes, no faster than it is taken.
 * It knows no command. Source of the messages: PostgreSQL documentation, "Streaming Replication Protocol".
 */
import type { Duplex } from "node:stream";
import { errorField, rowValues } from "./codec/read.ts";
import { back, front } from "./codec/shapes.ts";
import { query, TERMINATE } from "./codec/write.ts";
import type { UpstreamOptions } from "./options.ts";
import { closeReason } from "./socket-error.ts";
import { openReplicationSession } from "./upstream.ts";

/** The server says no, or the connection is gone. `sqlstate` is the server's. */
export class ReplicationFailed extends Error {
  override readonly name = "ReplicationFailed";
  readonly sqlstate: string | undefined;

  constructor(because: string, sqlstate?: string) {
    super(because);
    this.sqlstate = sqlstate;
  }
}

export type ReplicationMessage =
  | { readonly kind: "row"; readonly values: readonly (string | null)[] }
  /** From here on copied bytes come; a two-way copy takes some, too. */
  | { readonly kind: "copy_begins" }
  | { readonly kind: "copy"; readonly bytes: Buffer }
  /** The server has no more of them. Of a two-way copy it waits for `endCopy`. */
  | { readonly kind: "copy_ends" };

/** A piece of WAL has 128 KiB, one of a base backup 32; a timeline's history has a line for each switch. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** Rejects with {@link ReplicationFailed}. `nonce` is printable, and fresh for this login. */
export function openReplication(upstream: UpstreamOptions, database: string, nonce: string): Promise<ReplicationConnection> {
  return new Promise((resolve, reject) => {
    openReplicationSession({ upstream, database, applicationName: "holdfast backup", nonce }, (result) => {
      if (result.kind === "replicating") return resolve(new ReplicationConnection(result.socket, result.rest));
      reject(new ReplicationFailed(`the login for replication failed: ${result.because}`, result.sqlstate));
    });
  });
}

export class ReplicationConnection {
  readonly #socket: Duplex;
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer;
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  #closed = false;

  constructor(socket: Duplex, rest: Buffer) {
    this.#socket = socket;
    this.#held = rest;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /**
   * What the server answers, up to its being ready again. Throws {@link ReplicationFailed}. Whoever stops taking before the end can
   * only close the connection.
   */
  async *command(text: string): AsyncGenerator<ReplicationMessage, void, undefined> {
    this.#socket.write(query(text));
    let refused: ReplicationFailed | undefined;
    for (;;) {
      const frame = await this.#next(refused);
      switch (frame[0]) {
        case back.dataRow: {
          const values = rowValues(frame, 0, frame.length);
          if (values === undefined) throw this.#lost("the server's row cannot be read");
          yield { kind: "row", values };
          break;
        }
        case back.copyOut:
        case back.copyBoth:
          yield { kind: "copy_begins" };
          break;
        case back.copyData:
          yield { kind: "copy", bytes: frame.subarray(5) };
          break;
        case back.copyDone:
          yield { kind: "copy_ends" };
          break;
        case back.error:
          refused = refusalOf(frame);
          break;
        case back.ready:
          if (refused !== undefined) throw refused;
          return;
        case back.rowDescription:
        case back.commandComplete:
        case back.notice:
        case back.parameterStatus:
          break;
        default:
          throw this.#lost(`the server sent \`${String.fromCharCode(frame[0] ?? 0)}\`, which has no place here`);
      }
    }
  }

  /** Without effect once the connection is closed: who reads hears of that. */
  sendCopy(payload: Buffer): void {
    if (this.#closed) return;
    const head = Buffer.alloc(5);
    head.writeUInt8(front.copyData, 0);
    head.writeInt32BE(4 + payload.length, 1);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  endCopy(): void {
    if (!this.#closed) this.#socket.write(Buffer.from([front.copyDone, 0, 0, 0, 4]));
  }

  /** A command that runs ends with {@link ReplicationFailed}. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.write(TERMINATE);
    this.#socket.destroy();
  }

  #lost(because: string): ReplicationFailed {
    this.close();
    return new ReplicationFailed(because);
  }

  /** The next whole frame. `refused`: the server's last word, should it close behind it. */
  async #next(refused: ReplicationFailed | undefined): Promise<Buffer> {
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      const chunk = await this.#chunks.next().catch(() => undefined);
      if (chunk === undefined || chunk.done === true) {
        const otherwise = this.#closed ? "the connection was closed" : "the server closed the connection";
        throw refused ?? new ReplicationFailed(closeReason(this.#socket, otherwise));
      }
      this.#pieces.push(chunk.value);
      this.#piecesBytes += chunk.value.length;
    }
  }

  #take(): Buffer | undefined {
    if (this.#held.length + this.#piecesBytes < 5) return undefined;
    if (this.#held.length < 5) this.#join();
    const size = 1 + this.#held.readInt32BE(1);
    if (size < 5 || size > FRAME_BYTES_MAX) throw this.#lost(`the server's message claims ${size} bytes`);
    if (this.#held.length + this.#piecesBytes < size) return undefined;
    if (this.#held.length < size) this.#join();
    const frame = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    return frame;
  }

  /** Once a frame, not once a chunk: so that a long frame is not copied again and again while it comes. */
  #join(): void {
    this.#held = Buffer.concat([this.#held, ...this.#pieces]);
    this.#pieces = [];
    this.#piecesBytes = 0;
  }
}

function refusalOf(frame: Buffer): ReplicationFailed {
  const field = (letter: string) => errorField(frame, 0, frame.length, letter);
  const detail = field("D");
  return new ReplicationFailed(`${field("M") ?? "no reason given"}${detail === undefined ? "" : `: ${detail}`}`, field("C"));
}

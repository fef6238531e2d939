/**
 * A line to a real server that changes what the server says: after a marker in a row, one frame is replaced by another.
 * It stands in for a server that lies, and understands no more of the protocol than where frames begin.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** The frame that stands in place of the row with the marker, made from that row. */
export type Lie = (row: Buffer) => Buffer;

export const marker = "the server lies from here";

export class LyingServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  lie: Lie = (row) => row;
  /** What the server was sent, since it was last emptied. */
  heard: Buffer = Buffer.alloc(0);
  /** How often a frame was replaced. */
  told = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(host: string, port: number): Promise<LyingServer> {
    const server = createServer();
    const lying = new LyingServer(server);
    server.on("connection", (client) => lying.#join(client, connect(port, host)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return lying;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket, upstream: Socket): void {
    let kept = Buffer.alloc(0);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => {
      this.heard = Buffer.concat([this.heard, chunk]);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Buffer) => {
      kept = Buffer.concat([kept, chunk]);
      // Every answer of this server has a type; none is sent before the login but frames.
      for (let size = sizeOf(kept); size !== undefined && kept.length >= size; size = sizeOf(kept)) {
        const frame = kept.subarray(0, size);
        kept = kept.subarray(size);
        const lies = frame[0] === 0x44 && frame.includes(marker);
        if (lies) this.told += 1;
        client.write(lies ? this.lie(frame) : frame);
      }
    });
  }
}

function sizeOf(bytes: Buffer): number | undefined {
  return bytes.length < 5 ? undefined : 1 + bytes.readInt32BE(1);
}

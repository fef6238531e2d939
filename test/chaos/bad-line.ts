/**
 * A line to the server that can be made bad: slow to a few bytes at a time, silent with both ends open, or cut.
 * It changes bytes only when told to, and keeps what clients sent.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

export type Quality =
  | { readonly kind: "good" }
  /** Bytes of the server arrive in pieces of this size, each by itself. */
  | { readonly kind: "chopped"; readonly bytes: number }
  /** What the remote side says is changed; Holdfast's own connection for the catalogue is left alone. */
  | { readonly kind: "altered"; readonly alter: (chunk: Buffer) => Buffer }
  /** Nothing comes through, and nobody is told. */
  | { readonly kind: "silent" };

export class BadLine {
  quality: Quality = { kind: "good" };
  readonly port: number;
  readonly #said: Buffer[][] = [];
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, port: number, sockets: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
  }

  static async start(upstream: { readonly host: string; readonly port: number }): Promise<BadLine> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (client) => {
      const remote = connect({ host: upstream.host, port: upstream.port, noDelay: true });
      for (const [from, to] of [
        [client, remote],
        [remote, client],
      ] as const) {
        sockets.add(from);
        from.on("error", () => undefined);
        from.on("close", () => {
          sockets.delete(from);
          to.destroy();
        });
      }
      const said: Buffer[] = [];
      proxy.#said.push(said);
      void proxy.#carry(client, remote, said, false);
      void proxy.#carry(remote, client, said, true);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const proxy = new BadLine(server, address !== null && typeof address === "object" ? address.port : 0, sockets);
    return proxy;
  }

  /** What each client has sent so far, in the order they connected. */
  get recorded(): Buffer[] {
    return this.#said.map((chunks) => Buffer.concat(chunks));
  }

  /** Cuts every line that is open. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #carry(from: Socket, to: Socket, said: Buffer[], fromServer: boolean): Promise<void> {
    try {
      for await (const came of from as AsyncIterable<Buffer>) {
        if (!fromServer && said.length < 1000) said.push(came);
        const chunk = this.#altered(came, said, fromServer);
        while (this.quality.kind === "silent" && !from.destroyed) await new Promise((resolve) => setTimeout(resolve, 20));
        const size = this.quality.kind === "chopped" && fromServer ? this.quality.bytes : chunk.length;
        for (let at = 0; at < chunk.length; at += size) {
          if (!to.write(chunk.subarray(at, at + size))) await new Promise((resolve) => to.once("drain", resolve).once("close", resolve));
          if (size < chunk.length) await turn();
        }
      }
      to.end();
    } catch {
      to.destroy();
    }
  }

  #altered(chunk: Buffer, said: readonly Buffer[], fromServer: boolean): Buffer {
    if (this.quality.kind !== "altered" || !fromServer || said[0]?.includes("holdfast catalogue") === true) return chunk;
    return this.quality.alter(chunk);
  }
}

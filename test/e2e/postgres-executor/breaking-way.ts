/**
 * A stand-in for the network between executor and server, which breaks at a chosen message of the client.
 * What was sent before is delivered; whether that message is too, the test says.
 */
import { connect, createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface BreakingWay {
  readonly port: number;
  /** The next chunk that holds `text` breaks every connection: after it has been delivered, or instead. */
  breakAt(text: string, how: "delivered" | "lost", then?: () => void): void;
  close(): Promise<void>;
}

export async function openBreakingWay(to: { readonly host: string; readonly port: number }): Promise<BreakingWay> {
  let trap: { readonly text: string; readonly how: "delivered" | "lost"; readonly then: () => void } | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to.port, to.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      if (trap === undefined || !chunk.includes(trap.text)) return void upstream.write(chunk);
      const { how, then } = trap;
      trap = undefined;
      upstream.unpipe(client);
      client.destroy();
      if (how === "lost") upstream.destroy();
      else upstream.write(chunk);
      then();
    });
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    breakAt: (text, how, then = () => undefined) => void (trap = { text, how, then }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * A TCP forwarder that keeps what both ends said, so that two conversations can be laid beside each other byte by byte.
 * It changes nothing and does not see through TLS.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** One connection: the bytes of either end, as they came. */
export interface Recorded {
  readonly client: Buffer[];
  readonly server: Buffer[];
  /** Resolves when both directions have ended. */
  readonly ended: Promise<void>;
}

export interface Tap {
  readonly port: number;
  /** The connections since the last call, in the order they were accepted; waits until all of them have ended. */
  take(): Promise<readonly Recorded[]>;
  stop(): Promise<void>;
}

export function startTap(to: { readonly host: string; readonly port: number }): Promise<Tap> {
  let recorded: Recorded[] = [];
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: to.host, port: to.port, allowHalfOpen: true });
    const said: Recorded = { client: [], server: [], ended: Promise.all([closed(client), closed(upstream)]).then(() => undefined) };
    recorded.push(said);
    forward(client, upstream, said.client);
    forward(upstream, client, said.server);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        async take() {
          const taken = recorded;
          recorded = [];
          await Promise.all(taken.map(({ ended }) => ended));
          return taken;
        },
        stop() {
          for (const socket of open) socket.destroy();
          return new Promise((done) => server.close(() => done()));
        },
      }),
    );
  });
}

function forward(from: Socket, to: Socket, kept: Buffer[]): void {
  from.setNoDelay(true);
  from.on("data", (chunk: Buffer) => {
    kept.push(chunk);
    if (!to.destroyed && !to.write(chunk)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
  });
  from.once("end", () => to.end());
  from.once("error", () => to.destroy());
  from.once("close", () => to.destroySoon());
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

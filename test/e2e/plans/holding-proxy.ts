/**
 * A proxy in front of a PostgreSQL server that holds the executor's next COMMIT: before the server has it, or after it has carried
 * it out and before its answer is through. Nothing is cut: whoever waits behind it can be killed at that very moment.
 */
import { connect, createServer, type Socket } from "node:net";

export interface HoldingProxy {
  readonly port: number;
  /** Resolves when the next COMMIT is held. */
  readonly hold: (moment: "before" | "after") => Promise<void>;
  /** Cuts the connection that is held. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
}

/** What the executor says in its first packet that it is. */
const EXECUTOR = "holdfast executor";
/** The whole frame of a simple query. */
const COMMIT = Buffer.from("Q\0\0\0\u000bCOMMIT\0", "latin1");

export async function holdingProxy(target: { readonly host: string; readonly port: number }): Promise<HoldingProxy> {
  let armed: { readonly moment: "before" | "after"; readonly held: () => void } | undefined;
  let cut = (): void => undefined;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    let answerHeld: (() => void) | undefined;
    let executor: boolean | undefined;
    client.on("data", (bytes: Buffer) => {
      executor ??= bytes.includes(EXECUTOR);
      if (armed === undefined || !executor || !bytes.includes(COMMIT)) return void upstream.write(bytes);
      const { moment, held } = armed;
      armed = undefined;
      cut = end;
      if (moment === "before") return held();
      answerHeld = held;
      upstream.write(bytes);
    });
    upstream.on("data", (bytes: Buffer) => {
      if (answerHeld === undefined) client.write(bytes);
      else answerHeld();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    hold: (moment) =>
      new Promise((held) => {
        armed = { moment, held };
      }),
    cut: () => cut(),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

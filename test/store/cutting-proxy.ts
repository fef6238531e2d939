/**
 * A proxy in front of a PostgreSQL server that cuts one connection at a chosen moment of a chosen statement: before the server has it,
 * while it is at it, or after it has carried it out and before its reply is through. Real sockets, and the server's own protocol.
 */
import { connect, createServer, type Socket } from "node:net";

/** `during`: as soon as the server has been sent it. */
export type Moment = "before" | "during" | "after";

export interface CuttingProxy {
  readonly port: number;
  /** The next statement that holds `words` loses its connection at that moment. */
  readonly cut: (moment: Moment, words: string) => void;
  /** Ends every connection and takes no other until `back`. */
  readonly away: () => void;
  readonly back: () => void;
  /** From now on every connection is silent both ways, and none is closed. */
  readonly stall: (on: boolean) => void;
  readonly cuts: () => number;
  readonly close: () => Promise<void>;
}

interface Armed {
  readonly moment: Moment;
  readonly words: string;
}

export async function cuttingProxy(target: { readonly host: string; readonly port: number }): Promise<CuttingProxy> {
  let armed: Armed | undefined;
  let away = false;
  let stalled = false;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  const passing = (act: () => void): void => void (stalled ? held.push(act) : act());
  const server = createServer((client) => {
    if (away) return void client.destroy();
    const upstream = connect(target.port, target.host);
    const both = [client, upstream];
    const end = (): void => both.forEach((socket) => socket.destroy());
    for (const socket of both) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    let swallow = false;
    let during = false;
    const fromClient = frames(true, (type, frame) => {
      const found = armed;
      if (found !== undefined && (type === "P" || type === "Q") && frame.includes(found.words)) {
        armed = undefined;
        cuts += 1;
        if (found.moment === "before") return end();
        swallow = true;
        during = found.moment === "during";
      }
      if (!upstream.destroyed) upstream.write(frame);
      // Sync, or the query itself: the server has all of it.
      if (during && (type === "S" || type === "Q")) upstream.end(() => client.destroy());
    });
    const fromServer = frames(false, (type, frame) => {
      if (!swallow) return void (client.destroyed || client.write(frame));
      // ReadyForQuery: what was sent is committed, or refused.
      if (type === "Z") end();
    });
    client.on("data", (bytes: Buffer) => passing(() => fromClient(bytes)));
    upstream.on("data", (bytes: Buffer) => passing(() => fromServer(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const drop = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as { port: number }).port,
    cut: (moment, words) => {
      armed = { moment, words };
    },
    away: () => {
      away = true;
      drop();
    },
    back: () => {
      away = false;
    },
    stall: (on) => {
      stalled = on;
      if (!on) for (const act of held.splice(0)) act();
    },
    cuts: () => cuts,
    close: () => {
      drop();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Hands on whole messages; a client's first has no type. */
function frames(startup: boolean, each: (type: string, frame: Buffer) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  let untyped = startup;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const head = untyped ? 0 : 1;
      if (rest.length < head + 4) return;
      const size = head + rest.readUInt32BE(head);
      if (rest.length < size) return;
      const frame = rest.subarray(0, size);
      const type = untyped ? "" : String.fromCharCode(frame[0] ?? 0);
      rest = rest.subarray(size);
      untyped = false;
      each(type, frame);
    }
  };
}

/**
 * A door: connections to one socket are carried to another, bytes unchanged. Two of them lead from a port inside a sandbox, by a
 * unix socket that both sides see, to the session's port outside; there is no third way.
 * It does not look at what is said.
 */
import { type ListenOptions, type NetConnectOpts, connect, createServer } from "node:net";

export interface Door {
  close(): Promise<void>;
}

/** Rejects with the system's error when it cannot listen. */
export async function openDoor(from: ListenOptions, to: NetConnectOpts): Promise<Door> {
  const open = new Set<{ destroy(): void }>();
  // Half-open, because a client may end its side and still wait for the answer.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const gate = connect({ ...to, allowHalfOpen: true });
    for (const [one, other] of [
      [client, gate],
      [gate, client],
    ] as const) {
      open.add(one);
      // What was said before is still handed over.
      one.on("error", () => other.destroySoon());
      one.on("close", () => {
        open.delete(one);
        other.destroySoon();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // A door that cannot take one more connection (EMFILE) stays open for the others.
  server.on("error", () => undefined);
  return {
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

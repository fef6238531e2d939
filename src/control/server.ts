/**
 * The control socket: a unix socket that only the gateway's own account may open. It answers what stands in the list of routes.
 * Whose account it is proves nothing about who asks: an agent may run under the same one.
 */
import { chmod, lstat, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { answerWith } from "./answer.ts";
import type { ControlParts } from "./parts.ts";

const CONNECTIONS_MAX = 512;

export interface ControlServer {
  close(): Promise<void>;
}

/**
 * Listens on `socketPath` with mode 0600. A socket left behind by a process that died is replaced; one that still answers is not:
 * then this rejects, because two gateways on one state directory would write one audit log.
 */
export async function startControlServer(socketPath: string, parts: ControlParts): Promise<ControlServer> {
  await removeStale(socketPath);
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 4_096 }, answerWith(parts));
  // Each running `holdfast run` holds one.
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // Nobody else may connect in the moment before chmod: the umask makes the socket private from its first moment.
    const before = process.umask(0o177);
    server.listen(socketPath, () => resolve());
    process.umask(before);
  });
  await chmod(socketPath, 0o600);
  server.on("error", () => {});
  server.unref();
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function removeStale(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`\`${socketPath}\` is in the way: it is no socket`);
  if (await answers(socketPath)) throw new Error(`another gateway is running on this state directory: \`${socketPath}\` answers`);
  await rm(socketPath);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

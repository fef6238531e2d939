/**
 * A client whose socket the test holds: logged in by node-postgres, then read as slowly, and dropped as rudely, as the test wants.
 * It reads nothing by itself.
 */
import type { Socket } from "node:net";
import pg from "pg";
import { clientMessage } from "../playbooks/wire-messages.ts";

/** The socket, paused, behind the login's ReadyForQuery; nothing else listens to it but for errors. */
export async function rawClient(url: string): Promise<Socket> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners("data");
  stream.pause();
  return stream;
}

export function send(socket: Socket, ...lines: readonly string[]): void {
  socket.write(Buffer.concat(lines.map(clientMessage)));
}

/** Everything from now until the socket's end. */
export async function rest(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks);
}

/**
 * Keeps a socket's error for the message of its close, and keeps it from ending the process.
 * It does not close anything: Node closes a socket after its error.
 */
import type { Duplex } from "node:stream";

/** A listener for the socket's whole life; an `error` is always followed by `close`, which is where everybody looks. */
export function noteSocketError<S extends Duplex>(socket: S): S {
  socket.on("error", swallow);
  return socket;
}

/** One function for all sockets, so that none keeps a closure alive. */
function swallow(): void {}

/** What went wrong on a closed socket, in one clause. */
export function closeReason(socket: Duplex, otherwise: string): string {
  const { errored } = socket;
  if (errored === null) return otherwise;
  const code = (errored as NodeJS.ErrnoException).code;
  return code === undefined ? errored.message : `${otherwise}: ${code}`;
}

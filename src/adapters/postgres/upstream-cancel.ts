/**
 * Sends the server's own cancel key on a connection of its own, inside TLS where the sessions use TLS.
 * It does not wait for an effect: the protocol gives no answer to a CancelRequest.
 */
import { limits } from "../../base/limits.ts";
import { writeCancel, writeSslRequest } from "./codec/startup.ts";
import type { UpstreamOptions } from "./options.ts";
import { openSocket, takeUpTls } from "./upstream-socket.ts";

/** `closed` is called once, when the server has closed the connection (it does so after it has signalled) or the time is over. */
export function sendCancel(
  upstream: UpstreamOptions,
  key: { readonly process: number; readonly secret: Uint8Array },
  closed: () => void = () => undefined,
): void {
  const socket = openSocket(upstream);
  const timer = setTimeout(() => socket.destroy(), limits.authenticationMsMax);
  const packet = writeCancel(key.process, key.secret);
  socket.once("close", () => {
    clearTimeout(timer);
    closed();
  });
  socket.once("connect", () => {
    if (upstream.tls === "disable") {
      // Not ended by us: PgBouncer forgets a cancel request whose sender has gone.
      socket.resume().write(packet);
      return;
    }
    socket.write(writeSslRequest());
    socket.once("data", (answer: Buffer) => {
      // The key is a secret: without TLS it is not sent.
      if (answer.length !== 1 || answer[0] !== 0x53) return void socket.destroy();
      const secured = takeUpTls(socket, upstream);
      secured.once("secureConnect", () => secured.resume().write(packet));
    });
  });
}

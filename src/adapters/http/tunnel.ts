/**
 * A connection to a host that no pack knows, where the policy lets it through: bytes go by unread, after a look at whom they are for.
 * Nothing but TLS goes through, and only to the host that was judged.
 */
import { connect, type Socket } from "node:net";
import { limits } from "../../base/limits.ts";
import type { Reason } from "../../model/decision.ts";
import type { Allowed } from "../../pipeline/guard.ts";
import { checkedLookup } from "./addresses.ts";
import { capabilities } from "./capabilities.ts";
import { authorityOf, type Place } from "./codec/authority.ts";
import { readClientHello } from "./codec/client-hello.ts";
import type { HttpSession } from "./http-session.ts";
import type { HttpOptions } from "./options.ts";

/** The right to open a tunnel, or why there is none. Never rejects. */
export async function admitTunnel(session: HttpSession, place: Place, { guard }: HttpOptions): Promise<Allowed | Reason> {
  const url = `https://${authorityOf(place, "https")}/`;
  const admission = await guard.admit(session.action({ method: "GET", url, headers: [], body: "" }), capabilities);
  if (admission.kind === "deny") return admission.reason;
  if (admission.kind === "hold")
    return {
      code: "approval_unavailable",
      message: "a connection that is not read cannot be asked about",
      next: "an operator may permit the host",
    };
  try {
    await guard.seal();
  } catch {
    guard.settle(admission, { status: "failed", code: "record_unavailable", measured: { elapsedMs: 0 } });
    return { code: "record_unavailable", message: "the audit log cannot be written, so nothing is let through" };
  }
  return admission;
}

/** From the client's first bytes to the end of both sides; settles the admission. Never rejects. */
export async function tunnel(
  client: Socket,
  place: Place,
  admission: Allowed,
  { guard, clock, route, resolve }: HttpOptions,
): Promise<void> {
  const began = clock.monotonic();
  const measured = (bytesReturned = 0) => ({ elapsedMs: Math.max(0.001, clock.monotonic() - began), bytesReturned });
  try {
    const hello = await firstBytes(client);
    demandHost(hello, place);
    const to = route(authorityOf(place, "https"));
    const server = connect(to === undefined ? { ...place, lookup: checkedLookup(resolve) } : { host: to.host, port: to.port });
    const bytes = await carry(client, server, hello);
    guard.settle(admission, { status: "succeeded", measured: measured(bytes) });
  } catch {
    guard.settle(admission, { status: "failed", code: "host_not_reachable", measured: measured() });
    client.destroy();
  }
}

/** Rejects when what comes is not the whole beginning of TLS. */
function firstBytes(client: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const timer = setTimeout(() => done(() => reject(new Error("the client said nothing"))), limits.httpHeadMsMax);
    const done = (act: () => void): void => {
      clearTimeout(timer);
      client.off("data", onData);
      client.off("close", onClose);
      act();
    };
    const onClose = (): void => done(() => reject(new Error("the client has gone")));
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const read = readClientHello(bytes);
      if (read.kind === "more" && bytes.length <= limits.clientHelloBytesMax) return;
      client.pause();
      done(() => resolve(bytes));
    };
    client.on("data", onData);
    client.on("close", onClose);
    client.resume();
  });
}

/** The host that was judged and no other: behind one address there may be many. */
function demandHost(bytes: Buffer, { host }: Place): void {
  const read = readClientHello(bytes);
  if (read.kind !== "hello") throw new Error("what goes through is not TLS");
  if (read.host !== undefined && read.host !== host) throw new Error("it is for another host");
}

/** Resolves with the bytes that came back. */
function carry(client: Socket, server: Socket, hello: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let reached = false;
    server.once("connect", () => {
      reached = true;
      server.write(hello);
      client.pipe(server);
      server.pipe(client);
    });
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setTimeout(limits.httpAnswerMsMax, end);
      socket.on("error", end);
      socket.once("close", () => {
        // What is still on its way to the other side arrives.
        (socket === client ? server : client).destroySoon();
      });
    }
    server.once("close", () => (reached ? resolve(server.bytesRead) : reject(new Error("it cannot be reached"))));
    if (client.destroyed) end();
  });
}

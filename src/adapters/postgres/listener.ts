/**
 * Accepts clients of one target and hands each over once both sides are authenticated; stops gracefully.
 * It does not speak the protocol after the login: whoever takes the handover does.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import type { SessionId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { CancelRegistry } from "./cancel.ts";
import { toClient } from "./codec/auth-messages.ts";
import { type LoginContext, LoginConnection } from "./listener-connection.ts";
import type { RunningSession } from "./handover.ts";
import type { ListenerParts } from "./listener-parts.ts";
import { LoginThrottle } from "./login/login-throttle.ts";
import { RunningSessions } from "./listener-sessions.ts";
import type { TargetOptions } from "./options.ts";
import { mockSubject, type ScramSubject } from "./scram-server.ts";
import { noteSocketError } from "./socket-error.ts";

export interface Listener {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  /** Sessions that run and logins under way. */
  readonly connections: number;
  /** A session that runs, by its id. */
  readonly session: (id: SessionId) => RunningSession | undefined;
  /** Those of one account. */
  readonly sessionsOf: (account: string) => readonly RunningSession[];
  /** Stops accepting at once; resolves when every connection is closed, after `shutdownMs` at the latest. */
  readonly stop: () => Promise<void>;
}

/** Rejects when the address cannot be bound or the certificate cannot be read. */
export async function listen(parts: ListenerParts): Promise<Listener> {
  const { target, connectionsMax = limits.connectionsMax } = parts;
  const sessions = new RunningSessions();
  const logins = new Set<LoginConnection>();
  const context: LoginContext = {
    ...parts,
    sessions,
    cancels: new CancelRegistry(parts.random),
    throttle: new LoginThrottle(parts.clock),
    secureContext: secureContextOf(target),
    subjectOf: subjects(target, parts.random(32)),
    finished: (login) => logins.delete(login),
  };
  let stopping = false;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
    noteSocketError(socket);
    if (stopping || logins.size + sessions.size >= connectionsMax) return turnAway(socket, stopping);
    logins.add(new LoginConnection(context, socket));
  });
  await bind(server, target.listen);
  const bound = server.address();
  const port = bound !== null && typeof bound === "object" ? bound.port : target.listen.port;
  return {
    address: { host: target.listen.host, port },
    get connections() {
      return logins.size + sessions.size;
    },
    session: (id) => sessions.find(id),
    sessionsOf: (account) => sessions.of(account),
    async stop() {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const login of logins) login.shutdown();
      // A client that does not take its goodbye is cut off the second time.
      const cutOff = setTimeout(() => {
        for (const login of logins) login.shutdown();
      }, target.shutdownMs);
      await Promise.all([closed, sessions.shutdown(target.shutdownMs)]);
      clearTimeout(cutOff);
    },
  };
}

function bind(server: Server, where: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: where.host, port: where.port, backlog: 1024 }, () => {
      server.off("error", reject);
      // Later errors are of single accepts (out of descriptors): the listener goes on.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function secureContextOf(target: TargetOptions): SecureContext | undefined {
  const { clientTls } = target;
  return clientTls === undefined ? undefined : createSecureContext({ cert: clientTls.cert, key: clientTls.key, minVersion: "TLSv1.2" });
}

/** The accounts, and for every other name a mock with as many iterations as the accounts mostly have. */
function subjects(target: TargetOptions, secret: Uint8Array): (name: string) => ScramSubject {
  const counts = new Map<number, number>();
  for (const { verifier } of target.accounts.values()) counts.set(verifier.iterations, (counts.get(verifier.iterations) ?? 0) + 1);
  const [iterations] = Array.from(counts).sort((a, b) => b[1] - a[1])[0] ?? [4096];
  return (name) => {
    const account = target.accounts.get(name);
    return account === undefined ? mockSubject(name, secret, iterations) : { verifier: account.verifier, genuine: true };
  };
}

function turnAway(socket: Socket, stopping: boolean): void {
  const error = stopping
    ? ({ sqlstate: "57P03", message: "Holdfast is shutting down" } as const)
    : ({ sqlstate: "53300", message: "sorry, too many clients already" } as const);
  socket.end(toClient.error({ severity: "FATAL", ...error }), () => socket.destroy());
}

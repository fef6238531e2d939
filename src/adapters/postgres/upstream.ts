/**
 * Opens one session at the server: dials, logs in, pins.
 * It holds the socket and the timer; what is said stands in `login/upstream-login.ts` and `login/session-pin.ts`.
 */
import { pbkdf2 } from "node:crypto";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { assertNever } from "../../base/assert.ts";
import { limits } from "../../base/limits.ts";
import type { SessionLimits } from "../../model/session-limits.ts";
import { type PinCommand, SessionPin } from "./login/session-pin.ts";
import { loginFailed, serverUnreachable, type UpstreamFailure } from "./login/upstream-failure.ts";
import { type AuthenticatedServer, type UpstreamCommand, UpstreamLogin } from "./login/upstream-login.ts";
import type { UpstreamOptions } from "./options.ts";
import { scramKeyBytes } from "./scram.ts";
import { saslPrep } from "./scram-saslprep.ts";
import { closeReason } from "./socket-error.ts";
import { tlsServerEndPoint } from "./tls-endpoint.ts";
import { openSocket, takeUpTls } from "./upstream-socket.ts";

export interface UpstreamRequest {
  readonly upstream: UpstreamOptions;
  readonly database: string;
  readonly applicationName: string;
  readonly replication: boolean | "physical";
  readonly limits: SessionLimits;
  readonly settings: ReadonlyMap<string, string>;
  readonly nonce: string;
}

export interface UpstreamSession extends Omit<Extract<PinCommand, { kind: "pinned" }>, "kind"> {
  readonly kind: "ready";
  /** Paused, without listeners of ours but the one for errors. */
  readonly socket: Duplex;
  readonly key: AuthenticatedServer["key"];
}

/** Calls `done` once. The result ends an attempt under way: the socket is destroyed and `done` is not called any more. */
export function openUpstream(request: UpstreamRequest, done: (result: UpstreamSession | UpstreamFailure) => void): () => void {
  const attempt = new Attempt(request, { failed: done, pinned: done });
  return () => attempt.abandon();
}

/** Logged in for physical replication: it takes no SQL, so nothing is pinned. */
export interface ReplicationSession extends Pick<UpstreamSession, "socket" | "rest"> {
  readonly kind: "replicating";
}

const UNLIMITED: SessionLimits = { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };

/** As {@link openUpstream}, of a login that replicates. */
export function openReplicationSession(
  request: Pick<UpstreamRequest, "upstream" | "database" | "applicationName" | "nonce">,
  done: (result: ReplicationSession | UpstreamFailure) => void,
): () => void {
  const all = { ...request, replication: "physical", limits: UNLIMITED, settings: new Map() } as const;
  const attempt = new Attempt(all, { failed: done, replicating: done });
  return () => attempt.abandon();
}

/** One of them is called, once. Who replicates gets the connection as the login leaves it. */
type Ends = { readonly failed: (failure: UpstreamFailure) => void } & (
  | { readonly pinned: (session: UpstreamSession) => void }
  | { readonly replicating: (session: ReplicationSession) => void }
);

class Attempt {
  readonly #request: UpstreamRequest;
  readonly #ends: Ends;
  readonly #tcp: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #password: string | undefined;
  #socket: Duplex;
  #login: UpstreamLogin;
  #pin: SessionPin | undefined;
  #pinned: (session: UpstreamSession) => void = () => undefined;
  #key: AuthenticatedServer["key"];
  #over = false;

  constructor(request: UpstreamRequest, ends: Ends) {
    this.#request = request;
    this.#ends = ends;
    const { upstream, database, applicationName, replication, nonce } = request;
    this.#password = upstream.password();
    this.#login = new UpstreamLogin({ upstream, password: this.#password, database, applicationName, replication, nonce });
    this.#timer = setTimeout(
      () => this.#fail(serverUnreachable("the server did not let us in within the time for a login")),
      limits.authenticationMsMax,
    );
    this.#tcp = openSocket(upstream);
    this.#socket = this.#tcp;
    this.#tcp.once("connect", () => this.#run(this.#login.start()));
    this.#attach(this.#tcp);
  }

  abandon(): void {
    this.#settle();
    this.#socket.destroy();
  }

  #attach(socket: Duplex): void {
    this.#socket = socket;
    socket.on("data", this.#data);
    socket.on("close", this.#closed);
  }

  #detach(): void {
    this.#socket.off("data", this.#data);
    this.#socket.off("close", this.#closed);
  }

  readonly #data = (chunk: Buffer): void => {
    if (this.#pin === undefined) this.#run(this.#login.receive(chunk));
    else this.#runPin(this.#pin.receive(chunk));
  };

  readonly #closed = (): void => this.#fail(serverUnreachable(closeReason(this.#socket, "the connection to the server was closed")));

  #run(commands: readonly UpstreamCommand[]): void {
    for (const command of commands) {
      if (this.#over) return;
      switch (command.kind) {
        case "send":
          this.#socket.write(command.bytes);
          break;
        case "start_tls":
          this.#startTls();
          break;
        case "derive":
          this.#derive(command.salt, command.iterations);
          break;
        case "ready":
          if ("pinned" in this.#ends) this.#startPin(command.server, command.rest, this.#ends.pinned);
          else this.#ends.replicating({ kind: "replicating", socket: this.#letGo(), rest: command.rest });
          break;
        case "failed":
          this.#fail(command);
          break;
        default:
          assertNever(command, "upstream login");
      }
    }
  }

  #startTls(): void {
    this.#detach();
    const secured: TLSSocket = takeUpTls(this.#tcp, this.#request.upstream);
    this.#attach(secured);
    secured.once("secureConnect", () => {
      const certificate = secured.getPeerX509Certificate();
      this.#run(this.#login.tlsStarted(certificate === undefined ? undefined : tlsServerEndPoint(certificate.raw)));
    });
  }

  #derive(salt: Buffer, iterations: number): void {
    pbkdf2(saslPrep(this.#password ?? ""), salt, iterations, scramKeyBytes, "sha256", (error, salted) => {
      if (this.#over) return;
      if (error !== null) this.#fail(loginFailed(`the key could not be derived: ${error.message}`));
      else this.#run(this.#login.derived(salted));
    });
  }

  #letGo(): Duplex {
    this.#socket.pause();
    this.#settle();
    return this.#socket;
  }

  #startPin(server: AuthenticatedServer, rest: Buffer, pinned: (session: UpstreamSession) => void): void {
    this.#key = server.key;
    this.#pin = new SessionPin({ limits: this.#request.limits, settings: this.#request.settings, parameters: server.parameters });
    this.#pinned = pinned;
    this.#runPin([this.#pin.start()]);
    if (rest.length > 0) this.#runPin(this.#pin.receive(rest));
  }

  #runPin(commands: readonly PinCommand[]): void {
    for (const command of commands) {
      if (this.#over) return;
      switch (command.kind) {
        case "send":
          this.#socket.write(command.bytes);
          break;
        case "failed":
          this.#fail(command);
          break;
        case "pinned":
          this.#pinned({ ...command, kind: "ready", socket: this.#letGo(), key: this.#key });
          break;
        default:
          assertNever(command, "session pin");
      }
    }
  }

  #fail(failure: UpstreamFailure): void {
    if (this.#over) return;
    this.abandon();
    this.#ends.failed(failure);
  }

  #settle(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#detach();
  }
}

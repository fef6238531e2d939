/**
 * One client socket from its first byte to the handover: runs the client's login, then opens the server's session.
 * It decides nothing of the protocol; the state machines in `login/` do.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { assertNever } from "../../base/assert.ts";
import { newSessionId } from "../../base/ids.ts";
import { limits } from "../../base/limits.ts";
import { toClient, type ErrorFields } from "./codec/auth-messages.ts";
import { handOver } from "./listener-handover.ts";
import type { SharedParts } from "./listener-parts.ts";
import { type AuthenticatedClient, type ClientCommand, ClientLogin } from "./login/client-login.ts";
import { lendingFailed, loginFailed, type UpstreamFailure } from "./login/upstream-failure.ts";
import type { LentLogin, UpstreamOptions } from "./options.ts";
import { closeReason, noteSocketError } from "./socket-error.ts";
import { openUpstream, type UpstreamSession } from "./upstream.ts";

/** What a login needs of its listener. */
export interface LoginContext extends SharedParts {
  /** The connection is no login any more: handed over, or closed. */
  readonly finished: (login: LoginConnection) => void;
}

const NONCE_BYTES = 18;

export class LoginConnection {
  readonly #context: LoginContext;
  readonly #tcp: Socket;
  readonly #peer: string;
  readonly #login: ClientLogin;
  #timer: NodeJS.Timeout | undefined;
  #socket: Duplex;
  #abandonUpstream: (() => void) | undefined;
  #reserved: string | undefined;
  #lease: LentLogin | undefined;
  #heard = false;
  /** An answer to a wrong password waits. */
  #held: (() => void) | undefined;
  #over = false;

  constructor(context: LoginContext, socket: Socket) {
    this.#context = context;
    this.#tcp = socket;
    this.#peer = `${socket.remoteAddress ?? "unix"}:${socket.remotePort ?? 0}`;
    this.#login = new ClientLogin({
      target: context.target,
      tlsAvailable: context.secureContext !== undefined,
      subjectOf: context.subjectOf,
      nonce: this.#nonce(),
    });
    this.#timer = setTimeout(this.#timedOut, limits.authenticationMsMax);
    this.#socket = socket;
    this.#attach(socket);
  }

  /** The listener stops: a login under way is not finished. */
  shutdown(): void {
    if (this.#over) return void this.#destroy();
    this.#fail({ sqlstate: "57P03", message: "Holdfast is shutting down" }, undefined);
  }

  #nonce(): string {
    return Buffer.from(this.#context.random(NONCE_BYTES)).toString("base64");
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
    if (this.#held !== undefined) return;
    this.#heard = true;
    if (!this.#over) this.#run(this.#login.receive(chunk));
  };

  readonly #timedOut = (): void => {
    if (!this.#over) this.#refused("the login took too long");
    this.#destroy();
  };

  /** A connection that closes without a byte is somebody looking whether the port is open: nothing to record. */
  readonly #closed = (): void => {
    if (!this.#over && this.#heard) this.#refused(closeReason(this.#socket, "the client closed the connection during its login"));
    this.#destroy();
  };

  /** An answer that tells whether a password was right goes through the throttle first. */
  #run(commands: readonly ClientCommand[]): void {
    const { throttle } = this.#context;
    const { name } = this.#login;
    const wrong = commands.find((command) => command.kind === "refused" && command.guess);
    if (wrong === undefined && !commands.some(({ kind }) => kind === "authenticated")) return this.#follow(commands);
    if (throttle.crowded(name)) {
      const message = `too many wrong passwords for role "${name}", try again later`;
      return this.#fail({ sqlstate: "53300", message }, "too many wrong passwords of this name");
    }
    if (wrong === undefined) return this.#follow(commands);
    const waitMs = throttle.failed(name);
    this.#held = () => throttle.answered(name);
    // Recorded at once, and once: the client may go while its answer waits.
    this.#follow(commands.filter(({ kind }) => kind === "refused"));
    this.#heard = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#release();
      this.#follow(commands.filter(({ kind }) => kind !== "refused"));
    }, waitMs);
  }

  #release(): void {
    this.#held?.();
    this.#held = undefined;
  }

  #follow(commands: readonly ClientCommand[]): void {
    for (const command of commands) {
      switch (command.kind) {
        case "send":
          this.#socket.write(command.bytes);
          break;
        case "start_tls":
          this.#startTls(command.bytes);
          break;
        case "cancel":
          this.#context.cancels.request(command.process, command.secret, () => this.#end());
          return;
        case "authenticated":
          this.#authenticated(command.login, command.rest);
          break;
        case "refused":
          this.#refused(command.because);
          break;
        case "close":
          this.#end();
          break;
        default:
          assertNever(command, "client login");
      }
    }
  }

  #startTls(bytes: Buffer): void {
    this.#detach();
    this.#tcp.pause();
    if (bytes.length > 0) this.#tcp.unshift(bytes);
    const { secureContext } = this.#context;
    const secured = noteSocketError(
      new TLSSocket(this.#tcp, {
        isServer: true,
        ...(secureContext === undefined ? {} : { secureContext }),
        ALPNProtocols: ["postgresql"],
      }),
    );
    secured.once("secure", () => this.#run(this.#login.tlsStarted(secured.alpnProtocol)));
    this.#attach(secured);
  }

  #authenticated(login: AuthenticatedClient, rest: Buffer): void {
    const { target } = this.#context;
    this.#socket.off("data", this.#data);
    this.#socket.pause();
    if (target.barred === undefined) return this.#admitted(login, rest, undefined);
    void target.barred(login.account).then((barred) => {
      if (!this.#over) this.#admitted(login, rest, barred);
    });
  }

  #admitted(login: AuthenticatedClient, rest: Buffer, barred: string | undefined): void {
    const { target, sessions } = this.#context;
    const { account } = login;
    if (barred !== undefined) return void this.#fail({ sqlstate: "57P01", message: `holdfast: ${barred}` }, barred);
    if (!sessions.reserve(account.name, account.connectionsMax)) {
      const error = { sqlstate: "53300", message: `too many connections for role "${account.name}"` };
      return void this.#fail(error, "too many connections of this account");
    }
    this.#reserved = account.name;
    // The server's side has a time of its own, at the end of which the client is told.
    clearTimeout(this.#timer);
    const { lease } = target;
    if (lease === undefined) return this.#openUpstream(login, rest, target.upstream);
    lease(account, login.database).then(
      (lent) => this.#lent(login, rest, lent),
      (error: unknown) => {
        if (!this.#over) this.#upstreamFailed(lendingFailed(error));
      },
    );
  }

  #lent(login: AuthenticatedClient, rest: Buffer, lent: LentLogin): void {
    if (this.#over) return lent.end();
    this.#lease = lent;
    const { role, password } = lent;
    this.#openUpstream(login, rest, { ...this.#context.target.upstream, role, password: () => password });
  }

  #openUpstream(login: AuthenticatedClient, rest: Buffer, upstream: UpstreamOptions): void {
    const { target } = this.#context;
    const { database, applicationName, replication, settings } = login;
    const request = {
      upstream,
      database,
      applicationName,
      replication,
      limits: target.limits,
      settings,
      nonce: this.#nonce(),
    };
    try {
      this.#abandonUpstream = openUpstream(request, (result) => {
        this.#abandonUpstream = undefined;
        if (result.kind === "failed") this.#upstreamFailed(result);
        else this.#ready(login, rest, result);
      });
    } catch (error) {
      // The source of the password can fail.
      this.#upstreamFailed(loginFailed(error instanceof Error ? error.message : "the server's login cannot be read"));
    }
  }

  #upstreamFailed(failure: UpstreamFailure): void {
    const { sqlstate, message, hint } = failure;
    this.#fail({ sqlstate, message, ...(hint === undefined ? {} : { hint }) }, failure.because);
  }

  #ready(login: AuthenticatedClient, rest: Buffer, upstream: UpstreamSession): void {
    const { sessions } = this.#context;
    const account = login.account.name;
    this.#over = true;
    this.#reserved = undefined;
    clearTimeout(this.#timer);
    this.#detach();
    const session = { id: newSessionId(this.#context.random), peer: this.#peer, login, rest, lease: this.#lease };
    if (!handOver(this.#context, session, this.#socket, upstream)) {
      sessions.release(account);
      this.#lease?.end();
    }
    this.#lease = undefined;
    this.#context.finished(this);
  }

  #fail(error: Omit<ErrorFields, "severity">, because: string | undefined): void {
    this.#socket.write(toClient.error({ severity: "FATAL", ...error }));
    if (because !== undefined) this.#refused(because);
    this.#end();
  }

  #refused(because: string): void {
    this.#context.guard.loginRefused(this.#login.name, this.#peer, because);
  }

  /** Says goodbye in order; what the client still sends is read and dropped, or the error could be lost in a reset. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#abandonUpstream?.();
    this.#endLease();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#timedOut, limits.authenticationMsMax);
    this.#socket.resume();
    this.#socket.end();
  }

  #endLease(): void {
    this.#lease?.end();
    this.#lease = undefined;
  }

  #destroy(): void {
    this.#over = true;
    this.#release();
    clearTimeout(this.#timer);
    this.#abandonUpstream?.();
    this.#abandonUpstream = undefined;
    this.#endLease();
    if (this.#reserved !== undefined) this.#context.sessions.release(this.#reserved);
    this.#reserved = undefined;
    this.#detach();
    this.#socket.destroy();
    this.#context.finished(this);
  }
}

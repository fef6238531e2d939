/**
 * Holdfast's login at the server: bytes and TLS facts in, commands out, up to the server's first ReadyForQuery.
 * It does not pin the session (`session-pin.ts` does), and it trusts the server as little as the client.
 */
import { createHash } from "node:crypto";
import { limits } from "../../../base/limits.ts";
import { toServer } from "../codec/auth-messages.ts";
import { BodyReader, readErrorFields } from "../codec/auth-reader.ts";
import { LoginFrames, type LoginFrame } from "../codec/startup-frames.ts";
import { type StartupParameter, writeSslRequest, writeStartup } from "../codec/startup.ts";
import type { UpstreamOptions } from "../options.ts";
import { type ChannelBinding, ScramClient } from "../scram-client.ts";
import { loginFailed, refusedByServer, type UpstreamFailure } from "./upstream-failure.ts";

export type UpstreamCommand =
  | { readonly kind: "send"; readonly bytes: Buffer }
  /** Take TLS up on the socket, verifying as configured; then call `tlsStarted`. */
  | { readonly kind: "start_tls" }
  /** Derive the salted password (PBKDF2, away from this thread); then call `derived`. */
  | { readonly kind: "derive"; readonly salt: Buffer; readonly iterations: number }
  | { readonly kind: "ready"; readonly server: AuthenticatedServer; readonly rest: Buffer }
  | UpstreamFailure;

export interface AuthenticatedServer {
  readonly parameters: Map<string, string>;
  /** The server's own cancel key; absent behind a pooler that gives none. */
  readonly key: { readonly process: number; readonly secret: Uint8Array } | undefined;
}

export interface UpstreamLoginOptions {
  readonly upstream: Pick<UpstreamOptions, "role" | "tls" | "md5Allowed" | "cleartextAllowed">;
  readonly password: string | undefined;
  readonly database: string;
  readonly applicationName: string;
  /** `physical`: no session with SQL, but what a standby or a base backup asks for. */
  readonly replication: boolean | "physical";
  /** Printable nonce, fresh for this login. */
  readonly nonce: string;
}

type State = "ssl_answer" | "tls_pending" | "authentication" | "sasl" | "deriving" | "sasl_final" | "sasl_done" | "starting" | "over";

const PLAIN = "SCRAM-SHA-256";
const PLUS = "SCRAM-SHA-256-PLUS";
const SECRET_BYTES_MAX = 256;

export class UpstreamLogin {
  readonly #options: UpstreamLoginOptions;
  readonly #frames = new LoginFrames();
  readonly #parameters = new Map<string, string>();
  #state: State = "authentication";
  #inTls = false;
  #endPoint: Uint8Array | undefined;
  #bytesSeen = 0;
  #scram: ScramClient | undefined;
  #key: AuthenticatedServer["key"];
  #out: UpstreamCommand[] = [];

  constructor(options: UpstreamLoginOptions) {
    this.#options = options;
  }

  /** Once, when the socket is connected. */
  start(): readonly UpstreamCommand[] {
    this.#out = [];
    if (this.#options.upstream.tls === "disable") this.#sendStartup();
    else {
      this.#state = "ssl_answer";
      this.#out.push({ kind: "send", bytes: writeSslRequest() });
    }
    return this.#out;
  }

  /** `endPoint` is the hash of the server's certificate for `tls-server-end-point`, absent where RFC 5929 defines none. */
  tlsStarted(endPoint: Uint8Array | undefined): readonly UpstreamCommand[] {
    this.#out = [];
    if (this.#state !== "tls_pending") return this.#out;
    this.#inTls = true;
    this.#endPoint = endPoint;
    this.#sendStartup();
    return this.#out;
  }

  derived(salted: Uint8Array): readonly UpstreamCommand[] {
    this.#out = [];
    if (this.#state !== "deriving" || this.#scram === undefined) return this.#out;
    this.#state = "sasl_final";
    this.#out.push({ kind: "send", bytes: toServer.saslResponse(this.#scram.final(salted)) });
    return this.#out;
  }

  receive(chunk: Uint8Array): readonly UpstreamCommand[] {
    this.#out = [];
    if (this.#state === "over") return this.#out;
    if (this.#state === "ssl_answer") return this.#sslAnswer(chunk);
    if (this.#state === "tls_pending") return this.#fail("the server sent bytes in clear while TLS was being taken up");
    this.#bytesSeen += chunk.length;
    if (this.#bytesSeen > limits.serverLoginBytesMax) return this.#fail("the server sent too much before it was ready");
    this.#frames.push(chunk);
    try {
      while (!this.#over()) {
        const frame = this.#frames.typed(limits.serverLoginFrameBytesMax);
        if (frame === undefined) break;
        this.#frame(frame);
      }
    } catch (error) {
      return this.#fail(`the server's message is malformed: ${error instanceof Error ? error.message : "unreadable"}`);
    }
    return this.#out;
  }

  #over(): boolean {
    return this.#state === "over";
  }

  #sslAnswer(chunk: Uint8Array): readonly UpstreamCommand[] {
    // Whatever follows the answer was sent in clear and could be taken for the server's once TLS is up.
    if (chunk.length !== 1) return this.#fail("the server's answer to SSLRequest is not one byte");
    if (chunk[0] !== 0x53) return this.#fail("the server does not speak TLS, and the configuration demands it");
    this.#state = "tls_pending";
    this.#out.push({ kind: "start_tls" });
    return this.#out;
  }

  #sendStartup(): void {
    const { upstream, database, applicationName, replication } = this.#options;
    // Nothing but what a pooler takes too; everything else is pinned by SQL.
    const parameters: StartupParameter[] = [
      ["user", upstream.role],
      ["database", database],
      ["client_encoding", "UTF8"],
    ];
    if (applicationName !== "") parameters.push(["application_name", applicationName]);
    if (replication !== false) parameters.push(["replication", replication === "physical" ? "true" : "database"]);
    this.#state = "authentication";
    this.#out.push({ kind: "send", bytes: writeStartup(parameters) });
  }

  #frame(frame: LoginFrame): void {
    const type = String.fromCharCode(frame.type);
    if (type === "E") return void this.#end(refusedByServer(readErrorFields(frame.body)));
    if (type === "N") return;
    if (type === "R") return void this.#authentication(new BodyReader(frame.body));
    if (this.#state !== "starting") return void this.#fail(`the server sent \`${type}\` before the login was over`);
    this.#starting(type, new BodyReader(frame.body));
  }

  #authentication(body: BodyReader): void {
    const method = body.int32();
    const { upstream, password } = this.#options;
    switch (method) {
      case 0:
        body.end();
        // Without any question the server trusts us by its own configuration; in the midst of SCRAM it has not proved itself.
        if (this.#state !== "authentication" && this.#state !== "sasl_done")
          return void this.#fail("the server broke off SCRAM with AuthenticationOk");
        this.#state = "starting";
        return;
      case 3:
        body.end();
        if (!upstream.cleartextAllowed)
          return void this.#fail("the server asks for a password in clear, and the configuration does not allow it");
        if (!this.#inTls) return void this.#fail("the server asks for a password in clear without TLS");
        return void this.#sendPassword((secret) => secret);
      case 5: {
        const salt = body.bytes(4);
        body.end();
        if (!upstream.md5Allowed) return void this.#fail("the server asks for an md5 password, and the configuration does not allow it");
        return void this.#sendPassword(
          (secret) => `md5${md5(Buffer.concat([Buffer.from(md5(Buffer.from(secret + upstream.role))), salt]))}`,
        );
      }
      case 10:
        return void this.#saslOffered(body, password);
      case 11:
        return void this.#saslContinue(body.rest().toString("utf8"));
      case 12:
        if (this.#state !== "sasl_final" || this.#scram?.verified(body.rest().toString("utf8")) !== true) {
          return void this.#fail("the server could not prove that it knows the password");
        }
        this.#state = "sasl_done";
        return;
      default:
        this.#fail(`the server asks for the authentication method ${method}, which is not supported`);
    }
  }

  #sendPassword(form: (secret: string) => string): void {
    const { password } = this.#options;
    if (this.#state !== "authentication") return void this.#fail("the server asked twice for a password");
    if (password === undefined) return void this.#fail("the server asks for a password, and none is configured");
    this.#out.push({ kind: "send", bytes: toServer.password(form(password)) });
    // What may follow is AuthenticationOk or an error, as after a SCRAM exchange that is done.
    this.#state = "sasl_done";
  }

  #saslOffered(body: BodyReader, password: string | undefined): void {
    const mechanisms: string[] = [];
    for (let name = body.string(); name !== ""; name = body.string()) mechanisms.push(name);
    body.end();
    if (this.#state !== "authentication") return void this.#fail("the server asked twice for a password");
    if (password === undefined) return void this.#fail("the server asks for a password, and none is configured");
    const plus = mechanisms.includes(PLUS);
    if (plus && !this.#inTls) return void this.#fail("the server offers channel binding without TLS");
    if (!plus && !mechanisms.includes(PLAIN)) return void this.#fail("the server offers no SASL mechanism that is supported");
    const binding = this.#binding(plus);
    const mechanism = binding.kind === "tls-server-end-point" ? PLUS : PLAIN;
    this.#scram = new ScramClient({ binding, ownNonce: this.#options.nonce, iterationsMax: limits.scramIterationsMax });
    this.#state = "sasl";
    this.#out.push({ kind: "send", bytes: toServer.saslInitial(mechanism, this.#scram.first()) });
  }

  #binding(offered: boolean): ChannelBinding {
    if (!this.#inTls || this.#endPoint === undefined) return { kind: "unsupported" };
    // `not_offered` is signed too: a server that did offer it learns that somebody took the offer away.
    return offered ? { kind: "tls-server-end-point", data: this.#endPoint } : { kind: "not_offered" };
  }

  #saslContinue(message: string): void {
    if (this.#state !== "sasl" || this.#scram === undefined) return void this.#fail("the server's SASL message is out of turn");
    const next = this.#scram.received(message);
    if (next.kind === "failed") return void this.#fail(next.because);
    this.#state = "deriving";
    this.#out.push(next);
  }

  #starting(type: string, body: BodyReader): void {
    switch (type) {
      case "S": {
        const name = body.string();
        this.#parameters.set(name, body.string());
        body.end();
        return;
      }
      case "K": {
        const process = body.int32() >>> 0;
        // Of its own size: a slice of Node's pool would keep 8 KiB alive for as long as the session.
        const secret = Uint8Array.from(body.rest());
        if (secret.length < 4 || secret.length > SECRET_BYTES_MAX) return void this.#fail("the server's cancel key has a wrong size");
        this.#key = { process, secret };
        return;
      }
      case "Z":
        if (body.uint8() !== 0x49) return void this.#fail("the server begins inside a transaction");
        body.end();
        this.#end({ kind: "ready", server: { parameters: this.#parameters, key: this.#key }, rest: this.#frames.rest() });
        return;
      default:
        this.#fail(`the server sent \`${type}\` before it was ready`);
    }
  }

  #fail(because: string): readonly UpstreamCommand[] {
    this.#end(loginFailed(because));
    return this.#out;
  }

  #end(command: UpstreamCommand): void {
    this.#state = "over";
    this.#out.push(command);
  }
}

function md5(data: Uint8Array): string {
  return createHash("md5").update(data).digest("hex");
}

/**
 * The client's side of a login: bytes and TLS facts in, commands out, from the first byte to the proof of the password.
 * It does not touch a socket, and does not know whether the server behind can be reached.
 */
import { limits } from "../../../base/limits.ts";
import { toClient, type ErrorFields } from "../codec/auth-messages.ts";
import { readSaslInitial } from "../codec/auth-reader.ts";
import { LoginFrames, type LoginFrame } from "../codec/startup-frames.ts";
import { readStartup, type StartupParameter } from "../codec/startup.ts";
import type { Account, TargetOptions } from "../options.ts";
import { type ScramStep, ScramServer, type ScramSubject } from "../scram-server.ts";
import { judgeSettings } from "./startup-settings.ts";

const WRONG_PASSWORD = "28P01";

export type ClientCommand =
  | { readonly kind: "send"; readonly bytes: Buffer }
  /** Take TLS up on the socket; `bytes` were read already and belong to TLS (direct TLS only). Then call `tlsStarted`. */
  | { readonly kind: "start_tls"; readonly bytes: Buffer }
  | { readonly kind: "cancel"; readonly process: number; readonly secret: Buffer }
  /** Already sent: AuthenticationOk. Owed: ParameterStatus, BackendKeyData, ReadyForQuery, or an error. */
  | { readonly kind: "authenticated"; readonly login: AuthenticatedClient; readonly rest: Buffer }
  /** Somebody did not get in: for the record. A `close` follows. `guess`: the password was wrong, or the name. */
  | { readonly kind: "refused"; readonly name: string; readonly because: string; readonly guess: boolean }
  | { readonly kind: "close" };

export interface AuthenticatedClient {
  readonly account: Account;
  readonly database: string;
  /** 0 or 2: the minor version of protocol 3 that the session speaks. */
  readonly minor: 0 | 2;
  readonly applicationName: string;
  readonly replication: boolean;
  /** Settings to be made on the server's session; see `startup-settings.ts`. */
  readonly settings: ReadonlyMap<string, string>;
}

export interface ClientLoginOptions {
  readonly target: Pick<TargetOptions, "accounts" | "clientTlsRequired" | "limits" | "replication">;
  readonly tlsAvailable: boolean;
  /** The SCRAM subject of a name: the account's verifier, or a mock. */
  readonly subjectOf: (name: string) => ScramSubject;
  /** Printable nonce of the server's side, fresh for this login. */
  readonly nonce: string;
}

type State = "first" | "negotiated" | "tls_pending" | "sasl_initial" | "sasl_final" | "over";

interface Asked {
  readonly name: string;
  readonly minor: 0 | 2;
  readonly parameters: readonly StartupParameter[];
}

const TLS_HANDSHAKE_RECORD = 0x16;
const PASSWORD_MESSAGE = 0x70;
const MECHANISM = "SCRAM-SHA-256";

export class ClientLogin {
  readonly #options: ClientLoginOptions;
  readonly #frames = new LoginFrames();
  #state: State = "first";
  #tls: "none" | "negotiated" | "direct" = "none";
  #sslAsked = false;
  #gssAsked = false;
  #asked: Asked = { name: "", minor: 0, parameters: [] };
  #scram: ScramServer | undefined;
  #out: ClientCommand[] = [];

  constructor(options: ClientLoginOptions) {
    this.#options = options;
  }

  /** The name the client gave, empty before it did: for the record of a login that timed out. */
  get name(): string {
    return this.#asked.name;
  }

  /** Bytes of the client, decrypted once TLS is up. After `authenticated` or `close` nothing more may be given. */
  receive(chunk: Uint8Array): readonly ClientCommand[] {
    this.#out = [];
    if (this.#state === "over") return [];
    if (this.#state === "tls_pending") return this.#drop("bytes in clear while TLS is being taken up");
    this.#frames.push(chunk);
    try {
      while (this.#step());
    } catch (error) {
      // A length that lies or a field beyond its frame; PostgreSQL says as little.
      return this.#drop(error instanceof Error ? error.message : "a malformed frame");
    }
    return this.#out;
  }

  /** TLS is up; `alpn` is the protocol agreed on, if any. */
  tlsStarted(alpn: string | false | null): readonly ClientCommand[] {
    this.#out = [];
    if (this.#state !== "tls_pending") return [];
    this.#state = "negotiated";
    // Without ALPN a direct connection could be another protocol's, redirected here by a man in the middle.
    if (this.#tls === "direct" && alpn !== "postgresql") return this.#drop("direct TLS without ALPN `postgresql`");
    return this.#out;
  }

  /** One frame; false when more bytes are needed or the login is over. */
  #step(): boolean {
    switch (this.#state) {
      case "first":
      case "negotiated":
        return this.#startupPacket();
      case "sasl_initial":
      case "sasl_final":
        return this.#passwordMessage();
      default:
        return false;
    }
  }

  #startupPacket(): boolean {
    if (this.#state === "first" && this.#frames.firstByte === TLS_HANDSHAKE_RECORD) return this.#directTls();
    const packet = this.#frames.untyped(limits.startupFrameBytesMax);
    if (packet === undefined) return false;
    this.#state = "negotiated";
    const startup = readStartup(packet.body);
    switch (startup.kind) {
      case "ssl_request":
        return this.#sslRequest();
      case "gssenc_request":
        return this.#gssencRequest();
      case "cancel":
        this.#out.push({ kind: "cancel", process: startup.process, secret: startup.secret });
        return this.#end();
      case "malformed":
        return this.#fail({ sqlstate: "08P01", message: startup.because });
      case "other_version":
        return this.#fail({
          sqlstate: "0A000",
          message: `unsupported frontend protocol ${startup.major}.${startup.minor}: this server speaks 3.0 and 3.2`,
        });
      case "startup":
        return this.#startup(startup.minor, startup.parameters);
    }
  }

  #directTls(): boolean {
    if (!this.#options.tlsAvailable) {
      this.#drop("direct TLS, and TLS is not set up");
      return false;
    }
    this.#tls = "direct";
    this.#state = "tls_pending";
    this.#out.push({ kind: "start_tls", bytes: this.#frames.rest() });
    return false;
  }

  #sslRequest(): boolean {
    // A second request, or one inside TLS, has no meaning. Bytes behind the request were sent in clear before our answer:
    // somebody in the middle may have put them there, to be taken for the client's once TLS is up.
    if (this.#sslAsked || this.#tls !== "none") return this.#fail({ sqlstate: "08P01", message: "SSLRequest at the wrong time" });
    if (this.#frames.waiting > 0) {
      this.#drop("bytes in clear behind SSLRequest");
      return false;
    }
    this.#sslAsked = true;
    if (!this.#options.tlsAvailable) {
      this.#out.push({ kind: "send", bytes: Buffer.from("N") });
      return true;
    }
    this.#tls = "negotiated";
    this.#state = "tls_pending";
    this.#out.push({ kind: "send", bytes: Buffer.from("S") }, { kind: "start_tls", bytes: Buffer.alloc(0) });
    return false;
  }

  #gssencRequest(): boolean {
    if (this.#gssAsked || this.#tls !== "none") return this.#fail({ sqlstate: "08P01", message: "GSSENCRequest at the wrong time" });
    if (this.#frames.waiting > 0) {
      this.#drop("bytes in clear behind GSSENCRequest");
      return false;
    }
    this.#gssAsked = true;
    this.#out.push({ kind: "send", bytes: Buffer.from("N") });
    return true;
  }

  #startup(minor: number, parameters: readonly StartupParameter[]): boolean {
    const last = (name: string) => parameters.findLast(([key]) => key === name)?.[1];
    const name = last("user") ?? "";
    // 3.1 was never given out, so it is answered like a version that does not exist: with the one below.
    const spoken = minor >= 2 ? 2 : 0;
    this.#asked = { name, minor: spoken, parameters };
    if (this.#options.target.clientTlsRequired && this.#tls === "none") {
      return this.#fail({
        sqlstate: "28000",
        message: "a connection without TLS is refused here",
        hint: "connect with sslmode=require or stricter",
      });
    }
    if (name === "") return this.#fail({ sqlstate: "28000", message: "no user name in the start-up packet" });
    const extensions = parameters.map(([key]) => key).filter((key) => key.startsWith("_pq_."));
    if (minor !== spoken || extensions.length > 0) {
      this.#out.push({ kind: "send", bytes: toClient.negotiateProtocolVersion(spoken, extensions) });
    }
    this.#scram = new ScramServer(this.#options.subjectOf(name), this.#options.nonce);
    this.#state = "sasl_initial";
    this.#out.push({ kind: "send", bytes: toClient.authenticationSasl([MECHANISM]) });
    return true;
  }

  #passwordMessage(): boolean {
    const frame = this.#frames.typed(limits.startupFrameBytesMax);
    if (frame === undefined) return false;
    if (frame.type !== PASSWORD_MESSAGE) return this.#fail({ sqlstate: "08P01", message: "expected a SASL response" });
    return this.#state === "sasl_initial" ? this.#saslInitial(frame) : this.#saslFinal(frame);
  }

  #saslInitial(frame: LoginFrame): boolean {
    const { mechanism, data } = readSaslInitial(frame.body);
    if (mechanism !== MECHANISM)
      return this.#fail({ sqlstate: "08P01", message: "the client chose a SASL mechanism that was not offered" });
    // A client may let the first message out and give it when asked with an empty challenge.
    if (data === undefined) return this.#fail({ sqlstate: "08P01", message: "a SASL response without the first SCRAM message" });
    const message = this.#answer(this.#scram?.first(data));
    if (message === undefined) return false;
    this.#state = "sasl_final";
    this.#out.push({ kind: "send", bytes: toClient.saslContinue(message) });
    return true;
  }

  #saslFinal(frame: LoginFrame): boolean {
    const message = this.#answer(this.#scram?.final(frame.body.toString("utf8")));
    const account = this.#options.target.accounts.get(this.#asked.name);
    if (message === undefined || account === undefined) return false;
    this.#out.push({ kind: "send", bytes: Buffer.concat([toClient.saslFinal(message), toClient.authenticationOk()]) });
    return this.#admit(account);
  }

  /** What the SCRAM step sends; `undefined` after it has failed the login. */
  #answer(step: ScramStep | undefined): string | undefined {
    if (step?.kind === "send") return step.message;
    if (step?.kind === "malformed") this.#fail({ sqlstate: "08P01", message: step.because });
    else this.#fail({ sqlstate: WRONG_PASSWORD, message: `password authentication failed for user "${this.#asked.name}"` });
    return undefined;
  }

  /** The password was right: what else the start-up asked for is looked at only now, so that nothing is told to strangers. */
  #admit(account: Account): boolean {
    const { parameters, minor, name } = this.#asked;
    const last = (key: string) => parameters.findLast(([parameter]) => parameter === key)?.[1];
    const database = last("database") || name;
    const replication = readReplication(last("replication"));
    if (replication === "malformed")
      return this.#fail({ sqlstate: "22023", message: "invalid value for the start-up parameter `replication`" });
    if (replication !== "none" && !this.#options.target.replication) {
      return this.#fail({ sqlstate: "42501", message: "replication connections are refused by the policy of this target" });
    }
    if (replication === "physical") {
      return this.#fail({ sqlstate: "0A000", message: "physical replication is not let through: its session cannot be pinned" });
    }
    if (account.databases !== null && !account.databases.includes(database)) {
      return this.#fail({ sqlstate: "42501", message: `permission denied for database "${database}"` });
    }
    const judged = judgeSettings(parameters, this.#options.target.limits);
    if (judged.kind === "refused") return this.#fail(judged);
    const settings = new Map(judged.settings);
    const applicationName = settings.get("application_name") ?? "";
    settings.delete("application_name");
    const login = { account, database, minor, applicationName, replication: replication === "logical", settings };
    this.#out.push({ kind: "authenticated", login, rest: this.#frames.rest() });
    this.#state = "over";
    return false;
  }

  #fail(error: Omit<ErrorFields, "severity">): false {
    this.#out.push({ kind: "send", bytes: toClient.error({ severity: "FATAL", ...pickFields(error) }) });
    this.#drop(error.message, error.sqlstate === WRONG_PASSWORD);
    return false;
  }

  /** Ends without a word to the client. */
  #drop(because: string, guess = false): readonly ClientCommand[] {
    this.#out.push({ kind: "refused", name: this.#asked.name, because, guess });
    this.#end();
    return this.#out;
  }

  #end(): false {
    this.#state = "over";
    this.#out.push({ kind: "close" });
    return false;
  }
}

function pickFields(error: Omit<ErrorFields, "severity">): Omit<ErrorFields, "severity"> {
  const { sqlstate, message, hint } = error;
  return { sqlstate, message, ...(hint === undefined ? {} : { hint }) };
}

/** `database` is logical; a boolean in PostgreSQL's spellings is physical or none. */
function readReplication(value: string | undefined): "none" | "logical" | "physical" | "malformed" {
  if (value === undefined) return "none";
  const text = value.toLowerCase();
  if (text === "database") return "logical";
  if (["true", "on", "yes", "1", "t", "y"].includes(text)) return "physical";
  return ["false", "off", "no", "0", "f", "n"].includes(text) ? "none" : "malformed";
}

/**
 * Pins the server's session right after its login, by SQL, and reads back who and where we are there.
 * It does not keep the pins: the session watches ParameterStatus and sends `pinSql` again after a reset.
 */
import { limits } from "../../../base/limits.ts";
import type { SessionLimits } from "../../../model/session-limits.ts";
import { toServer } from "../codec/auth-messages.ts";
import { BodyReader, readErrorFields, readTextRow } from "../codec/auth-reader.ts";
import { LoginFrames, type LoginFrame } from "../codec/startup-frames.ts";
import type { ServerFacts } from "../handover.ts";
import { loginFailed, type UpstreamFailure } from "./upstream-failure.ts";

export interface PinOptions {
  readonly limits: SessionLimits;
  /** The client's start-up settings, already judged. */
  readonly settings: ReadonlyMap<string, string>;
  /** As of the login; kept up to date by what the server reports while it is pinned. */
  readonly parameters: Map<string, string>;
}

export type PinCommand =
  | { readonly kind: "send"; readonly bytes: Buffer }
  | {
      readonly kind: "pinned";
      readonly facts: ServerFacts;
      readonly pinSql: string;
      readonly pinnedSettings: ReadonlySet<string>;
      readonly rest: Buffer;
    }
  | UpstreamFailure;

/** First of all, because the texts after it are read under it; written so that it means the same whatever was set before. */
const FOUNDATION = "SET client_encoding = UTF8; SET standard_conforming_strings = on";

const VERSION = `${FOUNDATION}; SELECT pg_catalog.current_setting('server_version_num')`;

/** Names are qualified: at this moment the search_path is the client's. */
const READ_BACK = `SELECT pg_catalog.pg_backend_pid(), current_user, session_user,
  pg_catalog.array_to_json(pg_catalog.current_schemas(true)),
  (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) session_user),
  pg_catalog.current_setting('client_encoding'), pg_catalog.current_setting('standard_conforming_strings')`;

const IDLE = Buffer.from("I");

const TRANSACTION_TIMEOUT_SINCE = 170_000;

export class SessionPin {
  readonly #options: PinOptions;
  readonly #frames = new LoginFrames();
  #state: "version" | "pinning" | "over" = "version";
  #row: readonly (string | null)[] = [];
  #failure: UpstreamFailure | undefined;
  #bytesSeen = 0;
  #versionNumber = 0;
  #pinSql = "";
  #pinned: ReadonlySet<string> = new Set();

  constructor(options: PinOptions) {
    this.#options = options;
  }

  start(): PinCommand {
    return { kind: "send", bytes: toServer.query(VERSION) };
  }

  receive(chunk: Uint8Array): readonly PinCommand[] {
    const out: PinCommand[] = [];
    this.#bytesSeen += chunk.length;
    if (this.#bytesSeen > limits.serverLoginBytesMax)
      return [this.#end(loginFailed("the server sent too much while its session was pinned"))];
    this.#frames.push(chunk);
    try {
      while (this.#state !== "over") {
        const frame = this.#frames.typed(limits.serverLoginFrameBytesMax);
        if (frame === undefined) break;
        const command = this.#frame(frame);
        if (command !== undefined) out.push(command);
      }
    } catch (error) {
      out.push(this.#end(loginFailed(`the server's message is malformed: ${error instanceof Error ? error.message : "unreadable"}`)));
    }
    return out;
  }

  #frame(frame: LoginFrame): PinCommand | undefined {
    const type = String.fromCharCode(frame.type);
    switch (type) {
      case "D":
        this.#row = readTextRow(frame.body);
        return undefined;
      case "S": {
        const body = new BodyReader(frame.body);
        const name = body.string();
        this.#options.parameters.set(name, body.string());
        body.end();
        return undefined;
      }
      case "E":
        this.#failure ??= pinRefused(readErrorFields(frame.body), this.#state === "pinning");
        return undefined;
      case "Z":
        // Exactly the status, and idle: a session that begins inside a transaction is not the one we think.
        if (!frame.body.equals(IDLE)) return this.#end(loginFailed("the server is not idle after pinning"));
        return this.#failure === undefined ? this.#answered() : this.#end(this.#failure);
      case "T":
      case "C":
      case "N":
      case "A":
        return undefined;
      default:
        return this.#end(loginFailed(`the server sent \`${type}\` while its session was pinned`));
    }
  }

  #answered(): PinCommand {
    if (this.#state === "pinning") return this.#readBack();
    this.#versionNumber = Number(this.#row[0] ?? 0);
    if (!Number.isInteger(this.#versionNumber) || this.#versionNumber <= 0)
      return this.#end(loginFailed("the server gives no version number"));
    const own = ownSettings(this.#options.limits, this.#options.settings, this.#versionNumber);
    this.#pinned = own.pinned;
    this.#pinSql = [FOUNDATION, ...setAgain(own.settings)].join("; ");
    this.#state = "pinning";
    this.#row = [];
    return { kind: "send", bytes: toServer.query([FOUNDATION, ...setConfig(own.settings), READ_BACK].join("; ")) };
  }

  #readBack(): PinCommand {
    const [process, role, sessionRole, schemas, superuser, encoding, conforming] = this.#row;
    const searchPath: unknown = JSON.parse(schemas ?? "null");
    if (encoding !== "UTF8" || conforming !== "on")
      return this.#end(loginFailed("the server did not keep client_encoding and standard_conforming_strings"));
    const named = typeof role === "string" && typeof sessionRole === "string" && Number.isInteger(Number(process ?? "x"));
    if (!named || !Array.isArray(searchPath) || !searchPath.every((schema) => typeof schema === "string")) {
      return this.#end(loginFailed("the server's answer about its session is not understood"));
    }
    const facts: ServerFacts = {
      parameters: this.#options.parameters,
      process: Number(process),
      role,
      sessionRole,
      searchPath,
      versionNumber: this.#versionNumber,
      // Not to know is taken for the worse.
      superuser: superuser !== "f",
    };
    return this.#end({ kind: "pinned", facts, pinSql: this.#pinSql, pinnedSettings: this.#pinned, rest: this.#frames.rest() });
  }

  #end<C extends PinCommand>(command: C): C {
    this.#state = "over";
    return command;
  }
}

/** The policy's time limits and the client's settings; a client's lower timeout already stands in `settings`. */
function ownSettings(
  session: SessionLimits,
  settings: ReadonlyMap<string, string>,
  versionNumber: number,
): { readonly settings: ReadonlyMap<string, string>; readonly pinned: ReadonlySet<string> } {
  const timeouts: readonly (readonly [string, number | null])[] = [
    ["statement_timeout", session.statementMsMax],
    ["idle_in_transaction_session_timeout", session.idleInTransactionMsMax],
    ["transaction_timeout", session.transactionMsMax],
  ];
  const all = new Map<string, string>();
  const pinned = new Set(["client_encoding", "standard_conforming_strings"]);
  for (const [name, ms] of timeouts) {
    if (ms === null) continue;
    pinned.add(name);
    all.set(name, String(ms));
  }
  for (const [name, value] of settings) all.set(name, value);
  // An older server does not know it; the adapter keeps that limit itself.
  if (versionNumber < TRANSACTION_TIMEOUT_SINCE) all.delete("transaction_timeout");
  return { settings: all, pinned };
}

function setConfig(settings: ReadonlyMap<string, string>): readonly string[] {
  if (settings.size === 0) return [];
  const calls = Array.from(settings, ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`);
  return [`SELECT ${calls.join(", ")}`];
}

/** The same where the session no longer has a value of its own: what was SET after the login and not reset stays. */
function setAgain(settings: ReadonlyMap<string, string>): readonly string[] {
  if (settings.size === 0) return [];
  const values = Array.from(settings, ([name, value]) => `(${literal(name)}, ${literal(value)})`);
  return [
    `SELECT pg_catalog.set_config(v.name, v.value, false) FROM (VALUES ${values.join(", ")}) v (name, value), pg_catalog.pg_settings s
      WHERE pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) v.name AND s.source OPERATOR(pg_catalog.<>) 'session'`,
  ];
}

/** A dollar-quoted literal: it reads the same whatever standard_conforming_strings is when the text is parsed. */
function literal(text: string): string {
  let tag = "v";
  while (text.includes(`$${tag}`)) tag += "v";
  return `$${tag}$${text}$${tag}$`;
}

/** What the server says of the settings is for the client that asked for them. */
function pinRefused(fields: ReadonlyMap<string, string>, duringSettings: boolean): UpstreamFailure {
  const sqlstate = fields.get("C") ?? "XX000";
  const message = fields.get("M") ?? "";
  const because = `the session could not be pinned: \`${sqlstate}\`: ${message}`;
  if (!duringSettings) return loginFailed(because);
  return { kind: "failed", sqlstate, message: `the session could not be set up: ${message}`, because };
}

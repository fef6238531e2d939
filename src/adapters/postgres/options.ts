/**
 * What the composition root tells the PostgreSQL adapter about one target.
 * It does not read configuration: `config/` does, and `wiring.ts` translates.
 */
import type { Environment } from "../../model/principal.ts";
import type { SessionLimits } from "../../model/session-limits.ts";

export interface TargetOptions {
  readonly name: string;
  readonly environment: Environment;
  readonly listen: { readonly host: string; readonly port: number };
  readonly upstream: UpstreamOptions;
  /** A read replica of the upstream, with the same roles. */
  readonly replica?: UpstreamOptions;
  /** Server certificate for clients; absent: clients connect in clear (loopback only). */
  readonly clientTls?: { readonly cert: string; readonly key: string };
  /** Refuse clients that do not use TLS. */
  readonly clientTlsRequired: boolean;
  readonly accounts: ReadonlyMap<string, Account>;
  /** A start-up with `replication` is refused unless this is true. */
  readonly replication: boolean;
  readonly limits: SessionLimits;
  /** Time that running statements get when the gateway stops, in milliseconds. */
  readonly shutdownMs: number;
  /** Why this account may not come in now, in a clause; `undefined` when it may. Asked after its password held. Never rejects. */
  readonly barred?: (account: Account) => Promise<string | undefined>;
  /**
   * Lends the login that one session uses at the server in place of the upstream's own. Rejects when there is none: then nobody
   * gets in. Absent: sessions share the upstream's role.
   */
  readonly lease?: (account: Account, database: string) => Promise<LentLogin>;
}

/** A login at the server for one session. */
export interface LentLogin {
  readonly role: string;
  readonly password: string;
  /** Called once, when the session is over or never came to be. */
  readonly end: () => void;
}

export interface UpstreamOptions {
  readonly host: string;
  readonly port: number;
  /** The server's login; the agent never learns it. */
  readonly role: string;
  /** Fetched at each login and not kept. */
  readonly password: () => string | undefined;
  readonly tls: "disable" | "require" | "verify-full";
  readonly tlsCa?: string;
  readonly tlsServerName?: string;
  readonly md5Allowed: boolean;
  /** Clear-text password authentication, only ever inside TLS. */
  readonly cleartextAllowed: boolean;
}

/** One who may log in to Holdfast. */
export interface Account {
  readonly name: string;
  readonly kind: "human" | "ai_agent" | "workload";
  readonly verifier: ScramVerifier;
  /** Databases it may ask for; `null` is any. */
  readonly databases: readonly string[] | null;
  readonly connectionsMax: number;
  /** Whose authority it uses, nearest first. */
  readonly onBehalfOf?: readonly string[];
}

/** RFC 5802 / RFC 7677 server side secrets: a password cannot be recovered from them but by guessing. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

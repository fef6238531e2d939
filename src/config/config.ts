/**
 * The configuration as the program uses it: names resolved, paths absolute, policies compiled, secrets as references.
 * It does not hold any secret's bytes.
 */
import type { ApprovalRules } from "../model/approval-rules.ts";
import type { Environment } from "../model/principal.ts";
import type { Budget } from "../model/run.ts";
import type { Policy } from "../policy/policy.ts";
import type { Address } from "./address.ts";
import type { BackupConfig } from "./backup-schema.ts";
import type { BinConfig } from "./bin-schema.ts";
import type { UndoConfig } from "./undo-schema.ts";
import type { BreakGlassRules, ChannelConfig } from "./channels.ts";

/** Where a secret is to be found. A file's path is absolute. */
export type SecretReference =
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "vault"; readonly name: string }
  | { readonly kind: "file"; readonly path: string };

/** How a user of Holdfast logs in: a verifier as it stands, or a secret that holds a password or a verifier. */
export type LoginReference = { readonly kind: "verifier"; readonly text: string } | SecretReference;

export interface Config {
  /** Folder for the audit log, keys and the control socket. */
  readonly state: string;
  readonly auditDirectory: string;
  /** Folder of the vault, which need not be there; `vault` in the state folder. */
  readonly vaultDirectory?: string;
  /** Absent where the configuration was not read from a file. */
  readonly source?: {
    readonly path: string;
    /** Of the data as it was examined: comments and white space do not count. */
    readonly digest: string;
  };
  readonly shutdownMs: number;
  readonly targets: readonly TargetConfig[];
  readonly users: readonly UserConfig[];
  /** Absent: the embedded store in `state`. */
  readonly store?: StoreConfig;
  /** Absent: the usual ones. */
  readonly approvals?: ApprovalRules;
  /** Where persons are told of approvals. */
  readonly channels?: readonly ChannelConfig[];
  /** Absent: one person, an hour at most. */
  readonly breakGlass?: BreakGlassRules;
  /** Absent: no console is served. */
  readonly console?: ConsoleConfig;
  /** Absent: no proxy for HTTP APIs is served. */
  readonly http?: HttpConfig;
}

/** The proxy for HTTP APIs. */
export interface HttpConfig {
  readonly listen: Address;
  /** What one login may have at once. */
  readonly perLogin: { readonly connections: number; readonly requests: number };
  /** Hosts without a pack that go through unread. */
  readonly egress: readonly string[];
  readonly credentials: readonly HttpCredential[];
  /** `ca` is an absolute path. */
  readonly routes: readonly { readonly host: string; readonly address: Address; readonly ca?: string }[];
  readonly databases: readonly HttpDatabase[];
  readonly clusters: readonly HttpCluster[];
  /** Which environment things of providers belong to, the first that fits; beyond it names and the provider's own fields tell. */
  readonly environments: readonly HttpEnvironment[];
  /** How long the end of a safeguard makes destroying stricter. */
  readonly disarmedMs: number;
}

export interface HttpEnvironment {
  readonly provider?: string;
  /** Names, ids, or paths such as `shop/production/*`. */
  readonly names?: readonly string[];
  readonly environment: Environment;
}

/** A Kubernetes cluster, wherever it is. */
export interface HttpCluster {
  readonly name: string;
  readonly server: string;
  /** With its port where that is not 443. */
  readonly host: string;
  readonly address: Address;
  /** Of `credentials`. */
  readonly credential: string;
  /** An absolute path. */
  readonly ca?: string;
  readonly namespace?: string;
}

/** A provider's database that is one of the targets. */
export interface HttpDatabase {
  readonly provider: string;
  /** As requests call it; `*` any characters. */
  readonly project: string;
  readonly target: string;
  /** Whom the provider runs SQL as, and where names are looked for then. */
  readonly role: string;
  readonly searchPath: readonly string[];
}

export interface HttpCredential {
  readonly name: string;
  readonly secret: SecretReference;
  /** Absent: those that the vault names for it. */
  readonly hosts?: readonly string[];
  readonly header: string;
  readonly form: string;
  readonly mode: "placeholder" | "inject" | "sigv4";
  readonly prefix: string;
  /** Places beside the header in which its placeholder is filled in. */
  readonly surfaces: readonly ("path" | "query" | "body" | "websocket")[];
  readonly variable?: string;
  /** Absent: the secret itself is sent. */
  readonly mint?: HttpMint;
}

/** What short-lived credential is made of a long-lived one. */
export type HttpMint =
  | {
      readonly kind: "github-app";
      readonly app: string;
      readonly installation: string;
      readonly repositories: readonly string[];
      readonly permissions: Readonly<Record<string, string>>;
      readonly host: string;
    }
  | { readonly kind: "gcp-service-account"; readonly scopes: readonly string[]; readonly audience?: string }
  | {
      readonly kind: "oauth";
      readonly grant: "client_credentials" | "refresh_token";
      readonly tokenUrl: string;
      readonly revocationUrl?: string;
      readonly clientId: string;
      readonly clientSecret?: SecretReference;
      readonly clientAuth: "basic" | "body";
      readonly scope?: string;
      readonly audience?: string;
    }
  | {
      readonly kind: "fly";
      readonly organization?: number;
      readonly apps: readonly number[];
      readonly actions: readonly ("read" | "write" | "create" | "delete" | "control")[];
      readonly lifeMs: number;
    }
  | {
      readonly kind: "assume-role";
      readonly role: string;
      readonly region: string;
      /** JSON. */
      readonly policy?: string;
      readonly policyArns: readonly string[];
      readonly externalId?: string;
      readonly durationS: number;
    };

export interface ConsoleConfig {
  readonly listen: Address;
  /** The origin that people type, where it is not `http(s)://localhost:PORT`. */
  readonly url?: string;
  /** Absolute paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Where runs, grants and approvals are kept. */
export type StoreConfig =
  | { readonly kind: "sqlite" }
  /** Shared by several gateways. One that was silent for `gatewayMsMax` counts as dead. */
  | { readonly kind: "postgres"; readonly upstream: UpstreamConfig; readonly gatewayMsMax: number };

export interface TargetConfig {
  readonly name: string;
  readonly environment: Environment;
  /** It has no database: its sessions call HTTP APIs alone, and `listen`, `upstream` and what goes with a database mean nothing. */
  readonly apiOnly?: true;
  readonly listen: Address;
  readonly upstream: UpstreamConfig;
  /** Absolute paths of PEM files. */
  readonly clientTls?: { readonly cert: string; readonly key: string };
  readonly clientTlsRequired: boolean;
  /** Name of the preset or policy, for people. */
  readonly policyName: string;
  /** What one session may use up in all; absent: nothing is counted against it. */
  readonly budget?: Budget;
  readonly policy: Policy;
  readonly replication: boolean;
  /** A read replica of the upstream, with the upstream's role and password where it names none. */
  readonly replica?: { readonly upstream: UpstreamConfig; readonly lagMsMax: number };
  /** Absent: all sessions share the upstream's role, whatever its rights are. */
  readonly roles?: RolesConfig;
  /** The login of the executor; absent: a role lent for each act where roles are ephemeral, and the upstream's otherwise. */
  readonly executor?: UpstreamConfig;
  readonly plan: PlanConfig;
  readonly undo: UndoConfig;
  readonly bin: BinConfig;
  /** Absent: Holdfast makes no backups of it. */
  readonly backup?: BackupConfig;
}

/** How acts are measured and carried out. Times in milliseconds. */
export interface PlanConfig {
  readonly lockMs: number;
  readonly statementMs: number;
  readonly runMs: number;
  readonly samples: number;
  /** Another server with the same data, on which is measured. */
  readonly clone?: UpstreamConfig;
  /** Columns as `schema.table.column` or `schema.table.*`. */
  readonly shown: { readonly public: readonly string[]; readonly secret: readonly string[] };
}

/** Rights at the server itself. */
export interface RolesConfig {
  readonly mode: "ephemeral" | "fixed";
  /** Present when ephemeral. */
  readonly admin?: UpstreamConfig;
  readonly migrationRole?: string;
  /** `null` is every schema. */
  readonly schemas: readonly string[] | null;
  readonly hide: readonly string[];
  readonly writers: readonly { readonly name: string; readonly schemas: readonly string[]; readonly tables: readonly string[] }[];
  readonly rows: readonly { readonly table: string; readonly using: string }[];
  readonly functions: readonly string[];
  /** `null` is every role. */
  readonly keep: readonly string[] | null;
  readonly public: { readonly temporary: "revoke" | "keep"; readonly connect: "revoke" | "keep" };
  readonly lease: { readonly lifetimeMs: number; readonly lingerMs: number; readonly sweepEveryMs: number };
}

export interface UpstreamConfig {
  /** The whole address in a secret; fields beside it override what it says. */
  readonly url?: SecretReference;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly role?: string;
  readonly password?: SecretReference;
  readonly tls?: "disable" | "require" | "verify-full";
  /** Absolute path of a PEM file. */
  readonly ca?: string;
  readonly serverName?: string;
  readonly md5Allowed: boolean;
  readonly cleartextAllowed: boolean;
}

export interface UserConfig {
  readonly name: string;
  readonly kind: "human" | "ai_agent" | "workload";
  readonly login: LoginReference;
  readonly targets: readonly string[];
  /** `null` is any. */
  readonly databases: readonly string[] | null;
  readonly connectionsMax: number;
  /** The policy it has at each target in place of the target's own. */
  readonly policies: ReadonlyMap<string, Policy> | null;
  /** Its list of tables to write, by name; reads only when absent. */
  readonly writer?: string;
}

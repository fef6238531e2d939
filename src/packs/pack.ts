/**
 * What a provider's operations mean, as data: the doors that lead to each, its class, and what to look for inside a request.
 * It holds no code that a pack could bring along; `effects/http` reads requests by it.
 */
import type { Reversibility } from "../model/effect.ts";
import type { RefusalForm } from "../model/refusal-form.ts";
import type { PackLookups, ProviderPreview } from "./lookup.ts";
import type { PackModels } from "./models.ts";

/** What an API call would do, the strictest first: a request that several fit counts as all of them. */
export type OperationClass =
  /** The thing is gone. */
  | "destroy"
  /** The thing stays and what it holds is gone. */
  | "wipe"
  /** Data is overwritten by an older state. */
  | "restore"
  /** A safeguard ends: deletion protection, backups, retention, locks, logging, restrictions of the network. */
  | "disarm"
  /** Code or SQL runs that the request carries. */
  | "exec"
  /** A secret is made, shown, changed or taken back, or rights change. */
  | "credential"
  /** A thing gets another owner. */
  | "transfer"
  /** What was private can be seen by others, or public work is shut. */
  | "publish"
  | "money"
  /** Something stops, restarts or changes under those who use it; nothing is lost. */
  | "outage"
  /** Known, and loses nothing: deployments, comments. */
  | "write"
  | "read";

/**
 * A way that leads to an operation, as one line:
 * `DELETE /v1/volumes/{id}` (`+` between methods; `{x}` one segment, `{x*}` the rest, `**` any segments, `*` any characters of one),
 * `DELETE sql.example.com/v1/x` where the pack has several hosts, `GQL volumeDelete` a field of a mutation,
 * `GQL query secretOf` one of a query, `AWS rds DeleteDBInstance` an operation by its name (`*` any characters),
 * `GRPC package.Service Method` a method of gRPC: one with a `*` counts where none without does.
 */
export type Door = string;

/**
 * What to look for. `at` says where: `argument` (GraphQL, variables put in), `body` (JSON or form), `query`, `header`, `input` (body and
 * query both); then a path, whose `*` is any key and `**` any depth. A value that cannot be known counts as found.
 */
export interface Look {
  readonly at: `${"argument" | "body" | "query" | "header" | "input"} ${string}`;
  /** Values that count, letter case aside. `empty` is an empty list or text, `null` a null that stands there. */
  readonly is: readonly (string | number | boolean)[] | "present" | "absent" | "empty" | "null";
  readonly class: OperationClass;
  readonly reversibility?: Reversibility;
  readonly because: string;
}

/** SQL of PostgreSQL that a body carries, and how the request says which database it is for. */
export interface PackSql {
  /** Paths in the body; all texts there run one after the other, in their order. */
  readonly at: readonly string[];
  /** The database's name at its provider: a placeholder of the door as `{ref}`, `host` for the host's first label, or `body PATH`. */
  readonly project: string;
  /** Where the body names another database of that server: SQL is judged only where it is the one that is known, or absent. */
  readonly database?: string;
  /** Paths in the body whose presence changes what names mean, so that nothing is known of it. */
  readonly shifts?: readonly string[];
  /** Parameters stand in it as `:name`. */
  readonly parameters?: "named";
  /** Paths of the lists of rows in its answer, names with dots between them; `""`: the answer is the list. Absent: nobody counts them. */
  readonly rows?: readonly string[];
  /** Paths in the body whose presence gives the answer another form. */
  readonly unrowed?: readonly string[];
  /** The provider has other engines too: it is PostgreSQL only where an operator said so, and the operation's class otherwise. */
  readonly engine?: "several";
}

export interface PackOperation {
  readonly id: string;
  readonly doors: readonly Door[];
  readonly class: OperationClass;
  /** What the request is about, one word: `volume`. */
  readonly thing: string;
  /** Absent: what its class means (`destroy` is irreversible). */
  readonly reversibility?: Reversibility;
  /** How long, and by what, the provider can take it back. */
  readonly undo?: string;
  /** It reaches more than the one thing it names. */
  readonly many?: true;
  readonly look?: readonly Look[];
  /** A push of git: each ref that it makes, moves or deletes counts by itself. What of it cannot be read is of the operation's class. */
  readonly git?: "receive-pack";
  /** The provider can be asked what it would do, where `lookups` says nothing of it. */
  readonly trial?: ProviderPreview;
  /** SQL in the body: its effects are then the request's own. */
  readonly sql?: PackSql;
  /** Requests as `METHOD URL body`. */
  readonly examples: { readonly matches: readonly string[]; readonly misses: readonly string[] };
}

/** How requests are signed where the credential is a key pair (Signature Version 4). Names are a host's labels before its region. */
export interface PackSigning {
  /** Services whose paths are signed as they are sent: neither normalised, nor encoded once more. */
  readonly asSent: readonly string[];
  /** Services that signatures name otherwise than hosts do. */
  readonly signedAs: Readonly<Record<string, readonly string[]>>;
}

export interface Pack {
  readonly provider: string;
  /** Lower case; `*` any characters. */
  readonly hosts: readonly string[];
  /**
   * Those whose paths are names, kept letter by letter: empty segments and `;` are part of them. Any other path loses both. With `/{name}`
   * after it: the first segment is a name of its own, and never empty.
   */
  readonly exactPaths?: readonly string[];
  /** Hosts that are the same API as another, applied in order before doors are looked for: regions, certificates of clients. */
  readonly sameHosts?: readonly (readonly [what: RegExp, into: string])[];
  /**
   * Paths where an encoded slash is part of a name, as the provider itself reads it: `{x%}` one segment that may hold some, `{x}` one
   * without, `**` any; a host before it where the pack has several. Anywhere else a slash that is hidden is refused.
   */
  readonly slashedNames?: readonly string[];
  /** Headers that carry the provider's credential, lower case: all but ours are stripped, and none is ever shown. */
  readonly authSlots: readonly string[];
  /** Absent: its requests are not signed. */
  readonly signing?: PackSigning;
  /** Headers, lower case, in which its clients tell of themselves, anew at each call: they do not go on, and no act differs by them. */
  readonly clientHeaders?: readonly string[];
  /** How its clients read errors, so that they show a refusal's sentence: the first that fits the request. */
  readonly refusals?: readonly RefusalForm[];
  /** Keys of a query that are a list where they stand in it several times; any other is what two readers could read differently. */
  readonly listed?: readonly string[];
  /** Where its clients ask for tokens of OAuth: `https://host/path`, `{x}` one segment. Each host is one of `hosts`. */
  readonly tokenEndpoints?: readonly string[];
  /** Paths at which it speaks GraphQL. */
  readonly graphql?: readonly string[];
  /** Its operations are known by the public models of its services; doors `AWS service Name` name them. */
  readonly models?: PackModels;
  readonly operations: readonly PackOperation[];
  /** How its things are asked about before a request is judged. */
  readonly lookups?: PackLookups;
}

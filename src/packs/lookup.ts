/**
 * How a pack's things are asked about, as data: which things an operation names, the reads that tell what they are, where in the answers
 * it stands, and what the provider itself offers as a preview. It holds no code; `effects/http/resolve-*.ts` reads it.
 */
import type { BackupCoupling } from "../model/api-thing.ts";
import type { Environment } from "../model/principal.ts";
import type { OperationClass } from "./pack.ts";

/**
 * A read of ours: `GET /v1/x/{id}`, `GET api.example.com/v1/x/{id}` where another host of the pack answers, or `GQL query(...) {...}` to
 * the path that the request itself came to. `{x}` is a name from the operation's door (`{x*}` where it holds slashes), `{id}` the thing's
 * own, `{read.path}` what an earlier read gave. Variables of GraphQL are filled by their names, or as `with` says. `HEAD own` asks for the
 * request's own path, as it is sent.
 */
export interface LookupRead {
  readonly as: string;
  readonly ask: string;
  /** Variables of GraphQL that are not `id` or a name of the door: from where. */
  readonly with?: Readonly<Record<string, string>>;
  /** The thing is known without it, too. */
  readonly optional?: true;
  /** Its status alone tells: `there` is true, or false where the provider knows no such thing. */
  readonly exists?: true;
  /** Beside the credential. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; its texts are filled like `ask`. */
  readonly body?: { readonly type: string; readonly json: Readonly<Record<string, string>> };
}

/** A path into the answers, the read's name first: `volume.data.volume.name`. Lists are walked through; letter case aside. */
export type AnswerPath = string;

export interface PackThing {
  /** In order. One that needs what is not there is left out. */
  readonly reads: readonly LookupRead[];
  readonly name?: readonly AnswerPath[];
  /** What it is in, from the outside in; each the first of its paths that is there. Their names and ids tell the environment, too. */
  readonly within?: readonly (readonly AnswerPath[])[];
  /** Other ids of the same thing. */
  readonly same?: readonly AnswerPath[];
  /** Ids of what it is in, that the configuration may name. */
  readonly ids?: readonly AnswerPath[];
  /** What the provider calls its environment. */
  readonly environment?: readonly AnswerPath[];
  /** A field that says it without a name: where it has this value. */
  readonly flags?: readonly { readonly at: AnswerPath; readonly is: string | number | boolean | null; readonly environment: Environment }[];
  readonly size?: { readonly at: AnswerPath; readonly unit: "B" | "kB" | "MB" | "GB" };
  /** What else goes or stands still with it. */
  readonly dependants?: readonly { readonly at: AnswerPath; readonly what: string }[];
  /**
   * `at` is each backup, `time` is when it was made; `lives` where they are: `on the same volume`. `in` is what holds them, where an empty
   * list shows nothing at `at`: an element of XML.
   */
  readonly backups?: { readonly at: AnswerPath; readonly time: AnswerPath; readonly lives?: string; readonly in?: AnswerPath };
  /** Other facts that a person should read: `deletion protection: true`. */
  readonly notes?: readonly { readonly at: AnswerPath; readonly what: string }[];
  /** What rules of `means` ask for, by a name of its own: where the path has this value. */
  readonly states?: readonly { readonly name: string; readonly at: AnswerPath; readonly is: string | boolean }[];
  /** Asked anew for each request: the next one may be about what this one made. */
  readonly fresh?: true;
  /** Things of this kind belong to no environment: names say nothing, and that none is known makes nothing stricter. */
  readonly unplaced?: true;
}

/**
 * `path app`: the segment that the door calls `{app}`. `argument x.y`, `body x.y`, `query x`: the values there. `keys argument x.y`: the
 * names of what stands there.
 */
export type NamePlace = `${"path" | "argument" | "body" | "query" | "keys argument" | "keys body"} ${string}`;

export interface NamedThing {
  readonly thing: string;
  /** The first place at which something stands counts. */
  readonly at: readonly NamePlace[];
}

/**
 * `same`: the request itself with this in its query, which the provider then carries out on trial; `deleting`: in the body of a deletion
 * that has one, which then takes the place of the query; without it such a deletion is not tried. `form`: in its form, where it has one.
 * None of them is asked where the request has that word already. `read`: another request whose answer says what would go, with the same
 * body where it says so, and with names from the request itself. `graphql`: another document, whose variables are the field's arguments.
 * `shown` are the paths into the answer (under `preview`) that a person reads; none: the answer's status alone tells.
 */
export interface ProviderPreview {
  readonly how:
    | { readonly same: string; readonly deleting?: Readonly<Record<string, readonly string[]>> }
    | { readonly form: string }
    | { readonly read: string; readonly body?: "same"; readonly with?: Readonly<Record<string, readonly NamePlace[]>> }
    | { readonly graphql: string };
  readonly called: string;
  readonly shown?: readonly (AnswerPath | ShownEach)[];
  /** An answer that is an error and means that it would go through: a path and the value there. */
  readonly passes?: { readonly at: AnswerPath; readonly is: string };
}

/** Of each that stands at the path, the texts at these paths below it, in one breath. */
export interface ShownEach {
  readonly each: AnswerPath;
  readonly words: readonly string[];
}

export interface OperationLookup {
  /** The first is what the operation is about. Empty: only `backupCoupling` or `preview` is known. */
  readonly names: readonly NamedThing[];
  readonly backupCoupling?: BackupCoupling;
  readonly preview?: ProviderPreview;
  /** What answers make of the operation's own class. The first that holds counts; what could not be asked holds nowhere. */
  readonly means?: readonly MeansRule[];
}

export interface MeansRule {
  readonly class: OperationClass;
  /** `bucket versioned`: a thing's kind and one of its states. One of them holds. */
  readonly where: readonly string[];
  /** What the request must not have; a body that is not read counts as having it. */
  readonly unless?: readonly NamePlace[];
  /** What the request must have, so that it is known to be read as its provider reads it. */
  readonly with?: NamePlace;
  readonly because: string;
}

export interface PackLookups {
  /** By the word that `names` uses. */
  readonly things: Readonly<Record<string, PackThing>>;
  /** By the operation's id. */
  readonly operations: Readonly<Record<string, OperationLookup>>;
}

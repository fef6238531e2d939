/**
 * A provider whose operations are known by the public models of its services: where each service answers, how its requests say which
 * operation they call, and by which words of a name an operation has its class. Data; `effects/http/model-*.ts` reads requests by it.
 */
import type { Reversibility } from "../model/effect.ts";
import type { ProviderPreview } from "./lookup.ts";
import type { Look, OperationClass } from "./pack.ts";

export interface PackModels {
  /**
   * The services as lines: a head, then two lines each: `{id, endpoints, signing, forms, target}` and the operations, a tab between them.
   * An operation is `Name`, with its route `Name METHOD URI`; marks on the name: `!` it can be asked on trial with `DryRun`, `?` its model
   * says that it only reads, `^` its body is content and holds no parameters, `~` it is of an older version. Read at the first request.
   */
  readonly apis: () => string;
  readonly hosts: ModelHosts;
  /** The first that has the name tells its class. */
  readonly families: readonly Family[];
  /** Names that only look, of which some show a secret: `Get*`. */
  readonly reads: string;
  /** How operations that can be asked on trial are, of one service. */
  readonly trial?: { readonly api: string; readonly preview: ProviderPreview };
  /** What to look for in a change, whatever it is called. */
  readonly looks: readonly FamilyLook[];
}

/** How a host says which service it is, beside the service's own endpoint. */
export interface ModelHosts {
  /** Domains of the provider; `.` goes before each. */
  readonly suffixes: readonly string[];
  /** Applied in order to what stands before the domain. */
  readonly rewrites: readonly (readonly [what: RegExp, into: string])[];
  /** Labels that say nothing of the service: regions, kinds of addresses. Whole labels, lower case. */
  readonly ignored: RegExp;
  /** Marks on a label that say nothing of the service. */
  readonly marks: RegExp;
  /** Endpoints beyond those of the models, with the service's id. */
  readonly more: readonly (readonly [endpoint: string, api: string])[];
}

export interface Family {
  readonly class: OperationClass;
  /** Patterns of operations' names, `*` any characters, white space between them. */
  readonly names: string;
  /** Ids of services, a space between them. Absent: any. */
  readonly apis?: string;
  readonly reversibility?: Reversibility;
  /** It reaches more than one thing. */
  readonly many?: true;
}

export interface FamilyLook extends Look {
  /** Patterns of names that it is for. Absent: every change. */
  readonly names?: string;
  readonly apis?: string;
}

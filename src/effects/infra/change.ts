/** One change that a plan of an infrastructure tool would make, whichever tool wrote it. It holds values, and shows none. */

export interface InfraChange {
  readonly tool: "terraform" | "pulumi";
  /** As the tool names it: `module.db.aws_db_instance.main`, a Pulumi resource's name. */
  readonly address: string;
  readonly type: string;
  /** `replace` deletes and makes anew; `forget` leaves the thing and lets go of it; `unknown` is a word that was not known. */
  readonly action: "create" | "update" | "delete" | "replace" | "forget" | "unknown";
  /** Attributes as they are; `null` where there is nothing yet. */
  readonly before: unknown;
  readonly after: unknown;
  /** A program that runs on the way. */
  readonly runs?: true;
}

export interface InfraPlan {
  readonly tool: InfraChange["tool"];
  readonly version: string;
  readonly changes: readonly InfraChange[];
  /** Why the plan is not the whole of what an apply would do; empty where it is. */
  readonly incomplete: string;
}

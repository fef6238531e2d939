/**
 * What an action would do: operation × resource × extent × reversibility.
 * It does not say whether that is allowed; that is the policy's answer.
 */

import type { EffectThing } from "./api-thing.ts";

/** The verb. `unknown` is what was not understood, and never passes as harmless. */
export type Operation = "read" | "create" | "update" | "delete" | "define" | "execute" | "grant" | "connect" | "unknown";

export const operations: readonly Operation[] = ["read", "create", "update", "delete", "define", "execute", "grant", "connect", "unknown"];

/** A typed, named thing: `{ type: "table", name: "public.orders" }`. The name is the resolved identity, never the text as written. */
export interface Resource {
  readonly type: ResourceType;
  readonly name: string;
}

export type ResourceType =
  | "table"
  | "view"
  | "sequence"
  | "function"
  | "type"
  | "schema"
  | "database"
  | "role"
  | "index"
  | "trigger"
  | "policy"
  | "extension"
  | "setting"
  | "session"
  | "transaction"
  | "large_object"
  | "file"
  | "program"
  | "server"
  | "foreign_table"
  | "publication"
  | "subscription"
  | "channel"
  | "lock"
  | "catalogue"
  | "statement"
  /** A thing behind an HTTP API that a pack knows: `railway:volume/v1`. */
  | "api_resource"
  /** A host that no pack knows. */
  | "api_host"
  | "unknown";

/** How much. Numbers are rows (or things) and only present where they are certain. */
export type Extent =
  | { readonly kind: "exact"; readonly count: number }
  | { readonly kind: "at_most"; readonly count: number }
  /** Nothing restricts it: no WHERE, or one that means nothing. */
  | { readonly kind: "unbounded" }
  /** Something restricts it, but how far only the data knows. */
  | { readonly kind: "unknown" };

export type Reversibility = "reversible" | "restorable" | "irreversible" | "unknown";

export type Classification = "public" | "sensitive" | "secret";

/**
 * How a resource is reached. `direct` was named by the statement; the others follow from the catalogue, and their
 * counts do not appear in the server's answer.
 */
export type Cause = "direct" | "cascade" | "trigger" | "function" | "rule" | "view" | "default";

export interface Effect {
  readonly operation: Operation;
  readonly resource: Resource;
  readonly extent: Extent;
  readonly reversibility: Reversibility;
  readonly cause: Cause;
  /** Finer than the operation: `drop`, `truncate`, `alter`, `copy_program`, `set_role` ... Rules match on it. */
  readonly detail: string;
  /** Shares of the act that policy looks at: unclassified reads are secret only where a catalogue says so. */
  readonly classification?: Classification;
  /** For people and agents: why this is an effect, in one clause. Holds no literals of the statement. */
  readonly because?: string;
  /** The server keeps images of the rows that it changes, so that undo takes it back; of a view, which holds none, too. */
  readonly undoable?: true;
  /** Of a thing behind an API: what its provider says of it. Absent where nobody asked. */
  readonly thing?: EffectThing;
}

/** The one effect of whatever could not be understood. */
export function unknownEffect(because: string, name = "statement"): Effect {
  return {
    operation: "unknown",
    resource: { type: "unknown", name },
    extent: { kind: "unknown" },
    reversibility: "unknown",
    cause: "direct",
    detail: "unknown",
    because,
  };
}

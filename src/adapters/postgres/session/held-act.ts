/**
 * One held act in the form in which persons are asked of it: its digest, what it rests on, how it reads, and how it is measured and run.
 * It asks nobody.
 */
import { digestOf } from "../../../base/canonical.ts";
import type { SqlContext } from "../../../model/action.ts";
import type { Precondition } from "../../../model/plan.ts";
import type { HeldAct } from "../../../pipeline/approvals-port.ts";
import type { Held } from "../../../pipeline/guard.ts";
import { shownAct } from "../../../pipeline/shown-act.ts";
import type { ExecutorAct, ExecutorMessage } from "../executor/port.ts";
import { bindValues } from "../codec/read.ts";
import type { Core } from "./core.ts";
import type { HeldAsk, HeldParts } from "./held.ts";

/** Settings that change what a text means, and that the server reports when they change. */
const MEANING = ["DateStyle", "IntervalStyle", "TimeZone"] as const;

/** Of the exact bytes: text, parameter types, values with their formats. */
export function actDigest(message: ExecutorMessage): string {
  const form = "holdfast-sql-v1";
  if (message.kind === "simple") return digestOf({ form, text: message.text });
  const { text, parameterTypes, bind } = message;
  return digestOf({ form, text, parameterTypes, bind: bind.toString("base64") });
}

/** As it is carried out: where names are resolved, under which settings. */
export function executorAct(core: Core, { message }: HeldAsk, held: Held, context: SqlContext): ExecutorAct {
  const { statements, id: action } = held;
  const { database } = core.parts.target;
  return { action, database, context, settings: meaning(core), statements, message, readsAs: context.role };
}

export function heldAct(core: Core, ask: HeldAsk, held: Held, context: SqlContext, gone: AbortSignal): Omit<HeldAct, "measure"> {
  const { session, target } = core.parts;
  const { id, reason, rules, policyDigest, effects, statements } = held;
  return {
    action: id,
    session,
    target,
    digest: actDigest(ask.message),
    shown: shown(ask.message),
    parts: statements.length,
    reason,
    rules,
    policyDigest,
    effects,
    preconditions: preconditions(core, context),
    gone,
  };
}

/** Equal for the same situation in every connection of a principal, before and after a restart, at every gateway. */
export function preconditions(core: Core, { role, sessionRole, searchPath, catalogueVersion }: SqlContext): readonly Precondition[] {
  const { catalogue } = core.parts;
  // The login's own role may be one that was made for this session alone.
  const acting = role === sessionRole ? "the session's own" : role;
  // pg_catalog is searched first whether it is named or not, and the server names it by whim.
  const schemas = searchPath[0] === "pg_catalog" ? searchPath.slice(1) : searchPath;
  return [
    { name: "role", value: acting },
    { name: "search_path", value: JSON.stringify(schemas) },
    { name: "catalogue", value: catalogue.digest ?? String(catalogueVersion) },
    ...Array.from(meaning(core), ([name, value]) => ({ name, value })),
  ];
}

function meaning({ parts, reported }: Core): ReadonlyMap<string, string> {
  const known: HeldParts["settings"] = parts.held?.settings ?? new Map();
  const found = new Map<string, string>();
  for (const name of MEANING) {
    const value = reported?.get(name) ?? known.get(name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function shown(message: ExecutorMessage): string {
  if (message.kind === "simple") return shownAct(message.text);
  const { formats, values } = bindValues(message.bind) ?? { formats: [], values: [] };
  const texts = values.map((value, i) => {
    if (value === null) return null;
    const binary = (formats.length === 1 ? formats[0] : formats[i]) === 1;
    return binary ? binaryShown(value, message.parameterTypes[i] ?? 0) : value.toString("utf8");
  });
  return shownAct(message.text, texts);
}

/** Built-in types whose binary form is plain; of others the bytes are shown, as a bytea literal spells them. */
function binaryShown(value: Buffer, type: number): string {
  switch (type) {
    case 16:
      if (value.length === 1) return value[0] === 0 ? "false" : "true";
      break;
    case 20:
      if (value.length === 8) return String(value.readBigInt64BE(0));
      break;
    case 21:
      if (value.length === 2) return String(value.readInt16BE(0));
      break;
    case 23:
      if (value.length === 4) return String(value.readInt32BE(0));
      break;
    case 25:
    case 1043:
      return value.toString("utf8");
    case 2950:
      if (value.length === 16) return value.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
      break;
    default:
  }
  return `\\x${value.toString("hex")}`;
}

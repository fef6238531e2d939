/**
 * The generic walk: every field of every node the parser can give, with a closed table of types and special visitors on top.
 * It does not know what any node means; a type or field outside the table is `unknown`, never skipped.
 */
import { limits } from "../../base/limits.ts";
import { emitUnknown, type Engine, type Place } from "./engine.ts";
import { nodeTypes } from "./nodes.ts";
import { tagged, type Fields } from "./tree.ts";

export type Visitor = (fields: Fields, at: Place) => void;

/** The walking part of an engine. A visitor replaces the generic walk of its type and must itself walk what it does not consume. */
export function makeWalk(visitors: ReadonlyMap<string, Visitor>): Pick<Engine, "nodes" | "visit" | "children"> {
  const visit = (tag: string, fields: Fields, at: Place): void => {
    if (!nodeTypes.has(tag)) {
      emitUnknown(at, `a node of type ${tag} is not understood`);
      return;
    }
    if (at.depth >= limits.treeDepthMax) {
      emitUnknown(at, "the statement is nested too deeply to be judged");
      return;
    }
    const deeper = { ...at, depth: at.depth + 1 };
    const visitor = visitors.get(tag);
    if (visitor === undefined) children(tag, fields, deeper);
    else visitor(fields, deeper);
  };

  const nodes = (value: unknown, at: Place): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) nodes(item, at);
      return;
    }
    const found = tagged(value);
    if (found !== undefined) visit(found.tag, found.fields, at);
    else if (typeof value !== "object" || Object.keys(value).length > 0) emitUnknown(at, "a part of the statement is not understood");
  };

  const children = (tag: string, fields: Fields, at: Place, except: readonly string[] = []): void => {
    const known = nodeTypes.get(tag);
    for (const key in fields) {
      if (except.includes(key)) continue;
      const kind = known?.get(key);
      const value = fields[key];
      if (kind === undefined) emitUnknown(at, `field ${key} of ${tag} is not understood`);
      else if (kind === "nodes") nodes(value, at);
      else if (kind !== "scalar") embedded(kind.embedded, value, at);
      else if (value !== null && typeof value === "object" && !isScalarList(value))
        emitUnknown(at, `field ${key} of ${tag} is not understood`);
    }
  };

  const embedded = (type: string, value: unknown, at: Place): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) embedded(type, item, at);
      return;
    }
    if (typeof value === "object") visit(type, value as Fields, at);
    else emitUnknown(at, `a ${type} is not understood`);
  };

  return { visit, nodes, children };
}

function isScalarList(value: object): boolean {
  return Array.isArray(value) && value.every((item) => item === null || typeof item !== "object");
}

/**
 * The root fields that a GraphQL document would run, each with its arguments, variables put in.
 * Aliases, fragments and order change nothing.
 * It knows no schema: what is not a plain executable document is a problem, never a query.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  parse,
  type SelectionNode,
  type ValueNode,
} from "graphql";
import { assertNever } from "../../base/assert.ts";
import { limits } from "../../base/limits.ts";
import { type Tree, UNDETERMINED } from "../http/tree.ts";
import type { Asked } from "./envelope.ts";

export interface RootField {
  readonly root: "query" | "mutation";
  readonly field: string;
  readonly arguments: Tree;
}

type Problem = { readonly problem: string };

/** Each occurrence by itself: two aliases of one deletion are two deletions. Never throws. */
export function rootFields(asked: Asked): readonly RootField[] | Problem {
  let document: DocumentNode;
  try {
    document = parse(asked.document, { noLocation: true, maxTokens: limits.graphqlTokensMax });
  } catch {
    return { problem: "its GraphQL document does not parse, or is too long" };
  }
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === "OperationDefinition") operations.push(definition);
    else if (definition.kind !== "FragmentDefinition") return { problem: "its GraphQL document defines more than operations" };
    else if (fragments.has(definition.name.value)) return { problem: "a fragment stands in its GraphQL document twice" };
    else fragments.set(definition.name.value, definition);
  }
  const named = operations.filter(({ name }) => asked.operationName === undefined || name?.value === asked.operationName);
  const [operation, another] = named;
  if (operation === undefined || another !== undefined) return { problem: "which operation of its GraphQL document runs is not certain" };
  return fieldsOf(operation, fragments, asked.variables);
}

interface Walk {
  readonly root: RootField["root"];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly value: (node: ValueNode) => Tree;
  readonly fields: RootField[];
  /** Fragments that are being expanded. */
  readonly inside: Set<string>;
  selections: number;
  problem: string | undefined;
}

function fieldsOf(operation: OperationDefinitionNode, fragments: Walk["fragments"], variables: Tree): readonly RootField[] | Problem {
  const root = operation.operation === "mutation" ? "mutation" : "query";
  const bound = new Map<string, Tree>();
  const value = (node: ValueNode): Tree => boundValue(node, bound);
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue !== undefined) bound.set(variable.name.value, boundValue(defaultValue, new Map()));
  }
  if (variables instanceof Map) for (const [name, given] of variables as ReadonlyMap<string, Tree>) bound.set(name, given);
  const walk: Walk = { root, fragments, value, fields: [], inside: new Set(), selections: 0, problem: undefined };
  expand(operation.selectionSet.selections, walk);
  return walk.problem === undefined ? walk.fields : { problem: walk.problem };
}

function expand(selections: readonly SelectionNode[], walk: Walk): void {
  for (const selection of selections) {
    walk.selections += 1;
    const named = (selection.directives ?? []).map(({ name }) => name.value).filter((each) => each === "skip" || each === "include");
    // The specification forbids it, and servers differ in which of two they heed.
    if (new Set(named).size < named.length) walk.problem ??= "a directive of its GraphQL document stands in one place twice";
    if (walk.selections > limits.graphqlFieldsMax) walk.problem ??= "its GraphQL document asks for too many fields";
    if (walk.problem !== undefined) return;
    if (skipped(selection, walk)) continue;
    switch (selection.kind) {
      case "Field":
        walk.fields.push({ root: walk.root, field: selection.name.value, arguments: argumentsOf(selection, walk) });
        break;
      case "InlineFragment":
        expand(selection.selectionSet.selections, walk);
        break;
      case "FragmentSpread":
        spread(selection.name.value, walk);
        break;
      default:
        assertNever(selection, "selection");
    }
  }
}

function spread(name: string, walk: Walk): void {
  const fragment = walk.fragments.get(name);
  if (fragment === undefined) walk.problem ??= "its GraphQL document uses a fragment that is not in it";
  else if (walk.inside.has(name)) walk.problem ??= "a fragment of its GraphQL document holds itself";
  else {
    walk.inside.add(name);
    expand(fragment.selectionSet.selections, walk);
    walk.inside.delete(name);
  }
}

/** Only what certainly does not run. */
function skipped({ directives }: SelectionNode, { value }: Walk): boolean {
  return (directives ?? []).some((directive) => {
    const condition = directive.arguments?.find(({ name }) => name.value === "if");
    if (condition === undefined) return false;
    const holds = value(condition.value);
    return (directive.name.value === "skip" && holds === true) || (directive.name.value === "include" && holds === false);
  });
}

function argumentsOf(field: FieldNode, { value }: Walk): Tree {
  return entriesOf((field.arguments ?? []).map((each) => [each.name.value, value(each.value)]));
}

function boundValue(node: ValueNode, bound: ReadonlyMap<string, Tree>): Tree {
  switch (node.kind) {
    case "Variable":
      return bound.get(node.name.value) ?? (bound.has(node.name.value) ? null : UNDETERMINED);
    case "IntValue":
    case "FloatValue":
      return Number(node.value);
    case "StringValue":
    case "EnumValue":
    case "BooleanValue":
      return node.value;
    case "NullValue":
      return null;
    case "ListValue":
      return node.values.map((each) => boundValue(each, bound));
    case "ObjectValue":
      return entriesOf(node.fields.map((each) => [each.name.value, boundValue(each.value, bound)]));
    default:
      return assertNever(node, "value");
  }
}

/** What stands there twice is one of the two. */
function entriesOf(pairs: readonly (readonly [string, Tree])[]): Tree {
  const entries = new Map<string, Tree>();
  for (const [key, value] of pairs) entries.set(key, entries.has(key) ? UNDETERMINED : value);
  return entries;
}

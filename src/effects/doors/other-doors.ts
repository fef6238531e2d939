/**
 * A command line or a call of a tool in, the effects of the operations that it leads to out: the same operations, classes and words as by
 * request.
 * It splits no shell text: what a shell would make of one is for whoever has read it. It decides nothing.
 */
import type { Effect } from "../../model/effect.ts";
import type { HttpRequest } from "../../model/http-request.ts";
import { otherDoors } from "../../packs/doors/index.ts";
import type { ProviderDoors } from "../../packs/doors/door.ts";
import { packs } from "../../packs/index.ts";
import type { PackOperation } from "../../packs/pack.ts";
import type { CanonicalRequest } from "../http/canonical-request.ts";
import { effectsOfOperation, readEffect, unknownChange } from "../http/meaning.ts";
import type { Tree } from "../http/tree.ts";
import { awsRequests } from "./aws-command.ts";
import { argumentsOf } from "./command-arguments.ts";
import { type CommandPattern, type KnownOptions, commandPattern, fitsCommand, surelyFits } from "./command-words.ts";
import { linesByKind, namesBehind, namesOf } from "./positional-names.ts";
import { saysAll, toolWords } from "./tool-words.ts";

export interface ToolCall {
  readonly name: string;
  /** What the server that has it calls itself, where that is known. */
  readonly server?: string;
  readonly arguments: Tree;
}

export type ByDoor =
  /** Empty operations: it reads, or nobody knows; the effects say which. */
  | { readonly kind: "effects"; readonly effects: readonly Effect[]; readonly operations: readonly string[] }
  /** It is a request under another name. */
  | { readonly kind: "requests"; readonly requests: readonly HttpRequest[] }
  /** No pack has such a program or such a tool. */
  | { readonly kind: "foreign" };

interface Way {
  readonly operation: PackOperation;
  readonly pattern: CommandPattern;
  /** How names stand behind it, where that is known. */
  readonly names: "each" | number | undefined;
}

interface Entry {
  readonly doors: ProviderDoors;
  readonly programs: ReadonlySet<string>;
  readonly reads: readonly CommandPattern[];
  /** Of programs whose words mean something else. */
  readonly ownReads: ReadonlyMap<string, readonly CommandPattern[]>;
  readonly options: KnownOptions;
  readonly commands: readonly Way[];
  readonly tools: readonly { readonly operation: PackOperation; readonly words: ReadonlySet<string> }[];
}

/** A program that is asked about itself, and nothing else. */
const OF_ITSELF = /^(?:--version|--help|-h|version|help)$/;

const entries: readonly Entry[] = otherDoors.map(entryOf);

/** `argv` with the program first. Never throws. */
export function byCommand(argv: readonly string[]): ByDoor {
  const [path = "", ...line] = argv;
  const program = (path.split(/[\\/]/).at(-1) ?? "").toLowerCase().replace(/\.(exe|cmd|bat|ps1)$/, "");
  const entry = entries.find(({ programs }) => programs.has(program));
  if (entry === undefined) return { kind: "foreign" };
  const { provider } = entry.doors;
  const met = operationsIn(entry, line);
  if (met.length > 0)
    return { kind: "effects", effects: met.flatMap(({ effects }) => effects), operations: [...new Set(met.map(({ id }) => id))] };
  const words = line
    .filter((each) => !each.startsWith("-"))
    .slice(0, 3)
    .join(" ");
  const shown = `${program} ${words}`.trim();
  const reads = entry.ownReads.get(program) ?? entry.reads;
  if (
    line.length === 0 ||
    (line.length === 1 && OF_ITSELF.test(line[0] ?? "")) ||
    reads.some((pattern) => surelyFits(pattern, line, entry.options))
  )
    return { kind: "effects", effects: [readEffect(provider, shown)], operations: [] };
  const requests = program === "aws" ? awsRequests(line) : [];
  if (requests.length > 0) return { kind: "requests", requests };
  return { kind: "effects", effects: [unknownChange(provider, shown)], operations: [] };
}

/** What the line says, and where it joins kinds and names, what each of them says. */
function operationsIn(entry: Entry, line: readonly string[]): readonly { readonly id: string; readonly effects: readonly Effect[] }[] {
  const lines = linesByKind(entry.doors.naming, line);
  const apart = lines.flatMap((each) => waysIn(entry, each));
  const whole = lines.length === 1 ? [] : waysIn(entry, line).filter(({ id }) => apart.every((other) => other.id !== id));
  return [...apart, ...whole];
}

function waysIn(
  { doors, commands }: Entry,
  line: readonly string[],
): readonly { readonly id: string; readonly effects: readonly Effect[] }[] {
  const { provider, naming } = doors;
  const found = commands.flatMap((way) => {
    const places = fitsCommand(way.pattern, line);
    return places === undefined ? [] : [{ ...way, places }];
  });
  const met = found.filter(({ operation }, index) => found.findIndex((other) => other.operation === operation) === index);
  return met.map(({ operation, pattern, names: form, places }) => {
    const tree = argumentsOf(line, places, naming.letters);
    const names = form === undefined ? [] : namesBehind(naming, form, pattern, line);
    const each = names.length === 0 ? [undefined] : names;
    const known = form !== undefined;
    return { id: operation.id, effects: each.flatMap((name) => meant(provider, operation, { tree, places, name, known })) };
  });
}

/** Of several operations that a name says, those that say most of it. A tool whose server is not known may be anybody's. */
export function byTool({ name, server, arguments: tree }: ToolCall): ByDoor {
  const words = toolWords(name);
  const whose = toolWords(`${server ?? ""} ${name}`);
  const named = entries.filter(({ doors }) => [doors.provider, ...doors.programs].some((each) => saysAll(whose, toolWords(each))));
  const met = (named.length > 0 ? named : entries).flatMap(({ doors, tools }) => {
    const said = tools.filter((each) => saysAll(words, each.words));
    const most = said.filter((each) => !said.some((other) => other.words.size > each.words.size && saysAll(other.words, each.words)));
    return [...new Set(most.map(({ operation }) => operation))].map((operation) => ({ provider: doors.provider, operation }));
  });
  if (met.length > 0)
    return {
      kind: "effects",
      effects: met.flatMap(({ provider, operation }) => meant(provider, operation, { tree, places: new Map() })),
      operations: met.map(({ operation }) => operation.id),
    };
  const [first] = named;
  if (first === undefined) return { kind: "foreign" };
  return { kind: "effects", effects: [unknownChange(first.doors.provider, name)], operations: [] };
}

function meant(
  provider: string,
  operation: PackOperation,
  given: {
    readonly tree: Tree;
    readonly places: ReadonlyMap<string, string>;
    readonly name?: string | undefined;
    /** Where its own name stands is known: an application that is named beside it is not it. */
    readonly known?: boolean;
  },
): readonly Effect[] {
  const { tree, places } = given;
  const named = tree instanceof Map ? (tree as ReadonlyMap<string, Tree>) : new Map<string, Tree>();
  const keys = given.known === true ? [operation.thing, "name"] : [operation.thing, "name", "app"];
  const [name] = [
    ...(given.name === undefined ? [] : [given.name]),
    ...[...places.values()].slice(-1),
    ...keys.flatMap((key) => textOf(named.get(key))),
  ];
  const request: CanonicalRequest = {
    provider,
    methods: ["POST"],
    host: "",
    path: "/",
    own: "/",
    query: named,
    headers: new Map(),
    body: { kind: "tree", tree },
    text: "",
    bytes: undefined,
    ambiguous: undefined,
  };
  return effectsOfOperation(operation, { provider, request, arguments: tree, reads: false, ...(name === undefined ? {} : { name }) });
}

function textOf(value: Tree | undefined): readonly string[] {
  const [first] = Array.isArray(value) ? value : [value];
  return typeof first === "string" ? [first] : [];
}

function entryOf(doors: ProviderDoors): Entry {
  const operations = packs.find(({ provider }) => provider === doors.provider)?.operations ?? [];
  const known = Object.entries(doors.operations).flatMap(([id, ways]) => {
    const operation = operations.find((each) => each.id === id);
    return operation === undefined ? [] : [{ operation, ways }];
  });
  return {
    doors,
    programs: new Set(doors.programs),
    reads: patternsOf(doors.reads),
    ownReads: new Map(Object.entries(doors.ownReads ?? {}).map(([program, reads]) => [program, patternsOf(reads)])),
    options: { switches: new Set(doors.naming.switches.split(" ")), valued: new Set(doors.naming.valued.split(" ")) },
    commands: known.flatMap(({ operation, ways }) => ways.commands.map((text) => wayOf(doors, operation, text))),
    tools: known.flatMap(({ operation, ways }) => ways.tools.map((text) => ({ operation, words: toolWords(text) }))),
  };
}

function patternsOf(texts: readonly string[]): readonly CommandPattern[] {
  return texts.flatMap((text) => text.split("; ")).map(commandPattern);
}

function wayOf({ naming }: ProviderDoors, operation: PackOperation, text: string): Way {
  return { operation, pattern: commandPattern(text), names: namesOf(naming, operation.id, text) };
}

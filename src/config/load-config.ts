/**
 * holdfast.yaml in; the resolved configuration out, or every problem with its line, column and the nearest known word.
 * It does not read secrets and opens nothing but the file itself.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { digestOf } from "../base/canonical.ts";
import { resolveApprovals } from "./approvals-schema.ts";
import { isLoopback, parseListen } from "./address.ts";
import { resolveBreakGlass, resolveChannels } from "./channels.ts";
import type { PolicyDocument } from "./compile-policy.ts";
import type { Config } from "./config.ts";
import { type ConfigEntry, configSchema } from "./config-schema.ts";
import { resolveConsole } from "./console-schema.ts";
import { resolveHttp, withEgress } from "./http-schema.ts";
import { examine } from "./examine.ts";
import { type Lookup, resolvePolicy, unknownName } from "./policy-document.ts";
import { presetSchema } from "./policy-schema.ts";
import { presetEntries, presetNames } from "./presets.ts";
import { resolveStoreEntry, resolveTarget, resolveUser, secretReference } from "./resolve-entries.ts";
import { parseDuration } from "./quantities.ts";
import { type PathProblem, type Problem, readYaml } from "./yaml-text.ts";

export type Loaded = { readonly config: Config } | { readonly problems: readonly Problem[] };

/** A file, or its text with the folder that relative paths start from. */
export type ConfigSource = { readonly path: string } | { readonly text: string; readonly directory: string };

/** `details`: the words `match.detail` may hold (of `effects/sql/details.ts`); a rule with another word is then a problem. */
export function loadConfig(source: ConfigSource, options: { readonly details?: readonly string[] } = {}): Loaded {
  const opened = open(source);
  if ("problems" in opened) return opened;
  const read = readYaml(opened.text);
  if ("problems" in read) return read;
  const examined = examine(configSchema, read.yaml.data);
  if ("problems" in examined) return { problems: inOrder(examined.problems.map(read.yaml.locate)) };
  const { documents, problems } = documentsOf(examined.value, options.details);
  problems.push(...referenceProblems(examined.value, documents));
  if (problems.length > 0) return { problems: inOrder(problems.map(read.yaml.locate)) };
  const config = resolveConfig(examined.value, withEgress(documents, examined.value.http), opened.directory);
  if (!("path" in source)) return { config };
  return { config: { ...config, source: { path: resolve(source.path), digest: digestOf(examined.value) } } };
}

function open(source: ConfigSource): { readonly text: string; readonly directory: string } | { readonly problems: readonly Problem[] } {
  if ("text" in source) return source;
  try {
    return { text: readFileSync(source.path, "utf8"), directory: dirname(resolve(source.path)) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown cause";
    const suggestion = "write one with `holdfast init`, or name another with `--config`";
    // Line 0: the file as a whole.
    return { problems: [{ line: 0, column: 0, message: `\`${source.path}\` cannot be read: ${code}`, suggestion }] };
  }
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

type Documents = ReadonlyMap<string, PolicyDocument>;

/** Every policy that may be named: presets, and those of the file with their problems. */
function documentsOf(entry: ConfigEntry, details: readonly string[] | undefined): { documents: Documents; problems: PathProblem[] } {
  const own = Object.entries(entry.policies ?? {});
  const known: Lookup = new Map([...own, ...presetEntries()]);
  const problems: PathProblem[] = [];
  const documents = new Map<string, PolicyDocument>();
  for (const [name, policy] of presetEntries()) documents.set(name, resolvePolicy(name, policy, known).document);
  for (const [name, policy] of own) {
    if ((presetNames as readonly string[]).includes(name)) {
      const suggestion = `name it otherwise and begin with \`extends: ${name}\``;
      problems.push({ path: ["policies", name], at: "key", message: `\`${name}\` is the name of a preset`, suggestion });
      continue;
    }
    const resolved = resolvePolicy(name, policy, known, details);
    problems.push(...resolved.problems.map((p) => ({ ...p, path: ["policies", name, ...p.path] })));
    documents.set(name, resolved.document);
  }
  return { documents, problems };
}

function referenceProblems(entry: ConfigEntry, documents: Documents): readonly PathProblem[] {
  const problems: PathProblem[] = [];
  const policyNamed = (name: string | undefined, path: readonly PropertyKey[]): void => {
    if (name !== undefined && !documents.has(name)) problems.push({ path, ...unknownName("policy", name, documents.keys()) });
  };
  const listening = new Map<string, string>();
  for (const [name, target] of Object.entries(entry.targets)) {
    policyNamed(target.policy, ["targets", name, "policy"]);
    problems.push(...databaseProblems(name, target, entry.http !== undefined));
    if (target.listen === undefined) continue;
    const listen = parseListen(target.listen);
    const path = ["targets", name, "listen"];
    const other = listening.get(target.listen);
    if (other !== undefined && listen?.port !== 0)
      problems.push({ path, message: `\`${target.listen}\` is taken by target \`${other}\``, suggestion: "choose another port" });
    listening.set(target.listen, name);
    if (listen !== undefined && !isLoopback(listen.host) && target.tls === undefined) {
      problems.push({
        path,
        message: `\`${listen.host}\` is reachable from other machines, and \`tls\` is not set`,
        suggestion: "listen on 127.0.0.1, or give `tls` a certificate and a key",
      });
    }
  }
  for (const [name, user] of Object.entries(entry.users ?? {})) {
    policyNamed(user.policy, ["users", name, "policy"]);
    const lists = user.targets.flatMap((target) => Object.keys(entry.targets[target]?.roles?.writers ?? {}));
    if (user.writer !== undefined && !lists.includes(user.writer))
      problems.push({ path: ["users", name, "writer"], ...unknownName("list of writers", user.writer, lists) });
    for (const [i, target] of user.targets.entries()) {
      if (!Object.hasOwn(entry.targets, target))
        problems.push({ path: ["users", name, "targets", i], ...unknownName("target", target, Object.keys(entry.targets)) });
    }
  }
  for (const [i, { target }] of (entry.http?.databases ?? []).entries()) {
    if (!Object.hasOwn(entry.targets, target))
      problems.push({ path: ["http", "databases", i, "target"], ...unknownName("target", target, Object.keys(entry.targets)) });
  }
  const credentials = entry.http?.credentials ?? {};
  for (const [name, { credential }] of Object.entries(entry.http?.clusters ?? {})) {
    const path = ["http", "clusters", name, "credential"];
    const found = credentials[credential];
    if (found === undefined) problems.push({ path, ...unknownName("credential", credential, Object.keys(credentials)) });
    else if (found.mode === "inject" || (found.header ?? "authorization") !== "authorization")
      problems.push({ path, message: `\`${credential}\` must be one whose placeholder stands in authorization, as kubectl sends it` });
  }
  return problems;
}

const ofDatabases = ["tls", "replication", "replica", "roles", "executor", "plan", "bin", "undo", "backup", "classify"] as const;

/** A target has a database with an address for its clients, or neither, and is then for HTTP APIs alone. */
function databaseProblems(name: string, target: ConfigEntry["targets"][string], http: boolean): readonly PathProblem[] {
  const path = ["targets", name];
  const { listen, upstream } = target;
  if (listen !== undefined && upstream !== undefined) return [];
  if (listen !== undefined || upstream !== undefined) {
    const missing = listen === undefined ? "listen" : "upstream";
    return [
      {
        path,
        message: `\`${missing}\` is missing`,
        suggestion: `add it under \`targets.${name}\`, or leave out both for a target for HTTP APIs alone`,
      },
    ];
  }
  if (!http)
    return [
      {
        path,
        message: "`listen` and `upstream` are missing",
        suggestion: "without them a target is for HTTP APIs alone, and needs the section `http`",
      },
    ];
  return ofDatabases
    .filter((key) => target[key] !== undefined)
    .map((key) => ({
      path: [...path, key],
      message: `\`${key}\` needs a database`,
      suggestion: "remove it, or give the target `listen` and `upstream`",
    }));
}

function resolveConfig(entry: ConfigEntry, documents: Documents, directory: string): Config {
  const state = resolve(directory, entry.state ?? ".holdfast");
  const targets = Object.entries(entry.targets).map(([name, target]) => resolveTarget(name, target, documents, directory));
  return {
    state,
    auditDirectory: entry.audit?.directory === undefined ? resolve(state, "audit") : resolve(directory, entry.audit.directory),
    vaultDirectory: resolve(entry.vault?.directory === undefined ? state : directory, entry.vault?.directory ?? "vault"),
    shutdownMs: parseDuration(entry.shutdown_time ?? "10s") ?? 10_000,
    ...(entry.store === undefined ? {} : { store: resolveStoreEntry(entry.store, directory) }),
    targets,
    approvals: resolveApprovals(entry.approvals),
    channels: resolveChannels(entry.approvals?.channels ?? {}, (secret) => secretReference(secret, directory)),
    breakGlass: resolveBreakGlass(entry.approvals?.break_glass),
    ...(entry.console === undefined ? {} : { console: resolveConsole(entry.console, directory) }),
    ...(entry.http === undefined ? {} : { http: resolveHttp(entry.http, directory, (secret) => secretReference(secret, directory)) }),
    users: Object.entries(entry.users ?? {}).map(([name, user]) => resolveUser(name, user, entry.targets, documents, directory)),
  };
}

/** The text of a policy of its own (the shape of a preset file), for `--policy FILE`. */
export function loadPolicyText(
  text: string,
  options: { readonly details?: readonly string[] } = {},
): { readonly document: PolicyDocument } | { readonly problems: readonly Problem[] } {
  const read = readYaml(text);
  if ("problems" in read) return read;
  const examined = examine(presetSchema, read.yaml.data);
  if ("problems" in examined) return { problems: inOrder(examined.problems.map(read.yaml.locate)) };
  const { name, version: _version, ...entry } = examined.value;
  const { document, problems } = resolvePolicy(name, entry, presetEntries(), options.details);
  return problems.length > 0 ? { problems: inOrder(problems.map(read.yaml.locate)) } : { document };
}

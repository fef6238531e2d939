/**
 * Finds and reads holdfast.yaml for the commands, and says every problem in it with its line, column and a suggestion.
 * It does not read secrets.
 */
import { figure } from "../base/counted.ts";
import { isAbsolute, join } from "node:path";
import { Option } from "commander";
import type { Config } from "../config/config.ts";
import { type StateDirectory, stateDirectory } from "../control/state-directory.ts";
import { failed } from "./errors.ts";
import { visible } from "./output.ts";
import type { Terminal } from "./terminal.ts";

export const defaultConfigFile = "holdfast.yaml";

export function configOption(): Option {
  return new Option("-c, --config <file>", "the configuration").env("HOLDFAST_CONFIG").default(defaultConfigFile);
}

export function configPath(path: string | undefined, terminal: Terminal): string {
  const named = path ?? defaultConfigFile;
  return isAbsolute(named) ? named : join(terminal.workingDirectory, named);
}

/** The configuration, or a failure that lists every problem with its place. */
export async function readConfig(path: string | undefined, terminal: Terminal): Promise<Config> {
  const [{ loadConfig }, { detailWords }] = await Promise.all([import("../config/load-config.ts"), import("../effects/details.ts")]);
  const loaded = loadConfig({ path: configPath(path, terminal) }, { details: detailWords.map(({ word }) => word) });
  if ("problems" in loaded) throw problemsOf(path ?? defaultConfigFile, loaded.problems);
  return loaded.config;
}

export interface PlacedProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly suggestion?: string;
}

/** `file:line:column: message: suggestion`, which editors and terminals make a link of. Line 0 is the file as a whole. */
export function problemsOf(file: string, problems: readonly PlacedProblem[]): Error {
  const whole = problems.find(({ line }) => line === 0);
  if (whole !== undefined) return failed(visible(whole.message), visible(whole.suggestion ?? ""));
  const lines = problems.map(({ line, column, message, suggestion }) => {
    const advice = suggestion === undefined ? "" : `: ${suggestion}`;
    return `  ${visible(file)}:${line}:${column}: ${visible(message)}${visible(advice)}`;
  });
  const count = problems.length === 1 ? "a problem" : `${figure(problems.length)} problems`;
  return failed(`\`${visible(file)}\` has ${count}\n${lines.join("\n")}`);
}

export interface StatePlaces extends StateDirectory {
  readonly audit: string;
}

export async function stateOf(path: string | undefined, terminal: Terminal): Promise<StatePlaces> {
  const config = await readConfig(path, terminal);
  return { ...stateDirectory(config.state), audit: config.auditDirectory };
}

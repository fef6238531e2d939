/**
 * Which environment a thing belongs to: by what the configuration says of its names, by the provider's own field, or by names.
 * Where two of the same kind disagree, the more dangerous one holds. It asks nobody.
 */
import { globRegExp } from "./doors.ts";
import { type Environment, environments } from "../../model/principal.ts";

/** What the configuration says, in its order: the first that fits. */
export interface EnvironmentRule {
  /** Absent: any. */
  readonly provider?: string;
  /** Names, ids or paths such as `shop/production/*`, `*` for any characters; absent: everything of the provider. */
  readonly names?: readonly string[];
  readonly environment: Environment;
}

/** What is known of a thing's place. */
export interface Labels {
  readonly provider: string;
  /** Its own name, those of what it is in, their ids, and the path that they make. */
  readonly all: readonly string[];
  /** What the provider calls its environment. */
  readonly said: readonly string[];
  /** What a field of the provider means. */
  readonly flagged: readonly Environment[];
  /** Names of it and of what it is in: no ids. */
  readonly names: readonly string[];
}

/** `because` is a clause for people. */
export interface Placed {
  readonly environment: Environment | "unknown";
  readonly because: string;
}

export function environmentOf({ provider, all, said, flagged, names }: Labels, rules: readonly EnvironmentRule[]): Placed {
  const rule = rules.find((each) => (each.provider ?? provider) === provider && fitsAny(each.names, all));
  if (rule !== undefined) return { environment: rule.environment, because: "as the configuration says" };
  const field = worst(flagged);
  if (field !== undefined) return { environment: field, because: "as the provider marks it" };
  const own = worst(said.flatMap(meant));
  if (own !== undefined) return { environment: own, because: `the provider calls its environment ${quoted(said)}` };
  const named = worst(names.flatMap(meant));
  if (named !== undefined)
    return { environment: named, because: `by the name ${quoted(names.filter((name) => meant(name).includes(named)))}` };
  return { environment: "unknown", because: "no name and no field of the provider tells it" };
}

function fitsAny(patterns: readonly string[] | undefined, all: readonly string[]): boolean {
  return patterns === undefined || patterns.some((pattern) => all.some((label) => globRegExp(pattern).test(label)));
}

/** In the order of `environments` the most dangerous stands first. */
function worst(found: readonly Environment[]): Environment | undefined {
  return environments.find((environment) => found.includes(environment));
}

const words: Readonly<Record<Environment, RegExp>> = {
  production: /^(prod\d*|production|prd|productive|live)$/,
  staging: /^(staging|stage|stg|test|tests|testing|qa|uat|preview|preprod|preproduction|nonprod|demo|sandbox|canary|ci)$/,
  development: /^(dev\d*|develop|development|local|localhost|scratch|pr\d*)$/,
};
/** Words that mean production only where nothing stands beside them: a branch, an environment. */
const alone = /^(main|master|primary|default|trunk)$/i;

/** `shop-prod` is production, `pre-prod` is not, `main` is where it is the whole name. */
export function meant(name: string): readonly Environment[] {
  const text = name.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
  const whole = text.replace(/\b(pre|non|not)[^a-z0-9]+(prod\w*|live)/g, "nonprod");
  const parts = whole.split(/[^a-z0-9]+/).filter((part) => part !== "");
  if (alone.test(name)) return ["production"];
  return environments.filter((environment) => parts.some((part) => words[environment].test(part)));
}

function quoted(names: readonly string[]): string {
  const shown = [...new Set(names)].slice(0, 3).map((name) => `\`${name}\``);
  return shown.join(", ");
}

/**
 * A command line of AWS as the request that it stands for: `aws rds delete-db-instance --skip-final-snapshot` is `Action=DeleteDbInstance`.
 * What the operation means is found out as for any request.
 */
import type { HttpRequest } from "../../model/http-request.ts";

/** Services whose command has another name than their endpoint. */
const endpoints: Readonly<Record<string, string>> = {
  s3api: "s3",
  s3control: "s3-control",
  elb: "elasticloadbalancing",
  elbv2: "elasticloadbalancing",
  cloudwatch: "monitoring",
  ses: "email",
  sesv2: "email",
  stepfunctions: "states",
  configservice: "config",
  deploy: "codedeploy",
  efs: "elasticfilesystem",
  emr: "elasticmapreduce",
  opensearch: "es",
  dms: "dms",
  resourcegroupstaggingapi: "tagging",
  "sso-admin": "sso",
  "cognito-idp": "cognito-idp",
  "application-autoscaling": "application-autoscaling",
};

/** Every reading of the words: an option before them may take the one after it. Empty where it names no service and operation. */
export function awsRequests(line: readonly string[]): readonly HttpRequest[] {
  return [...pairs(line, 0, [])].map(([api = "", operation = ""]) => requestOf(api.toLowerCase(), operation.toLowerCase(), line));
}

function* pairs(line: readonly string[], at: number, found: readonly string[]): Generator<readonly string[]> {
  if (found.length === 2) return yield found;
  const word = line[at];
  if (word === undefined || at > 40) return;
  if (!word.startsWith("-")) return yield* pairs(line, at + 1, [...found, word]);
  yield* pairs(line, at + 1, found);
  if (!word.includes("=")) yield* pairs(line, at + 2, found);
}

function requestOf(api: string, operation: string, line: readonly string[]): HttpRequest {
  const name = camel(operation);
  const form = new Map([["Action", name]]);
  for (const [index, given] of line.entries()) {
    if (!given.startsWith("--")) continue;
    const [key = "", value] = given.slice(2).split("=");
    const next = line[index + 1];
    const negated = key.startsWith("no-");
    const said = value ?? (next === undefined || next.startsWith("--") ? String(!negated) : next);
    if (!ofTheProgram.has(key)) form.set(camel(negated && value === undefined ? key.slice(3) : key), said);
  }
  const body = [...form].map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join("&");
  const host = /^[a-z0-9-]+$/.test(api) ? (endpoints[api] ?? api) : "unknown";
  const headers = [["content-type", "application/x-www-form-urlencoded"]] as const;
  return { method: "POST", url: `https://${host}.us-east-1.amazonaws.com/`, headers, body };
}

/** Options of the program and not of the operation. */
const ofTheProgram: ReadonlySet<string> = new Set([
  "profile",
  "region",
  "output",
  "query",
  "endpoint-url",
  "debug",
  "no-cli-pager",
  "no-paginate",
]);

function camel(words: string): string {
  return words.replace(/(^|-)([a-z0-9])/g, (_all, _dash, letter: string) => letter.toUpperCase());
}

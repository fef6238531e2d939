/**
 * Writes `src/packs/data/aws-operations.txt.gz` from the service models of botocore (Apache-2.0): for each service where it answers, how it
 * is called, and the names of its operations with their routes. Descriptions and shapes are not kept.
 * Usage: node scripts/run.js scripts/make-aws-operations.ts BOTOCORE-CHECKOUT
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

interface Model {
  readonly metadata: {
    readonly endpointPrefix: string;
    readonly signingName?: string;
    readonly protocol: string;
    readonly protocols?: readonly string[];
    readonly targetPrefix?: string;
    readonly apiVersion: string;
  };
  readonly operations: Readonly<Record<string, ModelOperation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

interface Shape {
  readonly type?: string;
  readonly required?: readonly string[];
  /** The member that is the whole body. */
  readonly payload?: string;
  readonly members?: Readonly<Record<string, { readonly location?: string; readonly locationName?: string; readonly shape?: string }>>;
}

interface ModelOperation {
  readonly name: string;
  readonly http: { readonly method: string; readonly requestUri: string };
  readonly input?: { readonly shape: string };
  readonly endpoint?: { readonly hostPrefix?: string };
  readonly readonly?: boolean;
}

const [checkout] = process.argv.slice(2);
if (checkout === undefined)
  throw new Error("give the folder of a checkout of botocore: node scripts/run.js scripts/make-aws-operations.ts DIR");
const data = join(checkout, "botocore", "data");
const version = /__version__ = '([^']+)'/.exec(readFileSync(join(checkout, "botocore", "__init__.py"), "utf8"))?.[1] ?? "unknown";

/** Parts of the provider's domains, whatever the region and the family of addresses. */
const suffix =
  /\.(?:\{[^}]*(?:dnsSuffix|dualStackDnsSuffix)\}|amazonaws\.(?:com|com\.cn|eu)|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu))$/i;
const ignored = /^(?:\{[^}]*region\}|[a-z]{2,4}(?:-[a-z]+){1,2}-\d+|dualstack|global|us-gov|fips|cn)$/i;

const services = readdirSync(data)
  .filter(
    (id) => existsSync(join(data, id)) && readdirSync(data, { withFileTypes: true }).some((each) => each.name === id && each.isDirectory()),
  )
  .flatMap((id) => {
    const versions = readdirSync(join(data, id))
      .filter((each) => existsSync(join(data, id, each, "service-2.json")))
      .sort()
      .reverse();
    return versions.length === 0 ? [] : [{ id, versions }];
  });

const lines: string[] = [];
let current = 0;
let older = 0;
for (const { id, versions } of services) {
  const [latest, ...before] = versions.map((each) => JSON.parse(readFileSync(join(data, id, each, "service-2.json"), "utf8")) as Model);
  if (latest === undefined) continue;
  const { metadata } = latest;
  const forms = metadata.protocols ?? [metadata.protocol];
  const routed = forms.some((form) => form.startsWith("rest-"));
  const told = new Map<string, string>();
  for (const operation of Object.values(latest.operations))
    told.set(keyOf(operation, latest, routed), lineOf(operation, latest, routed, ""));
  current += told.size;
  const now = told.size;
  for (const model of before)
    for (const operation of Object.values(model.operations)) {
      const key = keyOf(operation, model, routed);
      if (!told.has(key)) told.set(key, lineOf(operation, model, routed, "~"));
    }
  older += told.size - now;
  const names = endpointsOf(id, versions[0] ?? "", latest);
  const signing = [...new Set([metadata.signingName ?? metadata.endpointPrefix, ...signingNamesOf(id, versions[0] ?? "")])];
  lines.push(
    JSON.stringify({
      id,
      endpoints: names,
      signing,
      forms,
      ...(metadata.targetPrefix === undefined ? {} : { target: metadata.targetPrefix }),
    }),
    [...told.values()].sort().join("\t"),
  );
}
const head = { source: `botocore ${version}`, licence: "Apache-2.0", services: services.length, operations: current, older };
const packed = gzipSync(`${[JSON.stringify(head), ...lines].join("\n")}\n`, { level: 9 });
writeFileSync(fileURLToPath(new URL("../src/packs/data/aws-operations.txt.gz", import.meta.url)), packed);
console.log(`${services.length} services, ${current} operations, ${older} of older versions, ${packed.length} bytes`);

/** Two operations are one where the same request calls them. */
function keyOf({ name, http }: ModelOperation, { operations }: Model, routed: boolean): string {
  if (!routed) return plainName(name);
  const path = http.requestUri
    .replace(/^\/\d{4}-\d{2}-\d{2}(?=\/)/, "/*")
    .replaceAll(/\{[^}+]+/g, "{")
    .replace(/\/(?=$|\?)/, "");
  const alone = Object.values(operations).filter((each) => each.http.method === http.method && each.http.requestUri === http.requestUri);
  return `${http.method} ${path} ${alone.length === 1 ? "" : name}`;
}

/** Models of some APIs write their version behind each name. */
function plainName(name: string): string {
  return name.replace(/\d{4}_\d{2}_\d{2}$/, "");
}

/** `Name` with its marks, and for routes `Name METHOD URI`. `!` it has `DryRun`, `?` its model says that it only reads, `^` its body is
 * content and holds no parameters, `~` it is of an older version.
 * Where several operations have one route, what each must have in its query, and after `#` in its headers, tells them apart. */
function lineOf(operation: ModelOperation, { metadata, shapes, operations }: Model, routed: boolean, mark: string): string {
  const { members = {}, required = [], payload = "" } = shapes[operation.input?.shape ?? ""] ?? {};
  const content = ["blob", "string"].includes(shapes[members[payload]?.shape ?? ""]?.type ?? "") ? "^" : "";
  const name = `${plainName(operation.name)}${"DryRun" in members ? "!" : ""}${operation.readonly === true ? "?" : ""}${content}${mark}`;
  if (!routed) return name;
  const { method, requestUri } = operation.http;
  const alone = Object.values(operations).filter(({ http }) => http.method === method && http.requestUri === requestUri).length === 1;
  // A route of S3 leads to nothing without what it demands; elsewhere what is missing is an error of the operation.
  if (alone && metadata.protocol !== "rest-xml") return `${name} ${method} ${requestUri}`;
  const at = (place: string) =>
    required.filter((each) => members[each]?.location === place).map((each) => members[each]?.locationName ?? each);
  const query = at("querystring").map((each, index) => `${index === 0 && !requestUri.includes("?") ? "?" : "&"}${each}`);
  return `${name} ${method} ${requestUri}${query.join("")}${at("header")
    .map((each) => `#${each.toLowerCase()}`)
    .join("")}`;
}

/** Labels of hosts before region and domain: `{}` is a part that belongs to the path, `*` any other part that varies. */
function endpointsOf(id: string, ofVersion: string, { metadata, operations }: Model): readonly string[] {
  const plain = new Set([metadata.endpointPrefix]);
  for (const url of valuesOf(rulesOf(id, ofVersion), "url")) {
    const host = url.replace(/^https?:\/\//, "").split("/")[0] ?? "";
    if (!suffix.test(host)) continue;
    const labels = host
      .replace(suffix, "")
      .split(/\.(?![^{]*\})/)
      .filter((label) => !ignored.test(label))
      .map((label) => label.replace(/-fips(?=$|-\{)/, ""))
      .map((label) => (/^\{(Bucket|accessPointName)\}/.test(label) ? "{}" : label.replaceAll(/\{[^}]*\}/g, "*")));
    if (labels.length > 0 && labels.some((label) => /[a-z]/.test(label))) plain.add(labels.join("."));
  }
  const prefixes = new Set(Object.values(operations).map(({ endpoint }) => (endpoint?.hostPrefix ?? "").replaceAll(/\{[^}]*\}/g, "*")));
  const all = [...plain].flatMap((each) => (each.startsWith("{}") ? [each] : [...prefixes, ""].map((prefix) => `${prefix}${each}`)));
  return [...new Set(all)].filter((each) => !(each.startsWith("*.") && all.includes(`{}${each.slice(1)}`))).sort();
}

function signingNamesOf(id: string, ofVersion: string): readonly string[] {
  return [...valuesOf(rulesOf(id, ofVersion), "signingName")].filter((name) => !name.includes("{"));
}

function rulesOf(id: string, ofVersion: string): unknown {
  const file = join(data, id, ofVersion, "endpoint-rule-set-1.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

/** Every text under `key`, at any depth. */
function* valuesOf(tree: unknown, key: string): Generator<string> {
  if (typeof tree !== "object" || tree === null) return;
  for (const [name, value] of Object.entries(tree)) {
    if (name === key && typeof value === "string") yield value;
    else yield* valuesOf(value, key);
  }
}

/**
 * A request with its secrets put in: in the header, and in the places that an operator opened. But for them what was judged is sent.
 * It looks for nothing that could be somebody else's credential.
 */
import { Transform } from "node:stream";
import type { BodyRead, Clean, Filled, RefusedHere } from "../../model/brokered.ts";
import { type BoundSecret, fetchAll, type Fetched } from "./bound-secret.ts";
import { bodyForm, inPath, inQuery, type Surface, swapped } from "./surfaces.ts";

type Pair = readonly [name: string, value: string];

/** The header that a secret goes to, and how it stands there. */
export interface InHeader {
  readonly secret: BoundSecret;
  readonly header: string;
  readonly filled: (secret: string) => string;
}

export interface Filling {
  readonly principal: string;
  readonly judged: readonly Pair[];
  readonly target: string;
  readonly header: InHeader | undefined;
  /** By the session's own placeholder: those that may go to the host. */
  readonly ours: ReadonlyMap<string, BoundSecret>;
  /** The same, of all that the session has. */
  readonly all: ReadonlyMap<string, BoundSecret>;
}

/** A placeholder in the target, or in a header that is none for credentials, that is not filled in there. */
export function misplacedInHead({ judged, target, ours, all }: Filling): RefusedHere | undefined {
  const [path, query] = split(target);
  for (const [placeholder, secret] of all) {
    if (path.includes(placeholder)) {
      const refused = closed(secret, "path", ours.has(placeholder));
      if (refused !== undefined) return refused;
    }
    if (query.includes(placeholder)) {
      const refused = closed(secret, "query", ours.has(placeholder));
      if (refused !== undefined) return refused;
    }
    const header = judged.find(([, value]) => value.includes(placeholder));
    if (header !== undefined) {
      const because = `the placeholder of \`${secret.name}\` stands in the header \`${header[0]}\`, where it is not filled in`;
      return { kind: "refused", because, next: `send it in \`${secret.header}\`` };
    }
  }
  return undefined;
}

/** The same of a body. */
export function misplacedInBody({ first, whole }: BodyRead, { judged, ours, all }: Filling): RefusedHere | undefined {
  for (const [placeholder, secret] of all) {
    if (!first.includes(placeholder)) continue;
    const refused = closed(secret, "body", ours.has(placeholder));
    if (refused !== undefined) return refused;
    const form = whole ? bodyForm(named(judged, "content-type"), named(judged, "content-encoding"), first.toString("utf8")) : tooLong;
    if (typeof form === "string")
      return { kind: "refused", because: `the placeholder of \`${secret.name}\` stands in ${form}, where it is not filled in` };
  }
  return undefined;
}

const tooLong = "a body that is longer than what is read of it before it is sent";

const openable: Readonly<Record<Surface, string>> = { path: "the path", query: "the query", body: "the body", websocket: "a message" };

function closed({ name, surfaces, header }: BoundSecret, surface: Surface, mayGo: boolean): RefusedHere | undefined {
  const where = openable[surface];
  if (!mayGo)
    return { kind: "refused", because: `the placeholder of \`${name}\` stands in ${where}, and its secret may not go to this host` };
  if (surfaces.has(surface)) return undefined;
  return {
    kind: "refused",
    because: `the placeholder of \`${name}\` stands in ${where}, where it is not filled in`,
    next: `send it in the header \`${header}\`; or an operator adds \`${surface}\` to \`http.credentials.${name}.surfaces\``,
  };
}

/** The text without our placeholders, to be looked through for other people's credentials. */
export function withoutPlaceholders(text: string, all: ReadonlyMap<string, BoundSecret>): string {
  let bare = text;
  for (const placeholder of all.keys()) if (bare.includes(placeholder)) bare = bare.replaceAll(placeholder, "");
  return bare;
}

/** See {@link Clean.sent}. Nothing is waited for where every secret is at hand. */
export function filledIn(filling: Filling, body: Buffer | undefined): ReturnType<Clean["sent"]> {
  const needed = neededBy(filling, body);
  if (needed.length === 0) return { headers: filling.judged, secrets: [] };
  const fetched = fetchAll(needed, filling.principal);
  const together = (all: readonly Fetched[]): Filled | string => {
    const values = new Map<BoundSecret, string>();
    const parts: string[] = [];
    for (const [at, secret] of needed.entries()) {
      const one = all[at];
      if (one === undefined || "problem" in one)
        return `the secret \`${secret.name}\` is not to be had: ${one?.problem ?? "it is not there"}`;
      values.set(secret, one.value);
      parts.push(...(one.parts ?? []));
    }
    const made = withSecrets(filling, values, body);
    return typeof made === "string" || parts.length === 0 ? made : { ...made, secrets: [...made.secrets, ...parts] };
  };
  return fetched instanceof Promise ? fetched.then(together) : together(fetched);
}

function neededBy({ header, target, ours }: Filling, body: Buffer | undefined): readonly BoundSecret[] {
  const needed = new Set<BoundSecret>(header === undefined ? [] : [header.secret]);
  for (const [placeholder, secret] of ours) {
    if (secret.surfaces.size === 0) continue;
    if (target.includes(placeholder) || (secret.surfaces.has("body") && body?.includes(placeholder) === true)) needed.add(secret);
  }
  return [...needed];
}

function withSecrets(filling: Filling, values: ReadonlyMap<BoundSecret, string>, body: Buffer | undefined): Filled | string {
  const { header, judged, target, ours } = filling;
  const headers = [...judged];
  if (header !== undefined) {
    const value = header.filled(values.get(header.secret) ?? "");
    if (/[^\x21-\x7e ]/.test(value)) return `the secret \`${header.secret.name}\` does not fit into a header`;
    headers.push([header.header, value]);
  }
  const standing = (surface: Surface): ReadonlyMap<string, string> =>
    new Map([...ours].flatMap(([placeholder, secret]) => (secret.surfaces.has(surface) ? [[placeholder, values.get(secret) ?? ""]] : [])));
  const [path, query] = split(target);
  const whole = `${swapped(path, standing("path"), inPath)}${swapped(query, standing("query"), inQuery)}`;
  const changed = changedBody(filling, standing("body"), body);
  if (typeof changed === "string") return changed;
  return {
    headers,
    secrets: [...new Set(values.values())],
    ...(whole === target ? {} : { target: whole }),
    ...(changed === undefined ? {} : { body: { through: () => instead(changed), bytes: changed.length } }),
  };
}

function changedBody({ judged }: Filling, secrets: ReadonlyMap<string, string>, body: Buffer | undefined): Buffer | string | undefined {
  if (body === undefined || ![...secrets.keys()].some((placeholder) => body.includes(placeholder))) return undefined;
  const text = body.toString("utf8");
  const form = bodyForm(named(judged, "content-type"), named(judged, "content-encoding"), text);
  return typeof form === "string" ? `no secret is put into ${form}` : Buffer.from(swapped(text, secrets, form));
}

/** What comes in is dropped: all of it was read already. */
function instead(bytes: Buffer): Transform {
  return new Transform({
    transform: (_chunk, _encoding, done) => done(),
    flush: (done) => done(null, bytes),
  });
}

function split(target: string): readonly [path: string, query: string] {
  const at = target.indexOf("?");
  return at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at)];
}

function named(headers: readonly Pair[], name: string): string | undefined {
  return headers.find(([each]) => each === name)?.[1];
}

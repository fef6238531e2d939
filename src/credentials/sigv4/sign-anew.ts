/**
 * A request signed with the real key, in the place where the client had signed: in `Authorization`, or in the query.
 * It decides nothing about the request.
 */
import { encoded, type Pair, type PathForm } from "./canonical.ts";
import type { KeyPair } from "./key-pair.ts";
import { pathAndQuery } from "./read-request.ts";
import { algorithm, requestSignature, type Scope, type Signer, signerFor } from "./signing.ts";

export interface ToSign {
  readonly method: string;
  readonly host: string;
  /** Without anything of a signature. */
  readonly target: string;
  /** All that go, but for those that belong to the connection. */
  readonly headers: readonly Pair[];
  readonly payload: string;
  /** Names that the client signed. */
  readonly signed: readonly string[];
  readonly scope: Omit<Scope, "day">;
  readonly form: PathForm;
  readonly stamp: string;
}

export interface SignedAnew {
  readonly headers: readonly Pair[];
  readonly target: string;
  readonly signature: string;
  readonly signer: Signer;
  readonly stamp: string;
}

/** They change on the way, or belong to one connection. */
const notSigned: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "date",
  "expect",
  "accept-encoding",
  "te",
  "transfer-encoding",
  "user-agent",
  "x-amzn-trace-id",
]);

export function signedInHeader(asked: ToSign, pair: KeyPair): SignedAnew {
  const { scope, stamp, target } = asked;
  const signer = signerFor(pair.secret, { ...scope, day: stamp.slice(0, 8) });
  const headers: readonly Pair[] = [...asked.headers, ["x-amz-date", stamp], ...tokenOf(pair)];
  const all: readonly Pair[] = [["host", asked.host], ...headers];
  const names = namesToSign(all, asked.signed);
  const [path, query] = pathAndQuery(target);
  const parts = { method: asked.method, path, query, headers: all, signed: names, payload: asked.payload };
  const signature = requestSignature(signer, stamp, parts, asked.form);
  const value = `${algorithm} Credential=${pair.id}/${signer.scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { headers: [...headers, ["authorization", value]], target, signature, signer, stamp };
}

/** Good for as long as it takes to arrive. */
export function signedInQuery(asked: ToSign, pair: KeyPair, expiresS: number): SignedAnew {
  const { scope, stamp, target, headers } = asked;
  const signer = signerFor(pair.secret, { ...scope, day: stamp.slice(0, 8) });
  const all: readonly Pair[] = [["host", asked.host], ...headers];
  const names = namesToSign(all, asked.signed);
  const [path, bare] = pathAndQuery(target);
  const parameters: readonly Pair[] = [
    ["X-Amz-Algorithm", algorithm],
    ["X-Amz-Credential", `${pair.id}/${signer.scope}`],
    ["X-Amz-Date", stamp],
    ["X-Amz-Expires", String(expiresS)],
    ["X-Amz-SignedHeaders", names.join(";")],
    ...(pair.token === undefined ? [] : [["X-Amz-Security-Token", pair.token] as const]),
  ];
  const told = parameters.map(([name, value]) => `${name}=${encoded(Buffer.from(value))}`);
  const query = [...(bare === "" ? [] : [bare]), ...told].join("&");
  const parts = { method: asked.method, path, query, headers: all, signed: names, payload: asked.payload };
  const signature = requestSignature(signer, stamp, parts, asked.form);
  return { headers, target: `${path}?${query}&X-Amz-Signature=${signature}`, signature, signer, stamp };
}

function tokenOf({ token }: KeyPair): readonly Pair[] {
  return token === undefined ? [] : [["x-amz-security-token", token]];
}

/** Sorted, each once. */
function namesToSign(headers: readonly Pair[], signed: readonly string[]): readonly string[] {
  const names = headers.map(([name]) => name).filter((name) => name === "host" || name.startsWith("x-amz-") || signed.includes(name));
  return [...new Set(names)].filter((name) => !notSigned.has(name)).toSorted();
}

/**
 * Where credentials stand in a request: headers and query keys by name, for any provider, beside those that a pack names.
 * It knows places and shapes, not secrets.
 */

type Pair = readonly [name: string, value: string];

/** Names that carry a credential wherever they stand. A name that is not here may still be one by its words. */
const always: ReadonlySet<string> = new Set(["authorization", "cookie", "x-amz-security-token", "apikey", "token"]);
const byWords =
  /(^|[-_])(tokens?|secrets?|passwords?|passwd|api-?key|access-?key|auth|auth-?key|credentials?|signature|jwt|session-?id)([-_]|$)/;
/** Of forms and of proofs that are no credential by themselves. */
const harmless: ReadonlySet<string> = new Set(["x-amz-content-sha256", "idempotency-token", "client-request-token", "x-csrf-token"]);

export function isCredentialHeader(name: string, authSlots: readonly string[]): boolean {
  const plain = name.toLowerCase().replaceAll("_", "-");
  if (authSlots.includes(name) || always.has(plain)) return true;
  return byWords.test(plain) && !harmless.has(plain);
}

const queryKeys =
  /^(access[-_]?token|auth[-_]?token|private[-_]?token|id[-_]?token|refresh[-_]?token|token|api[-_]?key|apikey|auth|authorization|password|passwd|secret|client[-_]?secret|jwt|sig|signature|x-(amz|goog|ms)-(signature|security-token|credential)|awsaccesskeyid|googleaccessid)$/i;

/** Keys of a query that hold a credential, by name alone; and values of `key` that look like one. */
export function credentialKey(target: string): string | undefined {
  const query = target.includes("?") ? target.slice(target.indexOf("?") + 1) : "";
  for (const part of query.split("&")) {
    const [rawKey = "", ...rest] = part.split("=");
    const key = decoded(rawKey);
    const value = decoded(rest.join("="));
    if (value === "") continue;
    if (queryKeys.test(key)) return key;
    if (/^key$/i.test(key) && /^AIza[\w-]{30,}$/.test(value)) return key;
  }
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** A header's value with a placeholder in it, taken apart so that the secret can stand in its place. */
export interface HeldPlaceholder {
  readonly placeholder: string;
  readonly filled: (secret: string) => string;
}

/**
 * The placeholder where it is all of the value, all of what follows a scheme, or the user's name or the password of `Basic`. Whatever else
 * stands in a slot is somebody else's credential: `undefined`.
 */
export function placeholderIn(value: string, isOurs: (text: string) => boolean): HeldPlaceholder | undefined {
  const [, scheme, rest = ""] = /^(?:([A-Za-z][A-Za-z0-9-]*) +)?(\S+)$/.exec(value.trim()) ?? [];
  if (isOurs(rest)) return { placeholder: rest, filled: (secret) => (scheme === undefined ? secret : `${scheme} ${secret}`) };
  if (scheme?.toLowerCase() !== "basic" || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(rest)) return undefined;
  const login = Buffer.from(rest, "base64").toString("utf8");
  const colon = login.indexOf(":");
  if (colon < 0) return undefined;
  const [name, password] = [login.slice(0, colon), login.slice(colon + 1)];
  const basic = (text: string): string => `Basic ${Buffer.from(text, "utf8").toString("base64")}`;
  // A name beside the placeholder is no secret, but only a plain one: a token stands on either side.
  if (isOurs(password) && /^[A-Za-z0-9._@-]{0,64}$/.test(name))
    return { placeholder: password, filled: (secret) => basic(`${name}:${secret}`) };
  if (isOurs(name) && (password === "" || password === "x-oauth-basic" || password === "x"))
    return { placeholder: name, filled: (secret) => basic(`${secret}:${password}`) };
  return undefined;
}

export function withoutSlots(headers: readonly Pair[], authSlots: readonly string[]): readonly Pair[] {
  return headers.filter(([name]) => !isCredentialHeader(name, authSlots));
}

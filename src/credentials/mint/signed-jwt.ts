/** A JSON Web Token signed with RS256 (RFC 7515, 7518), by a key that stands as PEM. It verifies none. */
import { createPrivateKey, type KeyObject, sign } from "node:crypto";

/** `undefined` for what is no RSA key of at least 2048 bits: it says nothing of what it is instead. */
export function rsaKeyOf(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 ? key : undefined;
  } catch {
    return undefined;
  }
}

export function signedJwt(claims: Readonly<Record<string, unknown>>, key: KeyObject, keyId?: string): string {
  const header = { alg: "RS256", typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) };
  const [head, body] = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const text = `${head}.${body}`;
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
}

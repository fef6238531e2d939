/**
 * The `tls-server-end-point` channel binding of RFC 5929: the hash of the server's certificate, by the hash of its own signature.
 * It does not verify the certificate.
 */
import { createHash } from "node:crypto";

/** Signature algorithms by the hex of their OID's content. MD5 and SHA-1 are raised to SHA-256, as RFC 5929 says. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["2a864886f70d010104", "sha256"], // md5WithRSAEncryption
  ["2a864886f70d010105", "sha256"], // sha1WithRSAEncryption
  ["2a864886f70d01010e", "sha224"],
  ["2a864886f70d01010b", "sha256"],
  ["2a864886f70d01010c", "sha384"],
  ["2a864886f70d01010d", "sha512"],
  ["2a8648ce3d0401", "sha256"], // ecdsa-with-SHA1
  ["2a8648ce3d040301", "sha224"],
  ["2a8648ce3d040302", "sha256"],
  ["2a8648ce3d040303", "sha384"],
  ["2a8648ce3d040304", "sha512"],
]);

/**
 * `undefined` where no hash is defined (Ed25519) or where it would have to be read out of parameters (RSA-PSS): no channel binding
 * then.
 */
export function tlsServerEndPoint(certificate: Uint8Array): Buffer | undefined {
  const oid = signatureAlgorithm(Buffer.from(certificate.buffer, certificate.byteOffset, certificate.length));
  const hash = oid === undefined ? undefined : HASHES.get(oid);
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OID, ... }, ... } */
function signatureAlgorithm(der: Buffer): string | undefined {
  const certificate = element(der, 0, 0x30);
  const toBeSigned = certificate && element(der, certificate.start, 0x30);
  const algorithm = toBeSigned && element(der, toBeSigned.end, 0x30);
  const oid = algorithm && element(der, algorithm.start, 0x06);
  return oid && der.toString("hex", oid.start, oid.end);
}

/** Content bounds of the DER element at `at`, when it has this tag and lies inside. */
function element(der: Buffer, at: number, tag: number): { readonly start: number; readonly end: number } | undefined {
  const first = der[at + 1];
  if (der[at] !== tag || first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + lengthBytes;
  if (lengthBytes > 4 || start > der.length) return undefined;
  const size = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes);
  return start + size <= der.length ? { start, end: start + size } : undefined;
}

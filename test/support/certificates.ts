/**
 * A throw-away certificate authority and a server certificate for `localhost` and 127.0.0.1, written in DER by hand
 * because Node can sign but not issue certificates and the tests must not need an openssl on the machine.
 * It does not revoke, renew or validate anything.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface TestCertificates {
  /** The authority's certificate, PEM: what a client with verify-full trusts. */
  readonly ca: string;
  /** The server's certificate, PEM. */
  readonly certificate: string;
  /** The server's private key, PEM (PKCS 8). */
  readonly key: string;
}

/** New keys at each call; ECDSA P-256, valid from yesterday for 30 days. `names` are DNS names beside the address 127.0.0.1. */
export function selfSigned(names: readonly string[] = ["localhost"]): TestCertificates {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = distinguishedName("Holdfast test authority");
  const subject = distinguishedName(names[0] ?? "localhost");
  const basic = extension("551d13", sequence(tlv(0x01, Buffer.from([0xff]))), true);
  const alternatives = sequence(...names.map((name) => tlv(0x82, Buffer.from(name))), tlv(0x87, Buffer.from([127, 0, 0, 1])));
  return {
    ca: issue({ subject: issuer, issuer, key: authority.publicKey, signer: authority.privateKey, extensions: [basic] }),
    certificate: issue({
      subject,
      issuer,
      key: server.publicKey,
      signer: authority.privateKey,
      extensions: [extension("551d11", alternatives)],
    }),
    key: server.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

interface Issue {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly key: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}

function issue({ subject, issuer, key, signer, extensions }: Issue): string {
  const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
  const day = 86_400_000;
  const now = Date.now();
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    issuer,
    sequence(time(now - day), time(now + 30 * day)),
    subject,
    key.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", body, signer)]));
  const lines =
    sequence(body, ecdsaWithSha256, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function tlv(tag: number, value: Buffer): Buffer {
  const size = value.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

const sequence = (...parts: Buffer[]): Buffer => tlv(0x30, Buffer.concat(parts));
const integer = (bytes: Buffer): Buffer => tlv(0x02, bytes);
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, "hex"));

/** Extensions are named by their OID's bytes: 2.5.29.19 is `551d13` (basic constraints), 2.5.29.17 `551d11` (alternative names). */
function extension(name: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(name), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

function distinguishedName(name: string): Buffer {
  return sequence(tlv(0x31, sequence(oid("550403"), tlv(0x0c, Buffer.from(name)))));
}

/** UTCTime, which RFC 5280 demands for years before 2050. */
function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return tlv(0x17, Buffer.from(text.slice(2)));
}

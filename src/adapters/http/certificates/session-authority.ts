/**
 * A certificate authority of one session: P-256, its key in memory alone, and a leaf for each host that is intercepted.
 * It signs for hosts that it is asked for and asks nobody whether it should; nothing outside the session trusts it.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIP, isIPv4 } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Clock } from "../../../base/clock.ts";
import type { RandomBytes } from "../../../base/ids.ts";
import { der, tlv } from "./der.ts";

export interface SessionAuthority {
  /** PEM: what the session's clients are told to trust. */
  readonly certificate: string;
  /** Made once an hour at most for each host. */
  contextFor(host: string): SecureContext;
}

const HOUR_MS = 3_600_000;
const LEAF_MS = 24 * HOUR_MS;
/** Longer than any run. */
const AUTHORITY_MS = 30 * 24 * HOUR_MS;
/** Hosts of one session; the least recently made goes first. */
const LEAVES_MAX = 256;
/** A clock of a container may be behind ours. */
const EARLIER_MS = HOUR_MS;

const OID = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectKeyId: "551d0e",
  keyUsage: "551d0f",
  alternativeNames: "551d11",
  basicConstraints: "551d13",
  authorityKeyId: "551d23",
  extendedKeyUsage: "551d25",
  serverAuth: "2b06010505070301",
};

interface Leaf {
  readonly context: SecureContext;
  readonly untilMs: number;
}

export function createSessionAuthority(name: string, { clock, random }: { clock: Clock; random: RandomBytes }): SessionAuthority {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  // One key for all leaves: making one takes longer than all the rest of a leaf.
  const leafKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = leafKey.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const issuer = named(`Holdfast session ${name}`);
  const issue = (parts: Omit<Issued, "issuer" | "signer" | "fromMs" | "serial">): string =>
    issued({ ...parts, issuer, signer: own.privateKey, fromMs: clock.now() - EARLIER_MS, serial: random(16) });
  const certificate = issue({
    subject: issuer,
    key: own.publicKey,
    untilMs: clock.now() + AUTHORITY_MS,
    extensions: [
      extension(OID.basicConstraints, der.sequence(der.yes(), der.integer(Buffer.from([0]))), true),
      extension(OID.keyUsage, der.bits(Buffer.from([0x06]), 1), true),
      extension(OID.subjectKeyId, der.octets(keyId(own.publicKey))),
    ],
  });
  const leaves = new Map<string, Leaf>();

  function make(host: string): Leaf {
    const untilMs = clock.now() + LEAF_MS;
    const cert = issue({
      subject: named(host.slice(0, 64)),
      key: leafKey.publicKey,
      untilMs,
      extensions: [
        extension(OID.basicConstraints, der.sequence(), true),
        extension(OID.keyUsage, der.bits(Buffer.from([0x80]), 7), true),
        extension(OID.extendedKeyUsage, der.sequence(der.oid(OID.serverAuth))),
        extension(OID.alternativeNames, der.sequence(alternativeName(host))),
        extension(OID.authorityKeyId, der.sequence(tlv(0x80, keyId(own.publicKey)))),
      ],
    });
    return { context: createSecureContext({ cert: `${cert}${certificate}`, key, minVersion: "TLSv1.2" }), untilMs };
  }

  return {
    certificate,
    contextFor(host) {
      const known = leaves.get(host);
      if (known !== undefined && known.untilMs - clock.now() > HOUR_MS) return known.context;
      const leaf = make(host);
      leaves.delete(host);
      if (leaves.size >= LEAVES_MAX) leaves.delete(leaves.keys().next().value as string);
      leaves.set(host, leaf);
      return leaf.context;
    },
  };
}

interface Issued {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly key: KeyObject;
  readonly signer: KeyObject;
  readonly serial: Uint8Array;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280, 4.1. */
function issued({ subject, issuer, key, signer, serial, fromMs, untilMs, extensions }: Issued): string {
  const algorithm = der.sequence(der.oid(OID.ecdsaWithSha256));
  const body = der.sequence(
    tlv(0xa0, der.integer(Buffer.from([2]))), // version 3
    der.integer(Buffer.concat([Buffer.from([1]), serial])),
    algorithm,
    issuer,
    der.sequence(der.time(fromMs), der.time(untilMs)),
    subject,
    key.export({ type: "spki", format: "der" }),
    tlv(0xa3, der.sequence(...extensions)),
  );
  const whole = der.sequence(body, algorithm, der.bits(sign("sha256", body, signer)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function named(name: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid(OID.commonName), der.text(name))));
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  return der.sequence(der.oid(oid), ...(critical ? [der.yes()] : []), der.octets(value));
}

function alternativeName(host: string): Buffer {
  const address = host.replace(/^\[|\]$/g, "");
  return isIP(address) === 0 ? tlv(0x82, Buffer.from(host, "ascii")) : tlv(0x87, addressBytes(address));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string | undefined): string[] => (text === undefined || text === "" ? [] : text.split(":"));
  const before = groups(head);
  const after = groups(tail);
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** RFC 7093, method 1: the first 20 bytes of a SHA-256. */
function keyId(key: KeyObject): Buffer {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

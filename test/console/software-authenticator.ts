/**
 * Stands in for a browser with a passkey: a software authenticator (WebAuthn level 2) with real keys, that signs what it is asked to sign.
 * It does what an attacker would want too: every field of its answers can be bent.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export type Algorithm = "ES256" | "EdDSA" | "RS256";

export interface Bent {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  /** Presence 0x01, verification 0x04. */
  readonly flags?: number;
  readonly counter?: number;
}

export interface Assertion {
  readonly id: string;
  readonly rawId: string;
  readonly type: "public-key";
  readonly response: { readonly clientDataJSON: string; readonly authenticatorData: string; readonly signature: string };
  readonly clientExtensionResults: object;
}

export class SoftwareAuthenticator {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #algorithm: Algorithm;
  readonly #origin: string;
  readonly id = randomBytes(32);
  #counter = 0;

  constructor(origin: string, algorithm: Algorithm = "ES256") {
    const pair =
      algorithm === "ES256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : algorithm === "EdDSA"
          ? generateKeyPairSync("ed25519")
          : generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.#privateKey = pair.privateKey;
    this.#publicKey = pair.publicKey;
    this.#algorithm = algorithm;
    this.#origin = origin;
  }

  get credential(): string {
    return this.id.toString("base64url");
  }

  /** SPKI, base64url. */
  get publicKey(): string {
    return this.#publicKey.export({ format: "der", type: "spki" }).toString("base64url");
  }

  /** What `navigator.credentials.create` gives, as JSON, with no attestation. */
  create(options: { readonly challenge: string; readonly rp: { readonly id: string } }, bent: Bent = {}) {
    const clientData = this.#clientData("webauthn.create", options.challenge, bent);
    const attested = Buffer.concat([Buffer.alloc(16), uint16(this.id.length), this.id, this.#cose()]);
    const data = Buffer.concat([this.#authenticatorData(options.rp.id, 0x40, bent), attested]);
    const attestation = map([text("fmt"), text("none")], [text("attStmt"), map()], [text("authData"), bytes(data)]);
    return {
      id: this.credential,
      rawId: this.credential,
      type: "public-key",
      response: { clientDataJSON: clientData.toString("base64url"), attestationObject: attestation.toString("base64url") },
      clientExtensionResults: {},
    };
  }

  /** What `navigator.credentials.get` gives, as JSON. */
  get(options: { readonly challenge: string; readonly rpId: string }, bent: Bent = {}): Assertion {
    const clientData = this.#clientData("webauthn.get", options.challenge, bent);
    const data = this.#authenticatorData(options.rpId, 0, bent);
    const signed = Buffer.concat([data, createHash("sha256").update(clientData).digest()]);
    const signature = sign(this.#algorithm === "EdDSA" ? null : "sha256", signed, this.#privateKey);
    return {
      id: this.credential,
      rawId: this.credential,
      type: "public-key",
      response: {
        clientDataJSON: clientData.toString("base64url"),
        authenticatorData: data.toString("base64url"),
        signature: signature.toString("base64url"),
      },
      clientExtensionResults: {},
    };
  }

  #clientData(type: string, challenge: string, bent: Bent): Buffer {
    const said = {
      type: bent.type ?? type,
      challenge: bent.challenge ?? challenge,
      origin: bent.origin ?? this.#origin,
      crossOrigin: false,
    };
    return Buffer.from(JSON.stringify({ ...said, ...(bent.crossOrigin === undefined ? {} : { crossOrigin: bent.crossOrigin }) }));
  }

  #authenticatorData(rpId: string, more: number, bent: Bent): Buffer {
    this.#counter += 1;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(bent.counter ?? this.#counter);
    const rpIdHash = createHash("sha256")
      .update(bent.rpId ?? rpId)
      .digest();
    return Buffer.concat([rpIdHash, Buffer.from([(bent.flags ?? 0x05) | more]), counter]);
  }

  /** The public key in COSE's form (RFC 9053). */
  #cose(): Buffer {
    const jwk = this.#publicKey.export({ format: "jwk" });
    const part = (value: string | undefined): Buffer => bytes(Buffer.from(value ?? "", "base64url"));
    switch (this.#algorithm) {
      case "ES256":
        return map([int(1), int(2)], [int(3), int(-7)], [int(-1), int(1)], [int(-2), part(jwk.x)], [int(-3), part(jwk.y)]);
      case "EdDSA":
        return map([int(1), int(1)], [int(3), int(-8)], [int(-1), int(6)], [int(-2), part(jwk.x)]);
      case "RS256":
        return map([int(1), int(3)], [int(3), int(-257)], [int(-1), part(jwk.n)], [int(-2), part(jwk.e)]);
    }
  }
}

/** As much of CBOR (RFC 8949) as an authenticator needs. */
function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.concat([Buffer.from([(major << 5) | 25]), uint16(value)]);
}

function int(value: number): Buffer {
  return value >= 0 ? head(0, value) : head(1, -1 - value);
}

function bytes(value: Buffer): Buffer {
  return Buffer.concat([head(2, value.length), value]);
}

function text(value: string): Buffer {
  return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
}

function map(...pairs: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([head(5, pairs.length), ...pairs.flat()]);
}

function uint16(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16BE(value);
  return out;
}

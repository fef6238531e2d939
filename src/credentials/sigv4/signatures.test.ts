/** What needs no gateway: requests of Holdfast itself, forms, hosts that a pair does not go to. The rest is in test/http/sigv4.test.ts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import type { Taken } from "../../model/brokered.ts";
import { type Pair, sha256Hex } from "./canonical.ts";
import type { KeyPair } from "./key-pair.ts";
import type { SigningRequest } from "./read-request.ts";
import { readSignature } from "./read-signature.ts";
import { signedInHeader } from "./sign-anew.ts";
import { Signatures } from "./signatures.ts";
import { emptyHash, requestSignature, signerFor, stampOf } from "./signing.ts";

const clock = manualClock(Date.UTC(2026, 10, 22, 12));
const real: KeyPair = { id: "AKIAREALREALREALREAL", secret: "the-real-secret-key", token: "the-real-token" };
const host = "ec2.eu-central-1.amazonaws.com";
const scope = { region: "eu-central-1", api: "ec2" };
const stamp = stampOf(clock.now());

function opened(pair: () => KeyPair | { problem: string } = () => real): { signatures: Signatures; dummy: KeyPair } {
  const facts = (provider: string) => (provider === "aws" ? { asSent: ["s3"], signedAs: {} } : undefined);
  const secrets = [{ name: "aws", goesTo: (each: string) => each.endsWith(".eu-central-1.amazonaws.com"), pair }];
  const signatures = new Signatures({ secrets, key: new Uint8Array(32).fill(3), clock, facts });
  const dummy = signatures.issue("run").get("aws");
  assert(dummy !== undefined);
  return { signatures, dummy };
}

function asked(more: Partial<SigningRequest> = {}): SigningRequest {
  return { packed: { provider: "aws", authSlots: [] }, host, method: "POST", target: "/", headers: [], ...more };
}

const rest = ({ headers }: SigningRequest): Taken => ({ kind: "clean", judged: headers, sent: () => ({ headers, secrets: [] }) });

/** Without a body. */
function signedBy(pair: KeyPair, to = host): readonly Pair[] {
  const made = {
    method: "POST",
    host: to,
    target: "/",
    headers: [],
    payload: emptyHash,
    signed: [],
    scope,
    form: "normalised" as const,
    stamp,
  };
  return signedInHeader(made, pair).headers;
}

describe("a request of Holdfast's own", () => {
  test("is signed by the pair of the request that it is made for, whatever that one asked", async () => {
    const { signatures, dummy } = opened();
    const [authorization] = signedBy(dummy).filter(([name]) => name === "authorization");
    assert(authorization !== undefined);
    const headers: readonly Pair[] = [authorization, ["content-type", "application/x-www-form-urlencoded"]];
    const request = asked({ headers, target: "/", own: true });
    const taken = signatures.take("run", request, rest);
    assert(taken?.kind === "clean");
    assert(!JSON.stringify(taken.judged).includes(dummy.id));
    const filled = await taken.sent(Buffer.from("Action=DescribeVolumes"));
    assert(typeof filled !== "string");
    const read = readSignature(filled.headers, "");
    assert(read.kind === "signed");
    assert.equal(read.signature.keyId, real.id);
    assert(filled.headers.some(([name, value]) => name === "x-amz-security-token" && value === real.token));
    const signer = signerFor(real.secret, { ...scope, day: stamp.slice(0, 8) });
    const all: readonly Pair[] = [["host", host], ...filled.headers];
    const parts = { method: "POST", path: "/", query: "", headers: all, signed: read.signature.signed };
    const right = { ...parts, payload: sha256Hex("Action=DescribeVolumes") };
    assert.equal(requestSignature(signer, stamp, right, "normalised"), read.signature.signature);
    for (const part of [real.secret, real.token ?? "", real.id, read.signature.signature]) assert(filled.secrets.includes(part));
  });

  test("is no way past the signature of a client's", () => {
    const { signatures, dummy } = opened();
    const [authorization] = signedBy(dummy).filter(([name]) => name === "authorization");
    const taken = signatures.take("run", asked({ headers: [authorization ?? ["", ""]] }), rest);
    assert.equal(taken?.kind, "refused");
  });
});

describe("a signature", () => {
  test("of a pair whose secret goes to other hosts is a found credential there", () => {
    const { signatures, dummy } = opened();
    const other = "ec2.us-east-1.amazonaws.com";
    assert.equal(signatures.take("run", asked({ host: other, headers: signedBy(dummy, other) }), rest)?.kind, "found");
    assert.equal(signatures.take("another", asked({ headers: signedBy(dummy) }), rest)?.kind, "found");
    assert.equal(
      signatures.take("run", asked({ headers: signedBy(dummy), packed: { provider: "gcp", authSlots: [] } }), rest)?.kind,
      "found",
    );
  });

  test("is not made where the real pair is not to be had, and nothing is sent unverified", async () => {
    const { signatures, dummy } = opened(() => ({ problem: "the vault is closed" }));
    const taken = signatures.take("run", asked({ headers: signedBy(dummy) }), rest);
    assert(taken?.kind === "clean" && taken.opened !== undefined);
    assert.match(String(await taken.sent(Buffer.alloc(0))), /not verified/);
    assert.deepEqual(taken.opened({ first: Buffer.alloc(0), whole: true }), { first: Buffer.alloc(0), whole: true });
    assert.match(String(await taken.sent(Buffer.alloc(0))), /`aws` is not to be had: the vault is closed/);
  });

  test("in a form is a found credential; a form without one, and other hosts' forms, are looked at by others", () => {
    const { signatures } = opened();
    const form = (type: string, body: string, provider = "aws") => {
      const request = asked({ headers: [["content-type", type]], packed: { provider, authSlots: [] } });
      const taken = signatures.take("run", request, rest);
      return taken?.kind === "clean" ? taken.looked?.({ first: Buffer.from(body), whole: true }) : undefined;
    };
    const multipart = "multipart/form-data; boundary=x";
    const field = (name: string) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nvalue\r\n--x--`;
    assert.deepEqual(form(multipart, field("X-Amz-Signature")), { kind: "found", slot: "the field x-amz-signature of its form" });
    assert.equal(form(multipart, field("AWSAccessKeyId"))?.kind, "found");
    assert.equal(form("application/x-www-form-urlencoded", "Action=DeleteQueue&AWSAccessKeyId=A&Signature=b")?.kind, "found");
    assert.equal(form(multipart, field("key")), undefined);
    assert.equal(form("application/x-www-form-urlencoded", "Action=GetCallerIdentity"), undefined);
    assert.equal(form(multipart, field("X-Amz-Signature"), "gcp"), undefined);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { toClient, toServer } from "../codec/auth-messages.ts";
import { writeCancel, writeSslRequest, writeStartup } from "../codec/startup.ts";
import { makeVerifier } from "../scram.ts";
import { ClientLogin } from "./client-login.ts";
import { SessionPin } from "./session-pin.ts";
import { UpstreamLogin } from "./upstream-login.ts";

const limits = { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };
const verifier = makeVerifier("pencil", { iterations: 1, salt: Buffer.from("0123456789abcdef") });

/** Frames as each side sends them, cut, joined, damaged and mixed with chance. */
const pieces: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom(
    writeStartup([["user", "agent"]]),
    writeSslRequest(),
    writeCancel(1, Buffer.alloc(4)),
    toServer.saslInitial("SCRAM-SHA-256", "n,,n=,r=theirs"),
    toServer.saslResponse("c=biws,r=theirsours,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    toClient.authenticationSasl(["SCRAM-SHA-256"]),
    toClient.saslContinue("r=oursandtheirs,s=AAAA,i=1"),
    toClient.saslFinal("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    toClient.parameterStatus("server_version", "18"),
    toClient.backendKeyData(1, Buffer.alloc(4)),
    toClient.error({ severity: "FATAL", sqlstate: "3D000", message: "no" }),
  ),
);
const damaged = fc.tuple(pieces, fc.nat(), fc.nat(255), fc.boolean()).map(([bytes, at, value, damage]) => {
  const copy = Buffer.from(bytes);
  if (damage && copy.length > 0) copy[at % copy.length] = value;
  return copy;
});
const conversations = fc.array(damaged, { maxLength: 12 });

interface Fuzzed {
  receive(chunk: Uint8Array): readonly { readonly kind: string }[];
}

/** Nothing is thrown, nobody gets in, and nothing is said after the end. */
function endures(make: () => Fuzzed, success: string, end: string): void {
  fc.assert(
    fc.property(conversations, (chunks) => {
      const machine = make();
      let ended = false;
      for (const chunk of chunks) {
        const said = machine.receive(chunk).map(({ kind }) => kind);
        assert.ok(!ended || said.length === 0, "nothing is said after the end");
        assert.ok(!said.includes(success), "nobody gets in");
        ended ||= said.includes(end);
      }
    }),
    { numRuns: 3_000 },
  );
}

const client = () =>
  new ClientLogin({
    target: { accounts: new Map(), clientTlsRequired: false, limits, replication: false },
    tlsAvailable: false,
    subjectOf: () => ({ verifier, genuine: false }),
    nonce: "ours",
  });
const server = () => {
  const upstream = { role: "owner", tls: "disable", md5Allowed: true, cleartextAllowed: true } as const;
  const login = new UpstreamLogin({ upstream, password: "pencil", database: "d", applicationName: "", replication: false, nonce: "ours" });
  login.start();
  return login;
};

describe("whatever is sent during a login", () => {
  test("a client without a password does not get in", () => endures(client, "authenticated", "close"));
  test("a server that proves nothing is not believed", () => endures(server, "ready", "failed"));
  test("a session that answers nonsense is not pinned", () =>
    endures(() => new SessionPin({ limits, settings: new Map(), parameters: new Map() }), "pinned", "failed"));
  test("the canary: a machine that lets everybody in is caught", () => {
    assert.throws(() => endures(() => ({ receive: () => [{ kind: "authenticated" }] }), "authenticated", "close"), /Property failed/);
  });
});

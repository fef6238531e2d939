import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeVerifier, scram } from "./scram.ts";
import { ScramClient } from "./scram-client.ts";
import { saslPrep } from "./scram-saslprep.ts";
import { mockSubject, ScramServer, type ScramStep } from "./scram-server.ts";
import { formatVerifier, parseVerifier } from "./scram-text.ts";

// RFC 7677, section 3.
const rfc = {
  password: "pencil",
  salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
  clientNonce: "rOprNGfwEbeRWgbNEkqO",
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  clientFinal: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};
const rfcVerifier = makeVerifier(rfc.password, { iterations: 4096, salt: Buffer.from(rfc.salt, "base64") });
const rfcServer = () => new ScramServer({ verifier: rfcVerifier, genuine: true }, rfc.serverNonce);

describe("the vectors of RFC 7677", () => {
  test("the server's side gives the published messages", () => {
    const server = rfcServer();
    assert.deepEqual(server.first(rfc.clientFirst), { kind: "send", message: rfc.serverFirst });
    assert.deepEqual(server.final(rfc.clientFinal), { kind: "send", message: rfc.serverFinal });
  });

  test("the client's side gives the published proof (its first message names `user` there, so the proof is made by hand)", () => {
    const salted = scram.saltedPassword(rfc.password, Buffer.from(rfc.salt, "base64"), 4096);
    const withoutProof = rfc.clientFinal.slice(0, rfc.clientFinal.indexOf(",p="));
    const auth = `${rfc.clientFirst.slice(3)},${rfc.serverFirst},${withoutProof}`;
    const key = scram.clientKey(salted);
    const proof = scram.xor(key, scram.hmac(scram.hash(key), auth)).toString("base64");
    assert.equal(`${withoutProof},p=${proof}`, rfc.clientFinal);
  });
});

function exchange(serverPassword: string, clientPassword: string, genuine = true): { step: ScramStep; client: ScramClient } {
  const verifier = makeVerifier(serverPassword, { iterations: 10, salt: Buffer.from("0123456789abcdef") });
  const server = new ScramServer({ verifier, genuine }, "serverside");
  const client = new ScramClient({ binding: { kind: "unsupported" }, ownNonce: "clientside", iterationsMax: 5000 });
  const first = server.first(client.first());
  assert.equal(first.kind, "send");
  const derive = client.received(first.kind === "send" ? first.message : "");
  assert.equal(derive.kind, "derive");
  if (derive.kind !== "derive") throw new Error("unreachable");
  const salted = scram.saltedPassword(clientPassword, derive.salt, derive.iterations);
  return { step: server.final(client.final(salted)), client };
}

describe("an exchange of our two sides", () => {
  test("ends well with the right password, and the client knows the server", () => {
    const { step, client } = exchange("pässword", "pässword");
    assert.equal(step.kind, "send");
    assert.equal(client.verified(step.kind === "send" ? step.message : ""), true);
    assert.equal(client.verified("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), false);
    assert.equal(client.verified("e=other-error"), false);
    assert.equal(client.verified("v="), false);
  });

  test("is refused with a wrong password", () => {
    assert.deepEqual(exchange("one", "two").step, { kind: "refused" });
  });

  test("is refused for a name that does not exist even if the proof were right", () => {
    assert.deepEqual(exchange("one", "one", false).step, { kind: "refused" });
  });

  test("a client that never saw a server's first message trusts no signature", () => {
    const client = new ScramClient({ binding: { kind: "unsupported" }, ownNonce: "x", iterationsMax: 1 });
    assert.equal(client.verified(rfc.serverFinal), false);
  });
});

describe("what the server's side refuses", () => {
  const firsts: readonly (readonly [string, string])[] = [
    ["channel binding that was not offered", "p=tls-server-end-point,,n=,r=abc"],
    ["a mandatory extension", "n,,m=x,n=,r=abc"],
    ["no nonce", "n,,n=user"],
    ["an empty nonce", "n,,n=user,r="],
    ["a nonce with a blank", "n,,n=user,r=a b"],
    ["another flag", "x,,n=user,r=abc"],
    ["nothing", ""],
  ];
  for (const [name, message] of firsts) {
    test(`first message: ${name}`, () => assert.equal(rfcServer().first(message).kind, "malformed"));
  }
  const finals: readonly (readonly [string, string])[] = [
    ["other channel binding data", rfc.clientFinal.replace("biws", "eSws")],
    ["another nonce", rfc.clientFinal.replace("r=rOp", "r=rOq")],
    ["no proof", rfc.clientFinal.slice(0, rfc.clientFinal.indexOf(",p="))],
    ["a proof that is too short", `${rfc.clientFinal.slice(0, rfc.clientFinal.indexOf(",p="))},p=AAAA`],
    ["bytes after the proof", `${rfc.clientFinal},x=1`],
    ["nothing", ""],
  ];
  for (const [name, message] of finals) {
    test(`final message: ${name}`, () => {
      const server = rfcServer();
      server.first(rfc.clientFirst);
      assert.equal(server.final(message).kind, "malformed");
    });
  }
  test("a final message without a first", () => assert.equal(rfcServer().final(rfc.clientFinal).kind, "malformed"));
});

describe("what the client's side refuses", () => {
  const client = () => new ScramClient({ binding: { kind: "unsupported" }, ownNonce: "mine", iterationsMax: 100_000 });
  const messages: readonly (readonly [string, string])[] = [
    ["a nonce that does not begin with ours", "r=other,s=AAAA,i=4096"],
    ["a nonce that adds nothing", "r=mine,s=AAAA,i=4096"],
    ["too many iterations", "r=mineandyours,s=AAAA,i=100001"],
    ["no iterations", "r=mineandyours,s=AAAA,i=0"],
    ["a count that is not a number", "r=mineandyours,s=AAAA,i=1e9"],
    ["no salt", "r=mineandyours,s=,i=4096"],
    ["nothing", ""],
  ];
  for (const [name, message] of messages) test(name, () => assert.equal(client().received(message).kind, "failed"));
});

describe("the textual verifier", () => {
  const text = formatVerifier(rfcVerifier);
  test("is PostgreSQL's form and round-trips", () => {
    assert.match(text, /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[^:]+=:[^:]+=$/);
    assert.equal(formatVerifier(parseVerifier(text) ?? rfcVerifier), text);
    assert.deepEqual(parseVerifier(text)?.iterations, 4096);
  });
  const wrong = [
    "",
    "pencil",
    "md5abcdef",
    text.slice(0, -1),
    `${text} `,
    text.replace("4096", "0"),
    text.replace("$4096", "$-1"),
    text.replace("SCRAM-SHA-256", "scram-sha-256"),
    text.replace("W22Z", "W22"),
    text.replace(/:[^:]+$/, ":AAAA"),
  ];
  for (const input of wrong) test(`\`${input.slice(0, 24)}...\` is not one`, () => assert.equal(parseVerifier(input), undefined));
});

describe("saslPrep", () => {
  const table: readonly (readonly [string, string, string])[] = [
    ["ASCII stays, control characters too", "a\u0007b", "a\u0007b"],
    ["soft hyphen goes (RFC 4013)", "I\u00adX", "IX"],
    ["feminine ordinal becomes a (RFC 4013)", "\u00aa", "a"],
    ["roman nine becomes IX (RFC 4013)", "\u2168", "IX"],
    ["no-break space becomes a space", "a\u00a0b", "a b"],
    ["prohibited: used as it is", "\u2168\u0007", "\u2168\u0007"],
    ["both directions: used as it is (RFC 4013)", "\u0627\u0031\u2168", "\u0627\u0031\u2168"],
    ["right to left, digit last: used as it is (RFC 4013)", "\u0627\u0031", "\u0627\u0031"],
    ["assigned after Unicode 3.2: used as it is", "\ufb01\u{1f600}", "\ufb01\u{1f600}"],
    ["only what maps to nothing: used as it is", "\u00ad", "\u00ad"],
  ];
  for (const [name, input, expected] of table) test(name, () => assert.equal(saslPrep(input), expected));
});

test("the mock for an unknown name keeps its salt and is as long as a real one", () => {
  const secret = Buffer.alloc(32, 7);
  const [once, again, other] = [mockSubject("eve", secret, 4096), mockSubject("eve", secret, 4096), mockSubject("eva", secret, 4096)];
  assert.deepEqual(once, again);
  assert.notDeepEqual(once.verifier.salt, other.verifier.salt);
  assert.equal(once.verifier.salt.length, 16);
  assert.equal(once.genuine, false);
});

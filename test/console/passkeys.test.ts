/** Passkeys: registered with the passphrase, removed with it, and their signature that approves. The authenticator is software. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { verifyAuthenticationResponse } from "@simplewebauthn/server";
import type { ApprovalView } from "../../src/control/contract.ts";
import { proofProblem } from "../../src/control/answer-proof.ts";
import { logIn, type Page } from "./client.ts";
import { type Algorithm, type Bent, SoftwareAuthenticator } from "./software-authenticator.ts";
import { standInApproval } from "./stand-in-approval.ts";
import { openStandIn, passphrase, type StandIn, standInPerson } from "./stand-in-gateway.ts";

let stand: StandIn;
let page: Page;
before(async () => {
  stand = await openStandIn();
  stand.persons.push(await standInPerson("eve"));
  page = await logIn(stand.server.site.origin);
});
after(() => stand.close());

interface Options {
  readonly publicKey: { readonly challenge: string; readonly rp: { readonly id: string }; readonly rpId: string };
}

interface Begun extends Options {
  readonly agree?: { readonly challenge: string; readonly rpId: string };
}

async function begun(whose = page): Promise<Begun> {
  const given = await whose.send("POST", "/api/passkeys/challenge", { passphrase });
  assert.equal(given.status, 200, given.text);
  return given.body as Begun;
}

const begin = async (whose = page): Promise<Options["publicKey"]> => (await begun(whose)).publicKey;

/** The first of each login, which agrees to those after it. */
const first = new Map<Page, SoftwareAuthenticator>();

async function registered(algorithm: Algorithm = "ES256", whose = page): Promise<SoftwareAuthenticator> {
  const authenticator = new SoftwareAuthenticator(stand.server.site.origin, algorithm);
  const { publicKey, agree } = await begun(whose);
  const agreed = agree === undefined ? {} : { agreed: first.get(whose)?.get(agree) };
  const given = await whose.send("POST", "/api/passkeys", { response: authenticator.create(publicKey), label: algorithm, ...agreed });
  assert.equal(given.status, 201, given.text);
  if (!first.has(whose)) first.set(whose, authenticator);
  return authenticator;
}

async function asked(view: ApprovalView): Promise<Options["publicKey"]> {
  const given = await page.send("POST", `/api/approvals/${view.id}/challenge`, {});
  assert.equal(given.status, 200, given.text);
  return (given.body as Options).publicKey;
}

function answered(view: ApprovalView, assertion: unknown, more: object = {}) {
  const body = { planDigest: view.plan.digest, answer: "approve", reason: "", confirm: "public.orders", ...more };
  return page.send("POST", `/api/approvals/${view.id}/answer`, { ...body, proof: { kind: "passkey", assertion } });
}

function put(): ApprovalView {
  const view = standInApproval({ strength: "passkey" });
  stand.put(view);
  return view;
}

const own = () => stand.persons.find(({ name }) => name === "ada")?.passkeys ?? [];

describe("a registration", () => {
  for (const algorithm of ["ES256", "EdDSA", "RS256"] as const)
    test(`keeps the key of an authenticator with ${algorithm}, and what it signs approves`, async () => {
      const authenticator = await registered(algorithm);
      const kept = own().find(({ credential }) => credential === authenticator.credential);
      assert.equal(kept?.publicKey, authenticator.publicKey);
      assert.equal(kept?.rpId, "localhost");
      const view = put();
      const given = await answered(view, authenticator.get(await asked(view)));
      assert.equal(given.status, 200, given.text);
      const last = stand.answers.at(-1);
      assert(last?.evidence.kind === "passkey");
      const terms = { actDigest: view.plan.act.digest, planDigest: view.plan.digest, nonce: view.nonce };
      assert.equal(proofProblem(view.id, terms, last.answer), undefined);
    });

  test("takes the passphrase, once, in this very login, and the authenticator's word that it is the person", async () => {
    assert.equal((await page.send("POST", "/api/passkeys/challenge", { passphrase: "not the right one, no" })).status, 403);
    const { origin } = stand.server.site;
    const fresh = (): SoftwareAuthenticator => new SoftwareAuthenticator(origin);
    const tried = async (response: unknown, whose = bare) => (await whose.send("POST", "/api/passkeys", { response, label: "x" })).status;
    stand.persons.push(await standInPerson("bea"));
    const bare = await logIn(origin, "bea");
    assert.equal(await tried(fresh().create({ challenge: "AAAA", rp: { id: "localhost" } })), 409, "nothing has begun");
    for (const bent of [
      { flags: 0x01 },
      { origin: "http://localhost:1" },
      { rpId: "example.com" },
      { type: "webauthn.get" },
      { challenge: "AAAA" },
    ] satisfies Bent[]) {
      const options = await begin(bare);
      assert.equal(await tried(fresh().create(options, bent)), 400, JSON.stringify(bent));
      assert.equal(await tried(fresh().create(options)), 409, "a ceremony that failed is over");
    }
    const other = await logIn(origin, "bea");
    const options = await begin(bare);
    assert.equal(await tried(fresh().create(options), other), 409, "another login's ceremony");
    assert.equal(stand.persons.find(({ name }) => name === "bea")?.passkeys?.length ?? 0, 0);
  });

  test("beside another one takes that one's signature too: a stolen passphrase does not become a passkey", async () => {
    const { origin } = stand.server.site;
    const stranger = new SoftwareAuthenticator(origin);
    const mine = first.get(page);
    assert(mine !== undefined);
    const before = own().length;
    const tried = async (agreed: (begun: Begun) => unknown) => {
      const one = await begun();
      const response = stranger.create(one.publicKey);
      const said = agreed(one);
      return (await page.send("POST", "/api/passkeys", { response, label: "x", ...(said === undefined ? {} : { agreed: said }) })).status;
    };
    const agree = ({ agree: options }: Begun) => options ?? assert.fail("an agreement is due");
    assert.equal(await tried(() => undefined), 403);
    assert.equal(await tried((one) => stranger.get(agree(one))), 403, "by the new one itself");
    assert.equal(await tried((one) => mine.get({ challenge: one.publicKey.challenge, rpId: "localhost" })), 403, "over something else");
    const earlier = agree(await begun());
    assert.equal(await tried(() => mine.get(earlier)), 403, "to another registration");
    assert.equal(own().length, before);
  });

  test("of the last one cannot be undone with the passphrase: then it alone could make a new one", async () => {
    stand.persons.push(await standInPerson("cleo"));
    const cleo = await logIn(stand.server.site.origin, "cleo");
    const only = await registered("ES256", cleo);
    const given = await cleo.send("DELETE", `/api/passkeys/${only.credential}`, { passphrase });
    assert.equal(given.status, 403);
    assert.match(given.text, /last passkey.*holdfast person add cleo/);
  });

  test("is undone with the passphrase", async () => {
    const authenticator = await registered();
    const path = `/api/passkeys/${authenticator.credential}`;
    assert.equal((await page.send("DELETE", path, { passphrase: "not the right one, no" })).status, 403);
    assert.equal((await page.send("DELETE", path, { passphrase })).status, 200);
    const view = put();
    assert.equal((await answered(view, authenticator.get({ challenge: "AAAA", rpId: "localhost" }))).status, 403);
  });
});

describe("an assertion", () => {
  let authenticator: SoftwareAuthenticator;
  before(async () => {
    authenticator = await registered();
  });

  test("that is bent in any way approves nothing", async () => {
    const view = put();
    const options = await asked(view);
    const bends: readonly Bent[] = [
      { origin: "https://evil.example" },
      { origin: "http://localhost:1" },
      { rpId: "evil.example" },
      { type: "webauthn.create" },
      { challenge: Buffer.alloc(32).toString("base64url") },
      { crossOrigin: true },
      { flags: 0x01 },
      { flags: 0x04 },
      { flags: 0 },
    ];
    for (const bent of bends) assert.equal((await answered(view, authenticator.get(options, bent))).status, 403, JSON.stringify(bent));
    const good = authenticator.get(options);
    for (const field of ["clientDataJSON", "authenticatorData", "signature"] as const) {
      const bytes = Buffer.from(good.response[field], "base64url");
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      const response = { ...good.response, [field]: bytes.toString("base64url") };
      assert.equal((await answered(view, { ...good, response })).status, 403, field);
    }
    assert.equal((await answered(view, good)).status, 200);
  });

  test("of another approval, another person's or an unknown key, approves nothing", async () => {
    const [one, two] = [put(), put()];
    assert.equal((await answered(two, authenticator.get(await asked(one)))).status, 403, "the nonce is another one");
    const stranger = new SoftwareAuthenticator(stand.server.site.origin);
    assert.equal((await answered(one, stranger.get(await asked(one)))).status, 403);
    const eve = await logIn(stand.server.site.origin, "eve");
    const hers = await registered("ES256", eve);
    assert.equal((await answered(one, hers.get(await asked(one)))).status, 403, "eve's key in ada's login");
  });

  test("signs no denial, for it would stand as a yes", async () => {
    const view = put();
    assert.equal((await answered(view, authenticator.get(await asked(view)), { answer: "deny", reason: "no" })).status, 400);
  });

  test("that counts backwards is of a copy", async () => {
    const view = put();
    assert.equal((await answered(view, authenticator.get(await asked(view), { counter: 1 }))).status, 403);
  });

  test("holds by a library of others too", async () => {
    const view = put();
    const options = await asked(view);
    const { publicKey, registration } = await coseOf();
    const { verified } = await verifyAuthenticationResponse({
      response: registration.get(options),
      expectedChallenge: options.challenge,
      expectedOrigin: stand.server.site.origin,
      expectedRPID: "localhost",
      credential: { id: registration.credential, publicKey, counter: 0 },
    });
    assert.equal(verified, true);
  });
});

/** The authenticator's key as the library wants it, by way of the library's own reading of a registration. */
async function coseOf() {
  const { verifyRegistrationResponse } = await import("@simplewebauthn/server");
  const registration = new SoftwareAuthenticator(stand.server.site.origin);
  const response = registration.create({ challenge: "AAAA", rp: { id: "localhost" } });
  const expected = { expectedChallenge: "AAAA", expectedOrigin: stand.server.site.origin, expectedRPID: "localhost" };
  const { registrationInfo } = await verifyRegistrationResponse({ response: response as never, ...expected });
  assert(registrationInfo !== undefined);
  return { registration, publicKey: registrationInfo.credential.publicKey };
}

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { manualClock } from "../base/clock.ts";
import { systemRandom } from "../base/ids.ts";
import { passphraseBytes } from "../base/passphrase-key.ts";
import type { AuditEvent } from "../model/event.ts";
import { type RegisteredPerson, openAuthority } from "./authority.ts";
import type { Challenge, SignedRequest } from "./authority-port.ts";
import { derivePersonKey, newKeyParameters, publicKeyText } from "./person-key.ts";
import { type RequestToSign, signRequest } from "./sign-request.ts";
import { signatureFits, statementText } from "./signed-statement.ts";

const gateway = "/srv/shop/.holdfast/control.sock";
const body = { session: "s_1", tables: ["public.orders"], allow: ["delete"], count: 5 };
const typed = "correct horse battery";
const passphrase = () => passphraseBytes(typed);
const request = { gateway, method: "POST", path: "/v1/grants", body, person: "ada" };

// Of the floor's cost, so that the file's many derivations stay short.
const key = { ...newKeyParameters(systemRandom), cost: 2 ** 15 };
let ada: RegisteredPerson;

before(async () => {
  const publicKey = publicKeyText(await derivePersonKey(passphrase(), key));
  ada = { name: "ada", approves: ["staging"], key, publicKey };
});

function opened(persons: () => readonly RegisteredPerson[] = () => [ada], socket = gateway) {
  const clock = manualClock();
  const events: AuditEvent[] = [];
  const authority = openAuthority({ clock, random: systemRandom, gateway: socket, persons, record: (event) => void events.push(event) });
  const ask = (person = "ada"): Promise<Challenge> => authority.challenge(person);
  const signed = async (changed: Partial<RequestToSign> = {}): Promise<SignedRequest> => {
    const wanted = { ...request, passphrase: passphrase(), challenge: await ask(), ...changed };
    return { ...(await signRequest(wanted)), method: wanted.method, path: wanted.path, body: wanted.body };
  };
  return { authority, clock, events, ask, signed };
}

describe("a person's signature", () => {
  test("is good once, for the request as it was signed, and says whose it is", async () => {
    const { authority, events, signed } = opened();
    const sent = await signed();
    const answer = await authority.verify(sent);
    assert.ok(answer.ok);
    assert.deepEqual([answer.person.name, answer.person.approves], ["ada", ["staging"]]);
    const again = await authority.verify(sent);
    assert.ok(!again.ok && /used before/.test(again.message), JSON.stringify(again));
    assert.deepEqual(
      events.map((event) => event.kind === "person_attempt" && event.accepted),
      [true, false],
    );
  });

  test("order and white space of the body do not matter, any term of it does", async () => {
    const { authority, signed } = opened();
    const reordered = { count: 5, allow: ["delete"], tables: ["public.orders"], session: "s_1" };
    assert.equal((await authority.verify({ ...(await signed()), body: reordered })).ok, true);
    const changes: readonly Partial<SignedRequest>[] = [
      { body: { ...body, count: 50 } },
      { body: { ...body, tables: ["public.orders", "public.users"] } },
      { body: { ...body, extra: true } },
      { body: null },
      { path: "/v1/grants?force=1" },
      { path: "/v1/suspensions" },
      { method: "DELETE" },
      { person: "bob" },
      { signature: "" },
      { signature: Buffer.alloc(64).toString("base64") },
      { nonce: "" },
      { nonce: `${"0".repeat(32)}_zzzzzzzz_${"0".repeat(64)}` },
    ];
    for (const change of changes) {
      const answer = await authority.verify({ ...(await signed()), ...change });
      assert.ok(!answer.ok, JSON.stringify(change));
    }
  });

  test("made for one gateway opens nothing at another, although the relay handed on the other's nonce", async () => {
    const here = opened();
    const elsewhere = opened(() => [ada], "/srv/production/.holdfast/control.sock");
    const relayed = await here.signed({ challenge: await elsewhere.ask() });
    assert.equal((await elsewhere.authority.verify(relayed)).ok, false);
  });

  test("is worthless with another's nonce, after a minute, after a restart, and under another passphrase", async () => {
    const { authority, clock, ask, signed } = opened();
    assert.equal((await authority.verify(await signed({ challenge: await ask("bob") }))).ok, false);
    assert.equal((await authority.verify(await signed({ passphrase: passphraseBytes("correct horse batterz") }))).ok, false);
    const late = await signed();
    clock.advance(60_000);
    const answer = await authority.verify(late);
    assert.ok(!answer.ok && /too old/.test(answer.message));
    assert.equal((await opened().authority.verify(await signed())).ok, false);
    assert.equal((await authority.verify(await signed())).ok, true);
  });

  test("of one who was removed meanwhile is refused, and without anybody registered the answer says what to do", async () => {
    let persons: readonly RegisteredPerson[] = [ada, { ...ada, name: "bob" }];
    const { authority, signed } = opened(() => persons);
    const sent = await signed();
    persons = persons.slice(1);
    assert.equal((await authority.verify(sent)).ok, false);
    persons = [];
    const answer = await authority.verify(sent);
    assert.ok(!answer.ok && /holdfast person add/.test(answer.next));
  });

  test("can be verified by a third party from the record alone", async () => {
    const { authority, events, signed } = opened();
    await authority.verify(await signed());
    const [event] = events;
    assert.ok(event?.kind === "person_attempt");
    const { nonce = "", bodyDigest = "", signature = "", publicKey = "" } = event;
    const told = { gateway: event.gateway, person: event.person, method: event.method, path: event.path, nonce, bodyDigest };
    assert.equal(publicKey, ada.publicKey);
    assert.equal(signatureFits(statementText(told), publicKey, signature), true);
    assert.equal(signatureFits(statementText({ ...told, path: "/v1/asks" }), publicKey, signature), false);
  });
});

describe("what the socket says is not trusted", () => {
  test("weak, senseless and costly parameters are refused before anything is signed", async () => {
    const { ask } = opened();
    const challenge = await ask();
    for (const changed of [
      { cost: 2 ** 14 },
      { cost: 2 },
      { blockSize: 1 },
      { cost: 3 * 2 ** 15 },
      { cost: 2 ** 30 },
      { parallelization: 1e6 },
      { salt: "c2FsdA==" },
      { salt: "" },
      { cost: -1 },
    ]) {
      const asked = { ...challenge, key: { ...key, ...changed } };
      await assert.rejects(
        signRequest({ ...request, passphrase: passphrase(), challenge: asked }),
        /nothing was signed/,
        JSON.stringify(changed),
      );
    }
    await assert.rejects(
      signRequest({ ...request, passphrase: passphrase(), challenge: { ...challenge, nonce: "{}" } }),
      /no nonce of Holdfast/,
    );
  });

  test("a name that nobody has gets a challenge that looks like any other, the same salt each time", async () => {
    const { ask } = opened();
    assert.equal((await ask("nobody")).key["salt"], (await ask("nobody")).key["salt"]);
    assert.notEqual((await ask("nobody")).key["salt"], (await ask("someone")).key["salt"]);
    assert.equal(Buffer.from((await ask("nobody")).key["salt"] as string, "base64").length, 32);
  });
});

test("attempts beyond twenty a minute are counted and not told, and a good signature is heard all the same", async () => {
  const { authority, clock, events, signed, ask } = opened();
  const bad = async () => authority.verify({ ...request, nonce: (await ask()).nonce, signature: "" });
  for (let i = 0; i < 20; i += 1) assert.equal((await bad()).ok, false);
  for (let i = 0; i < 5; i += 1) {
    const answer = await bad();
    assert.ok(!answer.ok && /too many/.test(answer.message));
  }
  assert.equal(events.length, 20);
  assert.equal((await authority.verify(await signed())).ok, true);
  clock.advance(60_000);
  await bad();
  const last = events.at(-1);
  assert.ok(last?.kind === "person_attempt" && !last.accepted && last.repeated === 5);
});

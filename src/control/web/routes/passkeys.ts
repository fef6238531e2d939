/**
 * `POST /api/passkeys/challenge`, `POST /api/passkeys`, `DELETE /api/passkeys/CREDENTIAL`: a person's own passkeys.
 * Each change takes the passphrase, and another one beside those there are takes one of them too: a stolen passphrase makes no passkey.
 */
import { createHash } from "node:crypto";
import { Fields } from "../../fields.ts";
import { ControlRefusal } from "../../parts.ts";
import { registeredKey, registrationOptions } from "../../passkey-registration.ts";
import type { WebConsole } from "../parts.ts";
import { evidenceOver, optionsFor } from "../passkey-proof.ts";
import { passkeysOf } from "../person-view.ts";
import { passphraseOf, proven } from "../proof.ts";
import type { LoggedIn, WebRoute } from "../route.ts";

const perPersonMax = 20;

export const passkeyChallenge: WebRoute = {
  method: "POST",
  path: "/api/passkeys/challenge",
  open: false,
  answer: async ({ body }, console, by) => {
    const { parts, site, ceremonies } = console;
    const { name } = by.person;
    const known = passkeysOf(parts.persons(), name).map(({ credential }) => credential);
    if (known.length >= perPersonMax) throw new ControlRefusal("too_many", `a person has at most ${perPersonMax} passkeys`, "remove one");
    const challenge = Buffer.from(parts.random(32)).toString("base64url");
    const fields = new Fields(body, ["passphrase"]);
    const nonce = await nonceOf(
      { passphrase: fields.raw("passphrase"), method: "POST", path: "/console/passkeys", body: { challenge } },
      console,
      by,
    );
    const ceremony = { person: name, challenge, origin: site.origin, rpId: site.rpId };
    const agree = agreeChallenge(name, challenge);
    const agreement = optionsFor(agree, console, by);
    ceremonies.begin(by.login, { ...ceremony, nonce, ...(agreement === undefined ? {} : { agree }) });
    const publicKey = await registrationOptions(ceremony, known);
    return { status: 200, body: { publicKey, ...(agreement === undefined ? {} : { agree: agreement }) } };
  },
};

export const addPasskey: WebRoute = {
  method: "POST",
  path: "/api/passkeys",
  open: false,
  answer: async ({ body }, console, by) => {
    const { parts, ceremonies } = console;
    const { login, person } = by;
    const fields = new Fields(body, ["response", "label", "agreed"]);
    const label = fields.text("label", 0).slice(0, 100);
    const begun = ceremonies.take(login);
    if (begun === undefined) throw new ControlRefusal("conflict", "no registration has begun, or it took too long", "begin it again");
    if (begun.agree !== undefined) {
      if (fields.raw("agreed") === undefined)
        throw new ControlRefusal("person_needed", "another passkey takes the signature of one that you have", lostKeys(person.name));
      await evidenceOver(begun.agree, fields.raw("agreed"), console, by);
    }
    const key = await registeredKey(fields.raw("response"), begun);
    const passkey = { ...key, rpId: begun.rpId, label: label === "" ? "passkey" : label, registeredAtMs: parts.clock.now() };
    await parts.passkeys.add(person.name, passkey, begun.nonce);
    return { status: 201, body: { passkeys: passkeysOf(parts.persons(), person.name) } };
  },
};

export const removePasskey: WebRoute = {
  method: "DELETE",
  path: "/api/passkeys/*",
  open: false,
  answer: async ({ id, body }, console, by) => {
    const { parts } = console;
    const { name } = by.person;
    const passphrase = new Fields(body, ["passphrase"]).raw("passphrase");
    const own = passkeysOf(parts.persons(), name);
    // With none left the passphrase alone could make a new one.
    if (own.length === 1 && own[0]?.credential === id)
      throw new ControlRefusal("not_allowed", "it is your last passkey: register another one first", lostKeys(name));
    const nonce = await nonceOf({ passphrase, method: "DELETE", path: "/console/passkeys", body: { credential: id } }, console, by);
    await parts.passkeys.remove(name, id, nonce);
    return { status: 200, body: { passkeys: passkeysOf(parts.persons(), name) } };
  },
};

/** Of this registration alone: nothing that is signed for an approval is like it. */
function agreeChallenge(person: string, challenge: string): string {
  return createHash("sha256").update(["holdfast-passkey-v1", person, challenge].join("\n"), "utf8").digest("base64url");
}

function lostKeys(name: string): string {
  return `where all are lost: holdfast person add ${name}, with the vault's passphrase`;
}

interface Signed {
  readonly passphrase: unknown;
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly body: unknown;
}

async function nonceOf({ passphrase, ...wanted }: Signed, { parts, guesses }: WebConsole, { login, person }: LoggedIn): Promise<string> {
  const asked = { ...wanted, person: person.name, passphrase: passphraseOf(passphrase), bucket: `by ${login.person}` };
  return (await proven({ ...parts, guesses }, asked)).evidence.nonce;
}

/**
 * `POST /api/passkeys/challenge`, `POST /api/passkeys`, `DELETE /api/passkeys/CREDENTIAL`: a person's own passkeys.
 * Each change takes the passphrase: a login alone registers no key.
 */
import { Fields } from "../../fields.ts";
import { ControlRefusal } from "../../parts.ts";
import { registeredKey, registrationOptions } from "../../passkey-registration.ts";
import type { WebConsole } from "../parts.ts";
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
    ceremonies.begin(by.login, { ...ceremony, nonce });
    return { status: 200, body: { publicKey: await registrationOptions(ceremony, known) } };
  },
};

export const addPasskey: WebRoute = {
  method: "POST",
  path: "/api/passkeys",
  open: false,
  answer: async ({ body }, { parts, ceremonies }, { login, person }) => {
    const fields = new Fields(body, ["response", "label"]);
    const label = fields.text("label", 0).slice(0, 100);
    const begun = ceremonies.take(login);
    if (begun === undefined) throw new ControlRefusal("conflict", "no registration has begun, or it took too long", "begin it again");
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
    const nonce = await nonceOf({ passphrase, method: "DELETE", path: "/console/passkeys", body: { credential: id } }, console, by);
    await parts.passkeys.remove(name, id, nonce);
    return { status: 200, body: { passkeys: passkeysOf(parts.persons(), name) } };
  },
};

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

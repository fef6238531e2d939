/**
 * `POST /api/login`, `POST /api/logout`, `GET /api/me`: the beginning and the end of a login.
 * It is recorded as every other attempt of a person is; the passphrase is used once and kept nowhere.
 */
import { ControlRefusal } from "../../parts.ts";
import { Fields } from "../../fields.ts";
import type { Site } from "../site.ts";
import { personView } from "../person-view.ts";
import { passphraseOf, proven } from "../proof.ts";
import type { WebRoute } from "../route.ts";

export const login: WebRoute = {
  method: "POST",
  path: "/api/login",
  open: true,
  answer: async ({ body }, console) => {
    const { parts, guesses, logins, site } = console;
    const fields = new Fields(body, ["person", "passphrase"]);
    const name = fields.text("person");
    const wanted = { person: name, method: "POST", path: "/console/login", body: { site: site.origin } } as const;
    const proof = await proven(
      { ...parts, guesses },
      { ...wanted, passphrase: passphraseOf(fields.raw("passphrase")), bucket: guesses.ofStranger(name) },
    );
    const registered = parts.persons().find(({ publicKey }) => publicKey === proof.evidence.publicKey);
    if (registered === undefined) throw new ControlRefusal("person_needed", "the name or the passphrase is wrong");
    const opened = logins.open(registered);
    const by = { login: opened.login, person: proof.person };
    return { status: 200, body: personView(console, by), cookie: cookieText(site, opened.token) };
  },
};

export const logout: WebRoute = {
  method: "POST",
  path: "/api/logout",
  open: false,
  answer: (_, { logins, site }, by) => {
    logins.end(by.login);
    return { status: 200, body: { loggedOut: true }, cookie: `${cookieText(site, "")}; Max-Age=0` };
  },
};

export const me: WebRoute = {
  method: "GET",
  path: "/api/me",
  open: false,
  answer: (_, console, by) => ({ status: 200, body: personView(console, by) }),
};

/** Without an end of its own: it goes when the browser is closed, and the login ends before that. */
function cookieText({ cookie, secure }: Site, token: string): string {
  return `${cookie}=${token}; Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
}

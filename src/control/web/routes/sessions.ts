/**
 * `GET /api/sessions`, `POST /api/sessions/ID/suspend|resume|end`: what runs, and the button that stops it.
 * Stopping takes the login alone, for it must be quick and can do no harm that lasts; to let something go on takes the passphrase.
 */
import { Fields } from "../../fields.ts";
import { ControlRefusal } from "../../parts.ts";
import { passphraseOf, proven } from "../proof.ts";
import type { WebRoute } from "../route.ts";

export const listSessions: WebRoute = {
  method: "GET",
  path: "/api/sessions",
  open: false,
  answer: (_, { parts }) => ({ status: 200, body: { sessions: parts.sessions.list() } }),
};

export const suspendSession: WebRoute = {
  method: "POST",
  path: "/api/sessions/*/suspend",
  open: false,
  answer: async ({ id, body }, { parts }, by) => {
    await parts.sessions.suspend(id, new Fields(body, ["because", "proof"]).text("because"), by);
    return { status: 200, body: { session: id, state: "suspended" } };
  },
};

export const endSession: WebRoute = {
  method: "POST",
  path: "/api/sessions/*/end",
  open: false,
  answer: async ({ id, body }, { parts }, by) => {
    await parts.sessions.end(id, new Fields(body, ["because", "proof"]).text("because", 0), by);
    return { status: 200, body: { session: id, state: "ended" } };
  },
};

export const resumeSession: WebRoute = {
  method: "POST",
  path: "/api/sessions/*/resume",
  open: false,
  answer: async ({ id, body }, { parts, guesses }, { login, person }) => {
    const fields = new Fields(body, ["because", "proof"]);
    const because = fields.text("because", 0);
    const proof = new Fields(fields.raw("proof"), ["kind", "passphrase"]);
    if (proof.oneOf("kind", ["login", "passphrase", "passkey"]) !== "passphrase")
      throw new ControlRefusal("person_needed", "to let a session go on takes the passphrase");
    // As `holdfast sessions resume` signs it.
    const wanted = { method: "DELETE", path: `/v1/suspensions/${id}`, body: { because } } as const;
    const passphrase = passphraseOf(proof.raw("passphrase"));
    const proved = await proven({ ...parts, guesses }, { person: person.name, passphrase, ...wanted, bucket: `by ${login.person}` });
    await parts.sessions.resume(id, because, { person: proved.person });
    return { status: 200, body: { session: id, state: "open" } };
  },
};

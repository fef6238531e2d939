/** `POST /v1/challenges`: what a person needs to sign one request. A name that nobody has gets one too. */
import { Fields } from "../fields.ts";
import { ControlRefusal } from "../parts.ts";
import type { Route } from "../route.ts";

export const challenges: Route = {
  method: "POST",
  path: "/v1/challenges",
  signed: false,
  answer: async ({ body }, { authority }) => {
    const person = new Fields(body, ["person"]).text("person");
    if (authority === undefined || !authority.anyone)
      throw new ControlRefusal("person_needed", "nobody is registered who may do this", "register a person: holdfast person add NAME");
    return { status: 200, body: await authority.challenge(person) };
  },
};

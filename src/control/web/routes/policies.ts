/**
 * `GET /api/policies`, `POST /api/explain`: what is permitted and why, its rules' examples tried, and what a text would be answered.
 * Nothing is run; the wording of rules is for persons, who are logged in, and never for an agent.
 */
import { Fields } from "../../fields.ts";
import { ControlRefusal } from "../../parts.ts";
import type { WebRoute } from "../route.ts";

const textCharactersMax = 50_000;

export const policies: WebRoute = {
  method: "GET",
  path: "/api/policies",
  open: false,
  answer: async (_, { parts }) => ({ status: 200, body: { policies: await parts.policies() } }),
};

export const explain: WebRoute = {
  method: "POST",
  path: "/api/explain",
  open: false,
  answer: async ({ body }, { parts }) => {
    const fields = new Fields(body, ["target", "text"]);
    const text = fields.raw("text");
    if (typeof text !== "string" || text.trim() === "" || text.length > textCharactersMax)
      throw new ControlRefusal("bad_request", `\`text\` must be a text of 1 to ${textCharactersMax} characters`);
    return { status: 200, body: await parts.explain(fields.text("target"), text) };
  },
};

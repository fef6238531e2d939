/** `POST /v1/asks`: the agent's side. It asks with a purpose, for its own session, and that is all it can do here. */
import { Fields } from "../fields.ts";
import type { Route } from "../route.ts";

export const ask: Route = {
  method: "POST",
  path: "/v1/asks",
  signed: false,
  answer: async ({ body }, { sessions }) => {
    const fields = new Fields(body, ["session", "token", "tables", "operations", "purpose"]);
    const asked = await sessions.ask({
      session: fields.text("session"),
      token: fields.text("token", 0),
      tables: fields.tables(),
      operations: fields.operations(),
      purpose: fields.text("purpose", 10),
    });
    return { status: 202, body: asked };
  },
};

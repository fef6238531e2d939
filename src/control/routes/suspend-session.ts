/** `POST /v1/suspensions`: a person stops a session until it is lifted; its connections end, and what they had open is rolled back. */
import { Fields } from "../fields.ts";
import type { Route } from "../route.ts";

export const suspendSession: Route = {
  method: "POST",
  path: "/v1/suspensions",
  signed: true,
  answer: async ({ body }, { sessions }, by) => {
    const fields = new Fields(body, ["session", "because"]);
    const session = fields.text("session");
    await sessions.suspend(session, fields.text("because"), by);
    return { status: 201, body: { session, state: "suspended" } };
  },
};

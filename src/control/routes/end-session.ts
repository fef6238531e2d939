/** `DELETE /v1/sessions/ID`: a person ends a session: connections, grants, login and role. */
import { Fields } from "../fields.ts";
import type { Route } from "../route.ts";

export const endSession: Route = {
  method: "DELETE",
  path: "/v1/sessions/",
  signed: true,
  answer: async ({ id, body }, { sessions }, by) => {
    await sessions.end(id, new Fields(body, ["because"]).text("because", 0), by);
    return { status: 200, body: { session: id, state: "ended" } };
  },
};

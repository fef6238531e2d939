/** `DELETE /v1/suspensions/SESSION`: a person lifts a session's suspension. */
import { Fields } from "../fields.ts";
import type { Route } from "../route.ts";

export const resumeSession: Route = {
  method: "DELETE",
  path: "/v1/suspensions/",
  signed: true,
  answer: async ({ id, body }, { sessions }, by) => {
    await sessions.resume(id, new Fields(body, ["because"]).text("because", 0), by);
    return { status: 200, body: { session: id, state: "open" } };
  },
};

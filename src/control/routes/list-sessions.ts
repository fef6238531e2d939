/** `GET /v1/sessions`: sessions that run, and the last that ended, with what they have used up. */
import type { Route } from "../route.ts";

export const listSessions: Route = {
  method: "GET",
  path: "/v1/sessions",
  signed: false,
  answer: (_, { sessions }) => ({ status: 200, body: { sessions: sessions.list() } }),
};

/** `GET /v1/grants`: rights that persons opened, with what was used of them. */
import type { Route } from "../route.ts";

export const listGrants: Route = {
  method: "GET",
  path: "/v1/grants",
  signed: false,
  answer: (_, { sessions }) => ({ status: 200, body: { grants: sessions.grants() } }),
};

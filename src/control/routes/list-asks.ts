/** `GET /v1/asks`: what agents have asked for. */
import type { Route } from "../route.ts";

export const listAsks: Route = {
  method: "GET",
  path: "/v1/asks",
  signed: false,
  answer: (_, { sessions }) => ({ status: 200, body: { asks: sessions.asks() } }),
};

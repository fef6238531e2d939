/** `GET /v1/status`: what the gateway is doing. */
import { statusPath } from "../contract.ts";
import type { Route } from "../route.ts";

export const status: Route = {
  method: "GET",
  path: statusPath,
  signed: false,
  answer: (_, parts) => ({ status: 200, body: parts.status() }),
};

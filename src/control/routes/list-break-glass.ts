/** `GET /v1/break-glass`: what is open or wanted, and what was, in this process. */
import { breakGlassOf } from "../break-glass-port.ts";
import type { Route } from "../route.ts";

export const listBreakGlass: Route = {
  method: "GET",
  path: "/v1/break-glass",
  signed: false,
  answer: (_, parts) => ({ status: 200, body: { breakGlass: breakGlassOf(parts).list() } }),
};

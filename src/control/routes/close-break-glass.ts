/** `DELETE /v1/break-glass/ID`: a person ends it before its time; transactions that rest on it are rolled back. */
import { breakGlassOf } from "../break-glass-port.ts";
import type { Route } from "../route.ts";

export const closeBreakGlass: Route = {
  method: "DELETE",
  path: "/v1/break-glass/",
  signed: true,
  answer: async ({ id }, parts, by) => ({ status: 200, body: await breakGlassOf(parts).close(id, by) }),
};

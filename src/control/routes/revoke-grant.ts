/** `DELETE /v1/grants/ID`: a person takes a grant back before its time; transactions that rest on it are rolled back. */
import type { Route } from "../route.ts";

export const revokeGrant: Route = {
  method: "DELETE",
  path: "/v1/grants/",
  signed: true,
  answer: async ({ id }, { sessions }, by) => {
    await sessions.revoke(id, by);
    return { status: 200, body: { grant: id, state: "lapsed" } };
  },
};

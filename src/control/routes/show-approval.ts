/** `GET /v1/approvals/ID`: one question with its whole plan. */
import type { Route } from "../route.ts";

export const showApproval: Route = {
  method: "GET",
  path: "/v1/approvals/",
  signed: false,
  answer: async ({ id }, { approvals }) => ({ status: 200, body: await approvals.one(id) }),
};

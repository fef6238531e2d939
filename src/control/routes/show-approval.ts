/** `GET /v1/approvals/ID`: one question with its whole plan. */
import type { Route } from "../route.ts";
import { withoutRules } from "../without-rules.ts";

export const showApproval: Route = {
  method: "GET",
  path: "/v1/approvals/",
  signed: false,
  answer: async ({ id }, { approvals }) => ({ status: 200, body: withoutRules(await approvals.one(id)) }),
};

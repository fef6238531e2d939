/** `GET /v1/approvals`: what persons are asked, with its plan; of what is over the newest. */
import type { Route } from "../route.ts";
import { withoutRules } from "../without-rules.ts";

export const listApprovals: Route = {
  method: "GET",
  path: "/v1/approvals",
  signed: false,
  answer: async (_, { approvals }) => ({ status: 200, body: { approvals: (await approvals.list()).map(withoutRules) } }),
};

/**
 * `GET /v1/approvals-now`: what persons are asked, as `GET /v1/approvals`, and a last line as soon as any of it changes. Whoever watches
 * asks again then: what changed in between stands in the next list.
 */
import type { Route } from "../route.ts";
import { withoutRules } from "../without-rules.ts";

export const watchApprovals: Route = {
  method: "GET",
  path: "/v1/approvals-now",
  signed: false,
  answer: async (_, { approvals }) => {
    let changed: (last: unknown) => void = () => undefined;
    const until = new Promise<unknown>((resolve) => {
      changed = resolve;
    });
    // Before the list is read: a change while it is read is one, too.
    const stop = approvals.onChange(() => {
      stop();
      changed({ changed: true });
    });
    try {
      const body = { approvals: (await approvals.list()).map(withoutRules) };
      return { status: 200, body, hold: { until, gone: stop } };
    } catch (error) {
      stop();
      throw error;
    }
  },
};

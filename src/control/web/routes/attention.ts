/**
 * `GET /api/attention?days=7`: what questions cost the persons who answer them.
 * It shows figures alone: rules are proposed at a terminal, beside the file that they would go into.
 */
import { ControlRefusal } from "../../parts.ts";
import type { WebRoute } from "../route.ts";

const daysMax = 90;
const dayMs = 86_400_000;

export const attention: WebRoute = {
  method: "GET",
  path: "/api/attention",
  open: false,
  answer: async ({ query }, { parts }) => {
    const text = query.get("days") ?? "7";
    const days = Number(text);
    if (!/^\d{1,2}$/.test(text) || days < 1 || days > daysMax)
      throw new ControlRefusal("bad_request", `\`days\` must be a whole number from 1 to ${daysMax}`);
    if (parts.log.attention === undefined) throw new ControlRefusal("unavailable", "this gateway counts no questions");
    return { status: 200, body: await parts.log.attention(parts.clock.now() - days * dayMs) };
  },
};

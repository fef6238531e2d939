/** `POST /v1/break-glass`: nobody is asked before one session's acts for a while. Every term stands in the body that a person signed. */
import { breakGlassOf } from "../break-glass-port.ts";
import { Fields } from "../fields.ts";
import type { Route } from "../route.ts";

export const breakGlass: Route = {
  method: "POST",
  path: "/v1/break-glass",
  signed: true,
  answer: async ({ body }, parts, by) => {
    const fields = new Fields(body, ["session", "target", "untilMs", "reason"]);
    const wanted = {
      session: fields.text("session"),
      target: fields.text("target"),
      untilMs: fields.number("untilMs", Number.MAX_SAFE_INTEGER),
      reason: fields.text("reason", 3),
    };
    return { status: 201, body: await breakGlassOf(parts).want(wanted, by) };
  },
};

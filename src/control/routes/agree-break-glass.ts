/** `POST /v1/break-glass/ID`: another person agrees to what the first one wanted. The body names the session and target that are meant. */
import { breakGlassOf } from "../break-glass-port.ts";
import { Fields } from "../fields.ts";
import type { Route } from "../route.ts";

export const agreeBreakGlass: Route = {
  method: "POST",
  path: "/v1/break-glass/",
  signed: true,
  answer: async ({ id, body }, parts, by) => {
    const fields = new Fields(body, ["run", "target", "untilMs"]);
    const meant = { run: fields.text("run"), target: fields.text("target"), untilMs: fields.number("untilMs", Number.MAX_SAFE_INTEGER) };
    return { status: 200, body: await breakGlassOf(parts).agree(id, meant, by) };
  },
};

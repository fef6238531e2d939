/** `POST /v1/grants`: a person gives a session rights on named tables, within bounds. Every term stands in the signed body. */
import { Fields } from "../fields.ts";
import type { Route } from "../route.ts";

export const grant: Route = {
  method: "POST",
  path: "/v1/grants",
  signed: true,
  answer: async ({ body }, { sessions }, by) => {
    const fields = new Fields(body, ["ask", "approval", "session", "tables", "operations", "untilMs", "usesMax", "rowsMax", "reason"]);
    const ask = fields.text("ask", 0);
    const approval = fields.text("approval", 0);
    const wanted = {
      ...(ask === "" ? {} : { ask }),
      ...(approval === "" ? {} : { approval }),
      session: fields.text("session"),
      tables: fields.tables(),
      operations: fields.operations(),
      untilMs: fields.number("untilMs", Number.MAX_SAFE_INTEGER),
      usesMax: fields.numberOrNull("usesMax"),
      rowsMax: fields.number("rowsMax"),
      reason: fields.text("reason", 0),
    };
    return { status: 201, body: await sessions.grant(wanted, by) };
  },
};

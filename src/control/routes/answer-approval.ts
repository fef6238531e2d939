/** `POST /v1/approvals/ID`: a person's answer. Every term stands in the signed body, and the signature is kept with the answer. */
import { Fields } from "../fields.ts";
import { ControlRefusal } from "../parts.ts";
import type { Route } from "../route.ts";

export const answerApproval: Route = {
  method: "POST",
  path: "/v1/approvals/",
  signed: true,
  answer: async ({ id, body }, { approvals }, { person, evidence }) => {
    const fields = new Fields(body, ["approval", "planDigest", "answer", "reason", "confirm"]);
    const given = {
      approval: fields.text("approval"),
      planDigest: fields.text("planDigest"),
      answer: fields.oneOf("answer", ["approve", "deny"]),
      reason: fields.text("reason", 0),
      confirm: fields.text("confirm", 0),
    };
    if (given.approval !== id) throw new ControlRefusal("bad_request", "the body names another approval than the path");
    return { status: 200, body: await approvals.answer(given, { person, evidence, channel: "command" }) };
  },
};

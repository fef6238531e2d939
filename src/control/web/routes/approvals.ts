/**
 * `GET /api/approvals`, `GET /api/approvals/ID`, `POST /api/approvals/ID/challenge|answer`: what waits for a person, and the answer.
 * A login alone may refuse; to approve takes a proof made for this very answer.
 */
import type { AnswerBody } from "../../contract.ts";
import { Fields } from "../../fields.ts";
import { answerEvidence } from "../answer-evidence.ts";
import { assertionOptions } from "../passkey-proof.ts";
import type { WebRoute } from "../route.ts";

export const listApprovals: WebRoute = {
  method: "GET",
  path: "/api/approvals",
  open: false,
  answer: async (_, { parts }, { person }) => {
    const approvals = await parts.approvals.list();
    for (const { id, state } of approvals) if (state === "pending") parts.approvals.shown?.(id, person.name);
    return { status: 200, body: { approvals } };
  },
};

export const oneApproval: WebRoute = {
  method: "GET",
  path: "/api/approvals/*",
  open: false,
  answer: async ({ id }, { parts }, { person }) => ({ status: 200, body: await parts.approvals.one(id, person.name) }),
};

export const challengeOfApproval: WebRoute = {
  method: "POST",
  path: "/api/approvals/*/challenge",
  open: false,
  answer: async ({ id }, console, by) => {
    const publicKey = assertionOptions(await console.parts.approvals.one(id), console, by);
    return { status: 200, body: { publicKey } };
  },
};

export const answerApproval: WebRoute = {
  method: "POST",
  path: "/api/approvals/*/answer",
  open: false,
  answer: async ({ id, body }, console, by) => {
    const fields = new Fields(body, ["planDigest", "answer", "reason", "confirm", "proof"]);
    const answer: AnswerBody = {
      approval: id,
      planDigest: fields.text("planDigest"),
      answer: fields.oneOf("answer", ["approve", "deny"]),
      reason: fields.text("reason", 0),
      confirm: fields.text("confirm", 0),
    };
    const evidence = await answerEvidence(answer, fields.raw("proof"), console, by);
    const { approvals } = console.parts;
    return { status: 200, body: await approvals.answer(answer, { person: by.person, evidence, channel: "console" }) };
  },
};

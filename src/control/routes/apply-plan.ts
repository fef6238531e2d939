/**
 * `POST /v1/plans/apply`: a plan that persons agreed to is carried out, once, for the session that asked; `POST /v1/plans/apply/signed` for
 * a person. Everything that the plan rests on is looked at again.
 */
import { limits } from "../../base/limits.ts";
import { Fields } from "../fields.ts";
import type { AppliedView } from "../contract.ts";
import type { Answer, Route } from "../route.ts";

const bodyBytesMax = limits.planFileBytesMax;

export const applyPlan: Route = {
  method: "POST",
  path: "/v1/plans/apply",
  signed: false,
  bodyBytesMax,
  answer: async ({ body }, { plans }) => {
    const fields = new Fields(body, ["plan", "session", "token"]);
    const by = { kind: "session" as const, session: fields.text("session"), token: fields.text("token") };
    return answer(await plans.apply(fields.raw("plan"), by));
  },
};

export const signedApplyPlan: Route = {
  method: "POST",
  path: "/v1/plans/apply/signed",
  signed: true,
  bodyBytesMax,
  answer: async ({ body }, { plans }, by) => answer(await plans.apply(new Fields(body, ["plan"]).raw("plan"), { kind: "person", by })),
};

function answer(view: AppliedView): Answer {
  return { status: view.outcome === "waiting" ? 202 : 200, body: view };
}

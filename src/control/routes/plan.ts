/**
 * `POST /v1/plans`: an agent inside its session has a text planned. `POST /v1/plans/signed`: a person does, and is the one who asks.
 * Nothing of it is carried out: what was tried is rolled back.
 */
import { limits } from "../../base/limits.ts";
import { triedOn } from "../contract.ts";
import { Fields } from "../fields.ts";
import { ControlRefusal } from "../parts.ts";
import type { WantedPlan } from "../plan-port.ts";
import type { Route } from "../route.ts";

const terms = ["target", "text", "searchPath", "timeZone", "purpose", "on", "ask"];
const bodyBytesMax = limits.planFileBytesMax;
const SCHEMAS_MAX = 50;

export const plan: Route = {
  method: "POST",
  path: "/v1/plans",
  signed: false,
  bodyBytesMax,
  answer: async ({ body }, { plans }) => {
    const fields = new Fields(body, [...terms, "session", "token"]);
    const by = { kind: "session" as const, session: fields.text("session"), token: fields.text("token") };
    return { status: 201, body: await plans.plan(wanted(fields), by) };
  },
};

export const signedPlan: Route = {
  method: "POST",
  path: "/v1/plans/signed",
  signed: true,
  bodyBytesMax,
  answer: async ({ body }, { plans }, by) => {
    return { status: 201, body: await plans.plan(wanted(new Fields(body, terms)), { kind: "person", by }) };
  },
};

function wanted(fields: Fields): WantedPlan {
  const text = fields.raw("text");
  if (typeof text !== "string" || text.trim() === "")
    throw new ControlRefusal("bad_request", "`text` must be the SQL that is to be planned");
  const searchPath = fields.raw("searchPath") ?? [];
  if (!Array.isArray(searchPath) || searchPath.length > SCHEMAS_MAX || !searchPath.every(isSchema))
    throw new ControlRefusal("bad_request", `\`searchPath\` must be at most ${SCHEMAS_MAX} names of schemas, without pg_temp`);
  const ask = fields.raw("ask") ?? false;
  if (typeof ask !== "boolean") throw new ControlRefusal("bad_request", "`ask` must be true or false");
  const [target, timeZone, purpose] = [fields.text("target", 0), fields.text("timeZone", 0), fields.text("purpose", 0)];
  const on = fields.raw("on") === undefined ? "" : fields.oneOf("on", triedOn);
  return { target, text, searchPath: searchPath as string[], timeZone, purpose, on, ask };
}

/** An executor's connection has temporary objects of nobody: a name that begins so means nothing there. */
function isSchema(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= 63 && !value.startsWith("pg_temp") && !value.includes("\0");
}

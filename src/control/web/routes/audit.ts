/**
 * `GET /api/audit?before=N&limit=50&session=&text=`: the record, newest first, and whether it verifies.
 * It shows what is recorded; secrets were masked before.
 */
import { ControlRefusal } from "../../parts.ts";
import type { WebRoute } from "../route.ts";

const limitMax = 200;
const wordsMax = 200;

export const audit: WebRoute = {
  method: "GET",
  path: "/api/audit",
  open: false,
  answer: async ({ query }, { parts }) => {
    const before = numberOf(query, "before", Number.MAX_SAFE_INTEGER);
    const limit = Math.min(numberOf(query, "limit", 50), limitMax);
    const page = await parts.log.page({ before, limit, session: wordsOf(query, "session"), text: wordsOf(query, "text") });
    return { status: 200, body: page };
  },
};

function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null || text === "") return otherwise;
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value))
    throw new ControlRefusal("bad_request", `\`${name}\` must be a whole number`);
  return value;
}

function wordsOf(query: URLSearchParams, name: string): string {
  const text = query.get(name) ?? "";
  if (text.length > wordsMax) throw new ControlRefusal("bad_request", `\`${name}\` has at most ${wordsMax} characters`);
  return text;
}

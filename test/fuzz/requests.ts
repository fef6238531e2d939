/** Fuzz target of requests: damaged lines and bodies get one decision, and none throws. */
import { packs } from "../../src/packs/index.ts";
import { requestOfText } from "../../src/effects/http/request-text.ts";
import { explainHttpLine } from "../../src/pipeline/explain.ts";
import { partsOf } from "../http/requests.ts";
import { damagedText, pick } from "./mutate.ts";
import type { Random } from "./wire.ts";

const examples = packs.flatMap(({ operations }) => operations.flatMap(({ examples }) => [...examples.matches, ...examples.misses]));
const parts = partsOf("read-only");

export async function requestLines(random: Random): Promise<void> {
  const request = requestOfText(pick(random, examples));
  if (request === undefined) throw new Error("an example is a request");
  const damage = (text: string): string => (random() < 0.5 ? damagedText(random, text) : text);
  const line = JSON.stringify({
    method: random() < 0.1 ? damage(request.method) : request.method,
    url: damage(request.url),
    headers: random() < 0.2 ? { [damage("x-http-method-override")]: damage("DELETE") } : {},
    body: damage(request.body),
  });
  const { decision, effects, reason } = await explainHttpLine(random() < 0.2 ? damagedText(random, line) : line, parts);
  if (reason.code === "internal" || reason.code === "analysis_unavailable") throw new Error(`no decision: ${line}: ${reason.message}`);
  if (decision === "allow" && effects.some(({ operation }) => operation !== "read")) throw new Error(`allowed: ${line}`);
}

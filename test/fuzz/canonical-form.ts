/**
 * Fuzz target of the form in which a request is sent: it is its own canonical form, means what the original was judged to mean, and another
 * reader of URLs reads the same out of it. It sends nothing.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { canonicalUrl } from "../../src/effects/http/canonical-url.ts";
import { requestOfText } from "../../src/effects/http/request-text.ts";
import { packs } from "../../src/packs/index.ts";
import { explainHttpLine } from "../../src/pipeline/explain.ts";
import { partsOf } from "../http/requests.ts";
import { damagedText, pick } from "./mutate.ts";
import type { Random } from "./wire.ts";

const examples = packs.flatMap(({ operations }) => operations.flatMap(({ examples: each }) => [...each.matches, ...each.misses]));
const parts = partsOf("guarded-writes");

/** Spellings that servers read in their own ways, put in anywhere behind the host. */
const spellings = [
  "//",
  "/./",
  "/x/../",
  "%2e",
  "%2E%2e",
  ";a=b",
  "%3b",
  "%7E",
  "%61",
  "?",
  "&",
  "=",
  "+",
  "%20",
  "%2B",
  "&a=1;b=2",
  "%26",
  "#",
  "\\",
  "%00",
  "%252f",
  "%5C",
  "|",
  '"',
  "'",
  "*",
  "(",
  "[]",
  "%c3%a9",
];

export async function canonicalForm(random: Random): Promise<void> {
  const request = requestOfText(pick(random, examples));
  assert(request !== undefined, "an example is a request");
  let { url } = request;
  for (let changes = Math.floor(random() * 4); changes > 0; changes--) url = respelled(random, url);
  if (random() < 0.2) url = damagedText(random, url);
  const canonical = canonicalUrl(url);
  if ("refused" in canonical) return;
  const sent = `https://${canonical.host}${canonical.target}`;
  const again = canonicalUrl(sent);
  assert(
    isDeepStrictEqual(again, { ...canonical, host: again !== undefined && "host" in again ? again.host : "" }),
    `not its own form: ${url} -> ${sent}`,
  );
  const read = new URL(sent);
  assert.equal(read.pathname.replace(/(?<=.)\/$/, ""), canonical.path, `another reader sees another path: ${url} -> ${sent}`);
  if (canonical.doubled === undefined) {
    const seen = new Map([...read.searchParams].filter(([key]) => !key.endsWith("[]")));
    for (const [key, value] of canonical.query)
      if (!key.endsWith("[]")) assert.equal(seen.get(key), value, `another reader sees another \`${key}\`: ${url} -> ${sent}`);
  }
  const line = (at: string): string => JSON.stringify({ method: request.method, url: at, headers: {}, body: request.body });
  const [judged, meant] = await Promise.all([explainHttpLine(line(url), parts), explainHttpLine(line(sent), parts)]);
  assert.deepEqual(
    [meant.decision, meant.effects],
    [judged.decision, judged.effects],
    `sent means another thing than was judged: ${url} -> ${sent}`,
  );
}

function respelled(random: Random, url: string): string {
  const start = url.indexOf("/", 8);
  if (start < 0) return url;
  const at = start + Math.floor(random() * (url.length - start + 1));
  if (random() < 0.3) {
    const character = url.charCodeAt(at);
    if (Number.isNaN(character) || character > 126) return url;
    return `${url.slice(0, at)}%${character.toString(16)}${url.slice(at + 1)}`;
  }
  return `${url.slice(0, at)}${pick(random, spellings)}${url.slice(at)}`;
}

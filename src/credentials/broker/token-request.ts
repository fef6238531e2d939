/**
 * Requests to a provider's token endpoint, answered in its place: the client gets its placeholder as the token, and goes on as always.
 * Nothing of it is sent. The real token is had where it is needed, and never by a client.
 */
import type { AnsweredHere, BodyRead, FoundIn } from "../../model/brokered.ts";

/** As clients show it to us; it stays good for as long as the session is open, however often they renew it. */
const EXPIRES_S = 3600;

/** Of RFC 6749, 7521, 7523 and 8693, and what is asked with them: each holds a credential. */
const secretFields: ReadonlySet<string> = new Set([
  "client_secret",
  "refresh_token",
  "assertion",
  "client_assertion",
  "password",
  "code",
  "code_verifier",
  "device_code",
  "subject_token",
  "actor_token",
]);

export interface TokenAsked {
  /** The credential's name. */
  readonly name: string;
  readonly placeholder: string;
  readonly contentType: string | undefined;
}

export function answerToken({ first, whole }: BodyRead, { name, placeholder, contentType }: TokenAsked): AnsweredHere | FoundIn {
  const answer = (status: number, told: Record<string, string | number>): AnsweredHere => ({
    kind: "answered",
    status,
    text: `${JSON.stringify(told)}\n`,
    credential: name,
  });
  const fields = whole ? fieldsOf(first.toString("utf8"), contentType) : undefined;
  if (fields === undefined) return answer(400, { error: "invalid_request" });
  const other = fields.find(([key, value]) => secretFields.has(key) && value !== "" && value !== placeholder);
  if (other !== undefined) return { kind: "found", slot: `${other[0]} of its body` };
  if (!fields.some(([key, value]) => key === "grant_type" && value !== "")) return answer(400, { error: "unsupported_grant_type" });
  const scope = fields.find(([key]) => key === "scope")?.[1];
  return answer(200, {
    access_token: placeholder,
    token_type: "Bearer",
    expires_in: EXPIRES_S,
    ...(scope === undefined || scope === "" ? {} : { scope }),
  });
}

/** `undefined` where it is neither a form nor a JSON object of texts. */
function fieldsOf(text: string, contentType: string | undefined): readonly (readonly [string, string])[] | undefined {
  if (!/\bjson\b/i.test(contentType ?? "")) return [...new URLSearchParams(text)];
  try {
    const tree: unknown = JSON.parse(text);
    if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return undefined;
    return Object.entries(tree).map(([key, value]): [string, string] => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  } catch {
    return undefined;
  }
}

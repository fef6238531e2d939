/**
 * A request as one text, by which what was found out about it is known again. Made once for each request object, which nobody changes.
 * It leaves nothing out, and is written to no record.
 */
import type { HttpRequest } from "../../model/http-request.ts";

const texts = new WeakMap<HttpRequest, string>();

export function requestKey(request: HttpRequest): string {
  const known = texts.get(request);
  if (known !== undefined) return known;
  const text = JSON.stringify(request);
  texts.set(request, text);
  return text;
}

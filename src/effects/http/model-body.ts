/**
 * The parameters of a request to a service of models: forms are put into a tree wherever they stand, and XML and CBOR are read beside JSON.
 * What is none of them stays opaque.
 */
import { NOT_TEXT } from "../../model/http-request.ts";
import { type Body, nested } from "./body.ts";
import type { CanonicalRequest } from "./canonical-request.ts";
import { parseCbor } from "./cbor.ts";
import { parseStrictXml } from "./strict-xml.ts";

/** The same request, with its body and query as trees of parameters. */
export function withParameters(request: CanonicalRequest): CanonicalRequest {
  return { ...request, query: nested(request.query), body: parametersOf(request) };
}

/** For an operation whose parameters are XML alone: what says no type, and could be a form to others, is none there. */
export function withXml(request: CanonicalRequest): CanonicalRequest {
  const { body, text } = request;
  if (body.kind !== "tree" || !/^\ufeff?\s*</.test(text)) return request;
  return { ...request, body: readAs("XML", parseStrictXml(text.replace(/^\ufeff/, ""))) };
}

function parametersOf({ body, text, headers, path }: CanonicalRequest): Body {
  if (body.kind !== "opaque" || body.doubled === true) return body;
  // As it came: what was compressed or is too long is read by nobody here.
  if ((headers.get("content-encoding") ?? "identity").trim().toLowerCase() !== "identity") return body;
  const binary = body.because === NOT_TEXT;
  if (/cbor/i.test(headers.get("content-type") ?? "") || /^\/service\/[^/]+\/operation\//i.test(path))
    return readAs("CBOR", parseCbor(Buffer.from(text, binary ? "base64" : "utf8")));
  if (binary || !/^\ufeff?\s*</.test(text)) return body;
  return readAs("XML", parseStrictXml(text.replace(/^\ufeff/, "")));
}

function readAs(form: string, parsed: ReturnType<typeof parseCbor>): Body {
  if ("tree" in parsed) return { kind: "tree", tree: parsed.tree };
  return { kind: "opaque", because: `its body cannot be read as ${form}: ${parsed.problem}` };
}

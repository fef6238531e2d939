/**
 * Placeholders outside headers, where an operator opened a place for one: path, query, form and JSON. A secret is written there as the
 * place demands, so that it can end neither the text nor the parameter it stands in.
 * It fetches nothing; a place that cannot be filled in whole is refused and never half filled.
 */
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";

export const surfaces = ["path", "query", "body", "websocket"] as const;
export type Surface = (typeof surfaces)[number];

/** How a secret is written in a place, so that it stays one value there. */
type Written = (secret: string) => string;

/** A path of one segment, or a value of a query. */
export const inPath: Written = (secret) => percent(secret).replace(/%(3A|40|24|2C|3D)/g, (code) => decodeURIComponent(code));
export const inQuery: Written = percent;
const inJson: Written = (secret) => JSON.stringify(secret).slice(1, -1);

function percent(secret: string): string {
  return encodeURIComponent(secret).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** How secrets are written in such a body; a text says why a placeholder there is not filled in. */
export function bodyForm(contentType: string | undefined, encoding: string | undefined, text: string): Written | string {
  if (encoding !== undefined && encoding.trim().toLowerCase() !== "identity") return "a compressed body";
  const [type = ""] = (contentType ?? "").toLowerCase().split(";");
  const kind = type.trim();
  if (kind === "application/x-www-form-urlencoded") return percent;
  if (kind.startsWith("multipart/")) return "a multipart body";
  if (kind !== "application/json" && !kind.endsWith("+json")) return "a body that is neither JSON nor a form";
  try {
    JSON.parse(text);
    return inJson;
  } catch {
    return "a body that says it is JSON and is not";
  }
}

/** Larger ones are not looked into: what they hold is judged as unknown elsewhere. */
const DECOMPRESSED_BYTES_MAX = 4 * 1024 * 1024;
const CODINGS_MAX = 3;

/**
 * What a compressed body holds, where that is one of the usual ways and small enough; otherwise the body as it is. It takes whatever some
 * reader would: several members in a row, and rubbish behind them.
 */
export function decompressed(body: Buffer, encoding = ""): Buffer {
  const codings = encoding.toLowerCase().split(",").slice(-CODINGS_MAX);
  try {
    return codings.reduceRight((bytes, coding) => undone(bytes, coding.trim()), body);
  } catch {
    return body;
  }
}

function undone(body: Buffer, coding: string): Buffer {
  const bound = { maxOutputLength: DECOMPRESSED_BYTES_MAX };
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return gunzipSync(body, bound);
    case "deflate":
      return inflateSync(body, bound);
    case "br":
      return brotliDecompressSync(body, bound);
    case "zstd":
      return zstdDecompressSync(body, bound);
    default:
      return body;
  }
}

/** The text with each placeholder replaced by its secret as the place writes it. */
export function swapped(text: string, secrets: ReadonlyMap<string, string>, written: Written): string {
  let out = text;
  for (const [placeholder, secret] of secrets) out = out.replaceAll(placeholder, () => written(secret));
  return out;
}

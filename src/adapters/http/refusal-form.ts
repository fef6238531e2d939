/**
 * A refusal in the form in which the provider's own clients read errors: which of a pack's forms a request wants, and its bytes.
 * It knows no provider, and decides nothing.
 */
import type { FormValue, RefusalForm } from "../../model/refusal-form.ts";
import type { Reason } from "../../model/decision.ts";

/** What of a request tells in which form its client reads. */
export interface AskedAs {
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  readonly header: (name: string) => string | undefined;
}

export interface FormedAnswer {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface ToldIn {
  readonly reason: Reason;
  readonly status: number;
  /** The approval that is asked for, where one is. */
  readonly approval: string | undefined;
}

/** The first that fits. */
export function formFor(forms: readonly RefusalForm[], { host, path, header }: AskedAs): RefusalForm | undefined {
  return forms.find(({ when = {} }) => {
    const [name, value] = when.header ?? [];
    if (when.host?.test(host) === false || when.path?.test(path) === false) return false;
    return name === undefined || value === undefined || value.test(header(name) ?? "");
  });
}

export function formed({ body, type, headers = {} }: RefusalForm, told: ToldIn): FormedAnswer {
  const put = putter(told);
  const filled = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, put(text)]));
  if ("xml" in body) {
    const text = body.xml.replaceAll(PLACE, (place) => escaped(put(place)));
    return { type: type ?? "application/xml", headers: filled, body: Buffer.from(text) };
  }
  if ("text" in body) return { type: type ?? "text/plain", headers: filled, body: Buffer.from(put(body.text)) };
  if ("cbor" in body) {
    const pairs = Object.entries(body.cbor).map(([name, text]) => [name, put(text)] as const);
    return { type: type ?? "application/cbor", headers: filled, body: cborMap(pairs) };
  }
  const own = "error" in body.json ? {} : { error: ownError(told.reason) };
  const text = `${JSON.stringify({ ...own, ...(jsonOf(body.json, told, put) as object) })}\n`;
  return { type: type ?? "application/json", headers: filled, body: Buffer.from(text) };
}

/** Our own words, as they stand where no form says otherwise. */
export function ownError({ code, message, next }: Reason): Readonly<Record<string, string>> {
  return { code, message, ...(next === undefined ? {} : { next }) };
}

const PLACE = /\{(?:message|reason|status|id)\}/g;

function putter({ reason, status, approval }: ToldIn): (text: string) => string {
  const { code, message, next } = reason;
  const values: Readonly<Record<string, string>> = {
    "{message}": next === undefined ? message : `${message}; ${next}`,
    "{reason}": code,
    "{status}": String(status),
    "{id}": approval ?? "holdfast",
  };
  return (text) => text.replaceAll(PLACE, (place) => values[place] ?? place);
}

function jsonOf(value: FormValue, told: ToldIn, put: (text: string) => string): FormValue {
  if (value === "{status}") return told.status;
  if (typeof value === "string") return put(value);
  if (Array.isArray(value)) return value.map((each: FormValue) => jsonOf(each, told, put));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonOf(each as FormValue, told, put)]));
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[^\t\n\r -\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "?");
}

/** RFC 8949: texts by texts, in a map of fewer than 24. */
function cborMap(pairs: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat([Buffer.of(0xa0 | pairs.length), ...pairs.flat().map(cborText)]);
}

function cborText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(5);
  head[0] = 0x7a;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

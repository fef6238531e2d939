/**
 * The server's messages about a statement that a call of the bin carried out, in the words that the statement itself would have got.
 * It does not touch what they say: only the lines that tell of the call, and positions in the text.
 */
import { reasonCodes } from "../../../model/codes.ts";
import { stringEnd } from "../codec/read.ts";
import { back } from "../codec/shapes.ts";
import { report } from "../codec/write.ts";
import type { Act } from "./act.ts";
import type { Binned } from "./bin-acts.ts";
import type { Core } from "./core.ts";

/** A message that is longer goes on as it came. */
const RETOLD_BYTES_MAX = 1024 * 1024;

/** Messages of the server about acts of which calls of the bin were sent, one at a time, while their bytes arrive. */
export class Retelling {
  #message: { readonly parts: Buffer[]; readonly binned: Binned; readonly at: number } | undefined = undefined;

  /** True when the message at hand is taken: its bytes are to be pushed here. */
  takes(act: Act | undefined, size: number): boolean {
    if (act?.binned === undefined || size > RETOLD_BYTES_MAX) return false;
    this.#message = { parts: [], binned: act.binned, at: act.completed };
    return true;
  }

  push(bytes: Buffer): void {
    this.#message?.parts.push(bytes);
  }

  /** The message is whole, if one was taken. */
  whole(core: Core): void {
    if (this.#message === undefined) return;
    const { parts, binned, at } = this.#message;
    this.#message = undefined;
    const message = retold(Buffer.concat(parts), binned, at);
    if (message[0] === back.error) core.toClient(message);
    else core.put(message);
  }
}

/**
 * `message` is a whole ErrorResponse or NoticeResponse; `at` the number of the statement that it is about. Unchanged where its fields
 * cannot be read.
 */
function retold(message: Buffer, { text, texts }: Binned, at: number): Buffer {
  const fields = fieldsOf(message);
  if (fields === undefined) return message;
  const statement = texts.get(at);
  if (statement === undefined) {
    const position = Number(fields.get("P"));
    if (text !== undefined && Number.isSafeInteger(position)) fields.set("P", String(text.position(position)));
    return report(message[0] ?? 0, fields);
  }
  if (message[0] === back.error && isOwn(fields, statement)) return report(back.error, kept(fields));
  const inner = Number(fields.get("p"));
  if (fields.get("q") === statement && Number.isSafeInteger(inner)) fields.set("P", String(text?.positionIn(at, inner) ?? inner));
  else fields.delete("P");
  fields.delete("p");
  fields.delete("q");
  const context = fields.get("W");
  const told = context === undefined ? "" : withoutCall(context, statement);
  if (told === "") fields.delete("W");
  else fields.set("W", told);
  return report(message[0] ?? 0, fields);
}

/** SQLSTATEs of the bin's procedure, for what it cannot keep: everything is as it was. */
const OWN = /^HF\d{3}$/;
/** Conflicts, cancels, a server that is out of something: they say nothing about the statement. */
const PASSING = /^(?:08|25|40|53|55|57|58)/;

/** The statement itself is tried first, and fails in its own words: what fails behind that is the bin's. */
function isOwn(fields: ReadonlyMap<string, string>, statement: string): boolean {
  const code = fields.get("C") ?? "";
  const context = fields.get("W") ?? "";
  return OWN.test(code) || (context.includes("function holdfast_bin.") && !context.includes(tried(statement)) && !PASSING.test(code));
}

const tried = (statement: string): string => `SQL statement "${statement}"`;

/** Such an error as a refusal. */
function kept(fields: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  const hint = fields.get("H") ?? "ask a person to approve it as it is, or remove the parts that are named one by one";
  return [
    ["S", "ERROR"],
    ["V", "ERROR"],
    ["C", reasonCodes.obligation_unfulfilled.sqlstate],
    ["M", `holdfast: what it removes cannot be put into the bin: ${fields.get("M") ?? ""}`],
    ["D", "code: obligation_unfulfilled"],
    ["H", hint],
  ];
}

/** What stands in the context above the call's own lines. */
function withoutCall(context: string, statement: string): string {
  const call = context.indexOf(tried(statement));
  if (call >= 0) return context.slice(0, call).trimEnd();
  return context.includes("function holdfast_bin.") ? "" : context;
}

/** The fields by their letters, in order. */
function fieldsOf(message: Buffer): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  let at = 5;
  while (at < message.length && message[at] !== 0) {
    const end = stringEnd(message, at + 1, message.length);
    if (end < 0) return undefined;
    fields.set(String.fromCharCode(message[at] ?? 0), message.toString("utf8", at + 1, end));
    at = end + 1;
  }
  return at === message.length - 1 ? fields : undefined;
}

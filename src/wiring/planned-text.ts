/**
 * A text that is to be planned: understood as a whole, and run as one transaction or refused with what to do about it.
 * It takes nothing out of a text but a BEGIN and a COMMIT around all of it, and says so.
 */
import type { SqlAnalyser } from "../effects/analyse.ts";
import type { SqlContext } from "../model/action.ts";
import type { StatementSummary } from "../model/decision.ts";
import { ControlRefusal } from "../control/parts.ts";

export interface PlannedText {
  /** The bytes that are tried, and carried out. */
  readonly text: string;
  readonly notes: readonly string[];
}

/** Rejects with {@link ControlRefusal} for what is not one transaction, or not understood. */
export async function plannedText(text: string, context: SqlContext, analyser: SqlAnalyser): Promise<PlannedText> {
  if (/\p{Surrogate}/u.test(text)) throw refused("the text is not valid Unicode");
  const statements = await understood(text, context, analyser);
  const [first] = statements;
  const last = statements.at(-1);
  if (first === undefined || last === undefined) throw refused("the text holds no statement");
  const control = statements.filter(({ transaction }) => transaction !== "none");
  if (control.length === 0) return alone(statements, { text, notes: [] });
  if (control.length !== 2 || first.transaction !== "begin" || last.transaction !== "commit") throw notOneTransaction(control);
  const bytes = Buffer.from(text, "utf8");
  if (!plainly(bytes, first, /^(?:begin|start\s+transaction)(?:\s+(?:work|transaction))?$/i))
    throw refused(
      "its BEGIN sets how the transaction runs, and Holdfast runs it in one of its own",
      "write BEGIN alone, or leave it and COMMIT out",
    );
  if (!plainly(bytes, last, /^(?:commit|end)(?:\s+(?:work|transaction))?$/i))
    throw refused("its COMMIT does more than commit", "write COMMIT alone, or leave it and BEGIN out");
  const inner = bytes.subarray(first.span.end, last.span.start).toString("utf8").replace(/^\s*;/, "");
  if (inner.trim() === "") throw refused("nothing stands between its BEGIN and its COMMIT");
  const note =
    "BEGIN and COMMIT around the text, and what stands before and after them, are left out: it runs in one transaction of its own";
  return alone(await understood(inner, context, analyser), { text: inner, notes: [note] });
}

async function understood(text: string, context: SqlContext, analyser: SqlAnalyser): Promise<readonly StatementSummary[]> {
  const analysis = await analyser.analyse({ kind: "sql", text, door: "simple", context });
  if (analysis.kind === "understood") return analysis.statements;
  const next = /^\s*\\/m.test(text) ? "leave out psql's own commands: only SQL can be planned" : undefined;
  throw new ControlRefusal("bad_request", `${analysis.code}: ${analysis.message}`, next);
}

/** What the server refuses inside a transaction can only be a text by itself. */
function alone(statements: readonly StatementSummary[], planned: PlannedText): PlannedText {
  const outside = statements.find(({ immediate }) => immediate);
  if (outside !== undefined && statements.length > 1)
    throw refused(`\`${outside.tag}\` cannot run in a transaction with others`, "plan it by itself, in a file of its own");
  return planned;
}

/** The statement says this and no more; comments before it aside. */
function plainly(bytes: Buffer, { span }: StatementSummary, words: RegExp): boolean {
  const comments = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[^*/]*\*\/)*/;
  const said = bytes.subarray(span.start, span.end).toString("utf8").replace(comments, "");
  return words.test(said.trim());
}

function notOneTransaction(control: readonly StatementSummary[]): ControlRefusal {
  const tags = [...new Set(control.map(({ tag }) => tag))].join(", ");
  return refused(
    `${tags} stand in it, and a plan is one transaction`,
    "take them out, or plan each transaction by itself; a plain BEGIN first and a plain COMMIT last may stay",
  );
}

function refused(message: string, next?: string): ControlRefusal {
  return new ControlRefusal("bad_request", message, next);
}

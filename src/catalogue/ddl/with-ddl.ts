/**
 * Applies DDL texts to a catalogue snapshot: parses, and hands each statement to the file that knows its kind.
 * It does not analyse bodies, queries and expressions: it stores their text.
 */
import type { Node, SelectStmt, VariableSetStmt } from "@pgsql/types";
import type { Names, ParseSql } from "../catalogue.ts";
import type { CatalogueParts } from "../parts.ts";
import { applyStatement } from "./apply.ts";
import { Draft, NotUnderstood } from "./draft.ts";
import { constantText } from "./routines.ts";
import { fromBytes, Statement, toBytes } from "./statement.ts";

/**
 * Never throws on what a text says: a text that does not parse, and each statement that is not understood, is listed and the rest applies.
 * A defect of ours does throw.
 */
export function withDdl(parts: CatalogueParts, texts: readonly string[], parse: ParseSql, names: Names | undefined) {
  const draft = new Draft(parts, names);
  const notUnderstood: string[] = [];
  for (const text of texts) {
    for (const statement of statementsOf(text, parse, notUnderstood)) {
      try {
        if (!followSearchPath(draft, statement.node)) applyStatement(draft, statement);
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error;
        notUnderstood.push(statement.text);
      }
    }
  }
  return { parts: draft.parts(), notUnderstood };
}

/** Lines that pg_dump writes for psql alone; the server never sees them. */
const psqlLine = /^\\(?:un)?restrict [A-Za-z0-9]+$/gm;

function statementsOf(text: string, parse: ParseSql, notUnderstood: string[]): readonly Statement[] {
  const sent = text.replace(psqlLine, "");
  const bytes = toBytes(sent);
  try {
    return (parse(sent).stmts ?? []).flatMap((raw) => {
      const start = raw.stmt_location ?? 0;
      const end = raw.stmt_len ? start + raw.stmt_len : bytes.length;
      return raw.stmt ? [new Statement(raw.stmt, bytes.slice(start, end), start, parse)] : [];
    });
  } catch {
    // Whatever the parser says, nothing of this text is known.
    notUnderstood.push(fromBytes(bytes));
    return [];
  }
}

/** SET search_path, and the call of set_config that pg_dump writes instead. */
function followSearchPath(draft: Draft, node: Node): boolean {
  if ("VariableSetStmt" in node) return followSet(draft, node.VariableSetStmt);
  if ("SelectStmt" in node) return followSetConfig(draft, node.SelectStmt);
  return false;
}

function followSet(draft: Draft, set: VariableSetStmt): boolean {
  if (set.kind === "VAR_RESET_ALL" || (set.name === "search_path" && set.kind !== "VAR_SET_VALUE")) draft.setSearchPath(null);
  else if (set.name === "search_path") draft.setSearchPath((set.args ?? []).map(constantText));
  else if (set.name === "role" || set.name === "session_authorization") return true;
  return true;
}

function followSetConfig(draft: Draft, select: SelectStmt): boolean {
  const target = select.targetList?.[0];
  const call = target && "ResTarget" in target ? target.ResTarget.val : undefined;
  if (!call || !("FuncCall" in call)) return false;
  const name = call.FuncCall.funcname?.at(-1);
  const [setting, value] = call.FuncCall.args ?? [];
  if (!name || !("String" in name) || name.String.sval !== "set_config" || !setting || !value) return false;
  if (constantText(setting) !== "search_path") return true;
  draft.setSearchPath(
    constantText(value)
      .split(",")
      .map((schema) => schema.trim().replace(/^"(.*)"$/, "$1")),
  );
  return true;
}

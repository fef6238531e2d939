/**
 * One completed statement of an act: its rows against the limits, its names, its DDL, its transaction control.
 * It does not settle the act.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { Act } from "./act.ts";
import type { Core } from "./core.ts";
import { notUnderstood } from "./facts.ts";

/** Tags whose figure is a number of rows changed. A SELECT's is one when it filled a table. */
const CHANGING: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE", "MERGE", "COPY"]);

/** Takes the server's CommandComplete (`tag` is empty for an empty query). False: a limit is passed, and the client was told. */
export function completed(core: Core, act: Act, tag: string, rows: number | undefined, metered: boolean): boolean {
  const summary = act.admission.statements[act.completed];
  act.completed += 1;
  const word = firstWord(tag);
  if (tag === "COMMIT" || (tag === "ROLLBACK" && summary?.transaction !== "rollback_to")) {
    const end = tag === "COMMIT" ? "committed" : "rolled_back";
    core.transaction.ended(end);
    core.context.ended(end);
  } else if (tag === "PREPARE TRANSACTION") {
    core.transaction.ended("unknown");
    core.context.ended("unknown");
  } else if (tag === "COMMIT PREPARED" || act.facts === notUnderstood) {
    core.context.unclear();
  }
  if (resets(core, act, tag, summary)) core.repin = core.parts.pinSql !== "";
  names(core, act, tag, summary);
  if (summary?.savepoint !== undefined) core.context.savepoint(summary.transaction, summary.savepoint);
  if (summary !== undefined) defines(core, act, summary);
  if (summary?.delays === true) core.context.delay();
  if (rows === undefined || summary?.copy === "out") return true;
  // A SELECT whose rows went to nobody filled a table.
  const filled = word === "SELECT" && rows > 0 && summary?.readOnly === false && act.rowsReturned === act.rowsReturnedBefore;
  act.rowsReturnedBefore = act.rowsReturned;
  if (!CHANGING.has(word) && !filled) return true;
  act.rowsChanged = (act.rowsChanged ?? 0) + rows;
  if (summary !== undefined && staysInSession(summary)) return true;
  core.transaction.changed(rows);
  // The reading that follows knows better: it leaves temporary tables out and has the figures of each table. But it was not seen
  // to count the rows of a table that the same statement made.
  const made = filled && !summary.effects.some(({ detail }) => detail === "create_temporary");
  return (metered && !made) || withinLimits(core, act, rows);
}

/** Temporary tables alone are changed: their rows are nobody else's. */
function staysInSession({ effects }: StatementSummary): boolean {
  const changes = effects.filter(({ operation }) => operation === "create" || operation === "update" || operation === "delete");
  return changes.length > 0 && effects.every(({ operation }) => operation !== "unknown") && changes.every(isTemporary);
}

function isTemporary({ resource }: StatementSummary["effects"][number]): boolean {
  return resource.name.startsWith("pg_temp.");
}

/** Takes down DDL, together with what moved search_path before it in the same text. */
function defines(core: Core, act: Act, summary: StatementSummary): void {
  const text = statementText(act, summary.span);
  // What goes into the bin stays in the catalogue, elsewhere.
  if (summary.definesObjects)
    core.context.ddl(`${act.moves}${text}`, summary.plainDefinition === true && act.moves === "" && act.binned === undefined);
  if (!summary.changesContext || act.admission.statements.length === 1) return;
  // Only a search_path that is written out can be followed; what is not makes the DDL behind it uncertain.
  const followed = /^(SET|SELECT)$/.test(summary.tag) && /\bsearch_path\b/i.test(text) && !/\bdefault\b|\$user/i.test(text);
  act.moves += followed ? `${text};\n` : "DO '';\n";
}

/** SET ... TO DEFAULT is a RESET by another name; asking once too often does no harm. */
function resets(core: Core, act: Act, tag: string, summary: StatementSummary | undefined): boolean {
  if (tag === "RESET" || tag === "DISCARD ALL") return true;
  const lifted = summary?.effects.find(({ detail }) => detail === "set_limited");
  if (lifted !== undefined) {
    core.lifted.add(lifted.resource.name);
    return true;
  }
  // What was set again inside the transaction may have been taken back, and the reset before it not.
  if (summary?.transaction === "rollback_to" && core.repinnedInside) return true;
  return tag === "SET" && summary !== undefined && /\bdefault\b/i.test(statementText(act, summary.span));
}

function firstWord(tag: string): string {
  const space = tag.indexOf(" ");
  return space < 0 ? tag : tag.slice(0, space);
}

function names(core: Core, act: Act, tag: string, summary: StatementSummary | undefined): void {
  if (tag === "DEALLOCATE ALL" || tag === "DISCARD ALL") {
    core.deallocate(null, act.serial);
    return;
  }
  const prepared = summary?.prepared;
  if (prepared === undefined || summary === undefined) return;
  if (prepared.kind === "deallocate") core.deallocate(prepared.name, act.serial);
  if (prepared.kind === "prepare" && prepared.name !== null) {
    core.names.statements.set(prepared.name, {
      text: statementText(act, summary.span),
      batch: core.batch,
      serial: ++core.serial,
      known: true,
      context: act.context,
      judged: undefined,
      dead: false,
    });
  }
}

function statementText(act: Act, span: { readonly start: number; readonly end: number }): string {
  if (act.admission.statements.length === 1) return act.text;
  return Buffer.from(act.text, "utf8").toString("utf8", span.start, span.end);
}

function withinLimits(core: Core, act: Act, rows: number): boolean {
  const next = "restrict the statement to fewer rows";
  if (rows > act.limits.rowsChangedMax) {
    core.overLimit(act, "rows_changed_limit", rows, act.limits.rowsChangedMax, "rows would be changed by one statement", next);
    return false;
  }
  const sum = core.transaction.rowsChanged;
  if (sum > act.limits.rowsChangedPerTransactionMax) {
    core.overLimit(
      act,
      "rows_changed_limit",
      sum,
      act.limits.rowsChangedPerTransactionMax,
      "rows would be changed by one transaction",
      next,
    );
    return false;
  }
  return true;
}

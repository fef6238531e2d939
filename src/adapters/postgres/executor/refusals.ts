/**
 * What keeps an act from being tried or run by the executor, and what of a trial stays or cannot be seen although it is rolled back.
 * It reads the analysis alone and asks no server.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { Effect } from "../../../model/effect.ts";
import type { ExecutorAct } from "./port.ts";

/** Never the executor's: it would act as somebody else, reach beyond the transaction it stands in, or do what nobody understood. */
export function neverRun({ statements, context }: ExecutorAct): string | undefined {
  if (context.pendingDdl.length > 0) return "it rests on definitions that its session has not committed";
  for (const statement of statements) {
    const because = neverStatement(statement) ?? firstOf(statement.effects, (effect) => neverEffect(effect, context.temporary.length > 0));
    if (because !== undefined) return because;
  }
  return undefined;
}

function neverStatement({ transaction, prepared, copy, tag }: StatementSummary): string | undefined {
  if (transaction !== "none") return `\`${tag}\` controls a transaction, and an act is one transaction by itself: leave it out`;
  if (prepared !== undefined) return `\`${tag}\` uses a statement that another session has prepared: send the statement itself`;
  if (copy === "in") return "COPY FROM STDIN takes its rows from the client, and they are not part of the act: use INSERT";
  return undefined;
}

const ROLE: ReadonlySet<string> = new Set(["set_role", "set_session_authorization"]);
const UNSEEN: ReadonlySet<string> = new Set([
  "copy_program",
  "copy_file_read",
  "copy_file_write",
  "file_read",
  "file_write",
  "load_library",
]);

function neverEffect(effect: Effect, temporary: boolean): string | undefined {
  const { detail, resource, operation } = effect;
  // Putting the login back is nothing in a session that never left it; here it would be the executor's own.
  if (ROLE.has(detail) || (detail === "discard" && resource.name === "session_authorization"))
    return "it changes the role that it runs as: it runs as the executor, and as nobody else";
  if (operation === "unknown") return `what it does is not understood: ${effect.because ?? `\`${resource.name}\``}`;
  if (UNSEEN.has(detail) || resource.type === "program" || resource.type === "file")
    return `\`${detail}\` reaches the server's files or programs, where no rollback does`;
  if (detail === "two_phase") return "a prepared transaction outlives the one it stands in";
  if (detail === "cursor" || detail === "listen") return `\`${detail}\` is of use only in the session that asks for it`;
  if (temporary && resource.name.startsWith("pg_temp.")) return "it uses temporary tables, which only their own session has";
  return undefined;
}

/** Why no trial can tell: it would do at once, and for good, what the act does. */
export function notTried({ statements }: ExecutorAct): string | undefined {
  for (const statement of statements) {
    if (statement.immediate) return `\`${statement.tag}\` cannot run in a transaction, so that there is nothing to roll back`;
    const because = firstOf(statement.effects, (effect) => lasting(effect, statement.tag));
    if (because !== undefined) return because;
  }
  return undefined;
}

/** Effects that stay although the transaction is rolled back. */
const LASTING: Readonly<Record<string, string>> = {
  remote: "it talks to another server, where no rollback reaches",
  subscription: "it talks to another server, where no rollback reaches",
  replication: "replication slots, WAL and logical messages are not taken back by a rollback",
  server_admin: "what it asks of the server is done at once",
  terminate_backend: "it ends other sessions at once",
  stats_reset: "statistics that are reset do not come back with a rollback",
  checkpoint: "a checkpoint is made at once",
  alter_system: "the server's configuration file is written at once",
};

/** TRUNCATE ... RESTART IDENTITY and ALTER SEQUENCE ... RESTART are taken back; setval is not, wherever an expression calls it. */
const RESTARTS = /^(TRUNCATE|ALTER SEQUENCE)/;

function lasting({ detail, resource, cause }: Effect, tag: string): string | undefined {
  if (resource.type === "foreign_table" && detail !== "drop" && !detail.startsWith("alter") && !detail.startsWith("create"))
    return `\`${resource.name}\` is a table of another server, where no rollback reaches`;
  if (detail === "sequence_set" && !(RESTARTS.test(tag) && (cause === "direct" || cause === "cascade")))
    return `setval of \`${resource.name}\` stays when the trial is rolled back`;
  return LASTING[detail];
}

/** What a trial that was rolled back does not show all the same, a sentence each. */
export function notSeen({ statements }: ExecutorAct): readonly string[] {
  const effects = statements.flatMap((statement) => statement.effects);
  const named = (detail: string) => [...new Set(effects.filter((each) => each.detail === detail).map(({ resource }) => resource.name))];
  const said: string[] = [];
  const sequences = named("sequence");
  if (sequences.length > 0)
    said.push(`sequences moved on and stay there, for the trial too: ${sequences.map((name) => `\`${name}\``).join(", ")}`);
  if (named("notify").length > 0) said.push("other sessions are notified only when it is carried out");
  if (effects.some(({ resource }) => resource.type === "large_object")) said.push("large objects are not counted");
  if (effects.some(({ detail, resource }) => detail === "refresh" || (resource.type === "view" && detail === "truncate")))
    said.push("rows of a materialized view that is filled anew are not compared with those before");
  return said;
}

function firstOf(effects: readonly Effect[], because: (effect: Effect) => string | undefined): string | undefined {
  for (const effect of effects) {
    const found = because(effect);
    if (found !== undefined) return found;
  }
  return undefined;
}

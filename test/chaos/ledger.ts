/**
 * Holds the three accounts of what happened against each other: what clients were told, what the server holds, what the log says.
 * It asks the server directly, past Holdfast.
 */
import type { TestServer } from "../support/servers.ts";
import type { LogReader } from "./log-reader.ts";
import type { Marks } from "./marks.ts";

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly src: string | null;
}

/** Everything that does not agree, in words; empty when all is well. */
export async function disagreements(server: TestServer, database: string, marks: Marks, log: LogReader): Promise<string[]> {
  const rows = await server.asSuperuser<Row>("SELECT id, kind, src FROM marks", database);
  const batches = await server.asSuperuser<{ batch: string; lines: string }>(
    "SELECT batch, count(*) AS lines FROM copied GROUP BY batch",
    database,
  );
  const there = new Set([...rows.map(({ id }) => Number(id)), ...batches.map(({ batch }) => Number(batch))]);
  const found: string[] = [...marks.faults];
  const list = (what: string, ids: readonly number[]): void => {
    if (ids.length > 0) found.push(`${what}: ${ids.slice(0, 10).join(", ")}${ids.length > 10 ? `, and ${ids.length - 10} more` : ""}`);
  };
  list(
    "acknowledged, and not in the server",
    [...marks.acknowledged].filter((id) => !there.has(id)),
  );
  list(
    "refused, failed or rolled back, and in the server",
    [...marks.undone].filter((id) => there.has(id)),
  );
  const own = rows.filter(({ kind }) => kind !== "prepared").map(({ id }) => Number(id));
  list(
    "in the server, and without an intent in the log",
    own.filter((id) => !log.intents.has(id)),
  );
  const held = new Map<string, number>([["copied", batches.length]]);
  for (const { src } of rows) if (src !== null) held.set(src, (held.get(src) ?? 0) + 1);
  for (const [name, count] of held) {
    const intents = log.shared.get(name) ?? 0;
    if (count > intents) found.push(`${count} writes of \`${name}\` in the server, and ${intents} intents in the log`);
  }
  list(
    "a COPY that is there in part",
    batches.filter(({ lines }) => Number(lines) !== 200).map(({ batch }) => Number(batch)),
  );
  return found;
}

/** Resolves when no session of that role is left: what an orphaned backend still does has happened. */
export async function quiet(server: TestServer, role: string): Promise<void> {
  const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1 AND application_name LIKE 'load%'";
  for (;;) {
    const [row] = await server.asSuperuser<{ n: number }>(sql, "postgres", [role]);
    if (row?.n === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

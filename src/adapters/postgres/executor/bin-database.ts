/**
 * An approved DROP DATABASE that goes into the bin: looked at for the plan, since nothing of it can be tried, and carried out by the
 * bin, not by the act's own text. What is no DROP DATABASE by itself is not looked at here.
 */
import type { Measurement } from "../../../model/plan.ts";
import { binnable } from "../../../model/binnable.ts";
import { type Measured, NotMeasurable } from "../../../pipeline/approvals-port.ts";
import { databaseMessages } from "../session/bin-database.ts";
import { dropDatabaseWords } from "../session/bin-database-text.ts";
import type { BinWanted } from "../session/bin-port.ts";
import { actError } from "./act-frames.ts";
import type { ExecutorBin } from "./bin-room.ts";
import type { Connection, ExecutorLogin } from "./open-connection.ts";
import type { Executed, ExecutorAct } from "./port.ts";
import type { ExecutorSettings } from "./settings.ts";
import { pathOf } from "./transaction.ts";

/** The bin for this act. */
export interface DatabaseRoom {
  readonly bin: ExecutorBin;
  readonly wanted: BinWanted;
}

/** `undefined` where it is no DROP DATABASE by itself, or the target keeps no bin. */
export function databaseRoom(
  { databaseBin }: Pick<ExecutorSettings, "databaseBin">,
  { login, connection }: { readonly login: ExecutorLogin; readonly connection: Connection },
  act: ExecutorAct,
): DatabaseRoom | undefined {
  const [statement, more] = act.statements;
  if (statement?.tag !== "DROP DATABASE" || more !== undefined || !binnable(statement)) return undefined;
  const bin = databaseBin?.(act.database);
  if (bin === undefined) return undefined;
  const { tag, span, effects } = statement;
  const text = Buffer.from(act.message.text, "utf8").toString("utf8", span.start, span.end);
  const name = effects.find(({ resource }) => resource.type === "database")?.resource.name ?? "";
  const { role } = login.upstream;
  const { process: serverProcess } = connection;
  const database = { name, ...dropDatabaseWords(text) };
  return { bin, wanted: { text, searchPath: pathOf(act), role, serverProcess, action: act.action, tag, database } };
}

/** Rejects with {@link NotMeasurable} where the server would refuse it, or cannot be asked. */
export async function measureDatabase({ bin, wanted }: DatabaseRoom, identity: string, said: readonly string[]): Promise<Measured> {
  const name = wanted.database?.name ?? "";
  const seen = await bin.port.lookAtDatabase(wanted);
  const measured = (of: Pick<Measurement, "objects" | "bin">): Measured => ({
    measurement: { tables: [], locks: [], parts: [null], elapsedMs: 0, on: "target", ...of },
    unmeasured: [
      ...said,
      "the server and the database were looked at, and nothing was tried: whoever is connected to it then may hold it up",
    ],
    identity,
  });
  const gone = [{ type: "database", name, change: "dropped" as const }];
  switch (seen.kind) {
    case "takes":
      return measured({ objects: gone, bin: { takes: "all", keepMs: bin.keepMs } });
    case "skipped":
      return measured({ objects: [], bin: { takes: "all", keepMs: bin.keepMs } });
    case "unfit":
      return measured({ objects: gone, bin: { takes: "nothing", because: seen.because } });
    case "failed":
      throw new NotMeasurable(`the server refuses it: \`${seen.sqlstate}\`: ${seen.message}`, identity, true);
    case "unavailable":
      throw new NotMeasurable(`the executor cannot look at it: ${seen.because}`, identity, true);
  }
}

/** By the bin's own connection; the act's text is not sent. `begun` is durable before. */
export async function runDatabase({ bin, wanted }: DatabaseRoom, begun: () => Promise<void>, elapsed: () => number): Promise<Executed> {
  await begun();
  const answer = await bin.port.dropDatabase(wanted);
  if (answer.kind === "unavailable") return { kind: "unknown", because: `it was to go into the bin: ${answer.because}`, transaction: null };
  const messages = databaseMessages(answer);
  if (answer.kind === "done") return { kind: "done", answers: messages, measured: null, elapsedMs: elapsed() };
  const [error = Buffer.alloc(0)] = messages;
  return { kind: "failed", error, sqlstate: answer.sqlstate, because: actError(error).because };
}

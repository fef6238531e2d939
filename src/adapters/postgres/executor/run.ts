/**
 * Carries one act out once: in one transaction that is committed only when it did what was planned.
 * It tries nothing twice. What becomes of a lost COMMIT is asked of the server later, by the transaction's id.
 */
import type { Measurement } from "../../../model/plan.ts";
import { back } from "../codec/shapes.ts";
import { errorResponse, query } from "../codec/write.ts";
import { type ActAnswer, actError } from "./act-frames.ts";
import { deviation } from "./compare.ts";
import { splitCounts } from "./counts.ts";
import { ServerRefused } from "./frame-client.ts";
import { identityOf } from "./identity.ts";
import { type Connection, type ExecutorLogin, openConnection } from "./open-connection.ts";
import type { Executed, ExecutorAct, Expected } from "./port.ts";
import { neverRun } from "./refusals.ts";
import type { ExecutorSettings } from "./settings.ts";
import { begin, currentTransaction, partsOf, prepareOutside, send, settleAndCount } from "./transaction.ts";

type Begin = (transaction: string | null) => Promise<void>;

/** Never rejects. */
export async function runAct(settings: ExecutorSettings, act: ExecutorAct, expected: Expected, begun: Begin): Promise<Executed> {
  let login: ExecutorLogin;
  try {
    login = await settings.login();
  } catch (error) {
    return { kind: "not_reached", because: `there is no executor: ${messageOf(error)}` };
  }
  try {
    return await withLogin(settings, login, { act, expected, begun });
  } finally {
    login.end();
  }
}

interface Task {
  readonly act: ExecutorAct;
  readonly expected: Expected;
  readonly begun: Begin;
}

async function withLogin(settings: ExecutorSettings, login: ExecutorLogin, task: Task): Promise<Executed> {
  const { act, expected } = task;
  const never = neverRun(act);
  if (never !== undefined) return { kind: "not_reached", because: never };
  let connection: Connection | undefined;
  try {
    connection = await openConnection({ login, database: act.database, settings: act.settings, random: settings.random });
    const identity = await identityOf(connection, login.upstream);
    if (identity !== expected.identity)
      return { kind: "not_reached", because: `this is another server than the one it was planned for: \`${identity}\`` };
    const outside = act.statements.some(({ immediate }) => immediate);
    return await (outside ? runOutside : runInside)(settings, { ...task, login, connection, identity });
  } catch (error) {
    return { kind: "not_reached", because: messageOf(error) };
  } finally {
    connection?.client.close();
  }
}

interface Place extends Task {
  readonly login: ExecutorLogin;
  readonly connection: Connection;
  readonly identity: string;
}

/** Rejects where nothing can have become durable: COMMIT was not sent. */
async function runInside(settings: ExecutorSettings, place: Place): Promise<Executed> {
  const { act, connection, login, expected } = place;
  const { limits, clock } = settings;
  const began = await begin(connection, act, { ...limits, statementMs: limits.runMs, idleMs: IDLE_MS }, login.actAs);
  const [missing] = began.missing;
  if (missing !== undefined) return { kind: "not_reached", because: `the executor may not use schema \`${missing}\`` };
  // The use is durable when this resolves; without it nothing is sent, and the transaction ends with its connection.
  await place.begun(began.transaction);
  const startedMs = clock.monotonic();
  const answer = await send(connection, act);
  const failed = failureOf(answer);
  if (failed !== undefined) return failed;
  let measurement: Measurement;
  try {
    if ((await currentTransaction(connection)) !== began.transaction)
      return { kind: "unknown", because: "it ended the transaction that it ran in", transaction: began.transaction };
    const tables = await settleAndCount(connection);
    measurement = measured(act, answer, tables, clock.monotonic() - startedMs);
  } catch (error) {
    if (!(error instanceof ServerRefused)) throw error;
    return { kind: "failed", error: error.frame, sqlstate: error.sqlstate, because: actError(error.frame).because };
  }
  const other = expected.measured === null ? undefined : deviation(measurement, expected.measured, expected.toleranceRows);
  if (other !== undefined) {
    await connection.client.rows("ROLLBACK");
    return { kind: "stale", because: other };
  }
  const lost = await commit(connection, began.transaction);
  if (lost !== undefined) return lost;
  const elapsedMs = Math.round(clock.monotonic() - startedMs);
  return { kind: "done", answers: answer.answers, measured: { measurement, unmeasured: [], identity: place.identity }, elapsedMs };
}

/** Whoever begins writes store and log: longer than that, and the server has better use for its locks. */
const IDLE_MS = 60_000;

function measured(act: ExecutorAct, answer: ActAnswer, tables: Parameters<typeof splitCounts>[0], elapsedMs: number): Measurement {
  const parts = partsOf(answer, act.statements);
  return {
    tables: splitCounts(tables, act.statements, parts).map((each) => ({ ...each, rowsBefore: null, bytes: null, samples: [] })),
    objects: [],
    locks: [],
    parts,
    elapsedMs: Math.round(elapsedMs),
    on: "target",
  };
}

/** `undefined` once the server has said that it is committed. */
async function commit({ client }: Connection, transaction: string): Promise<Executed | undefined> {
  const unknown = (because: string): Executed => ({ kind: "unknown", because, transaction });
  try {
    const { messages } = await client.exchange(query("COMMIT"));
    const error = messages.find(({ type }) => type === back.error);
    if (error !== undefined) {
      const { frame, sqlstate, because } = actError(error.bytes);
      return { kind: "failed", error: frame, sqlstate, because };
    }
    const complete = messages.find(({ type }) => type === back.commandComplete);
    return complete?.bytes.toString("latin1", 5).startsWith("COMMIT") ? undefined : unknown("the server did not say that it committed");
  } catch (error) {
    return unknown(`the connection was lost during COMMIT: ${messageOf(error)}`);
  }
}

/** What cannot run in a transaction: durable as it goes, so that a lost connection leaves nobody knowing. */
async function runOutside(settings: ExecutorSettings, { act, connection, login, begun }: Place): Promise<Executed> {
  const { limits, clock } = settings;
  await prepareOutside(connection, act, { ...limits, statementMs: limits.runMs, idleMs: IDLE_MS }, login.actAs);
  await begun(null);
  const startedMs = clock.monotonic();
  try {
    const answer = await send(connection, act);
    const failed = failureOf(answer);
    if (failed !== undefined) return failed;
    return { kind: "done", answers: answer.answers, measured: null, elapsedMs: Math.round(clock.monotonic() - startedMs) };
  } catch (error) {
    return { kind: "unknown", because: `the connection was lost while it ran: ${messageOf(error)}`, transaction: null };
  }
}

function failureOf(answer: ActAnswer): Executed | undefined {
  if (answer.tooLong) {
    const message = "its answer is longer than the executor keeps: ask for fewer rows";
    return { kind: "failed", error: errorResponse({ severity: "ERROR", sqlstate: "54000", message }), sqlstate: "54000", because: message };
  }
  if (answer.error === undefined) return undefined;
  const { frame, sqlstate, because } = answer.error;
  return { kind: "failed", error: frame, sqlstate, because };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

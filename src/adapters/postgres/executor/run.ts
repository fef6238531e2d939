/**
 * Carries one act out once: in one transaction that is committed only when it did what was planned.
 * It tries nothing twice. What becomes of a lost COMMIT is asked of the server later, by the transaction's id.
 */
import { ident } from "../../../base/sql-text.ts";
import { messageOf } from "../../../base/message-of.ts";
import { goesToBin, type Measurement } from "../../../model/plan.ts";
import { back } from "../codec/shapes.ts";
import { errorResponse, query } from "../codec/write.ts";
import { type ActAnswer, actError } from "./act-frames.ts";
import { databaseRoom, runDatabase } from "./bin-database.ts";
import { type BinRoom, binRoom } from "./bin-room.ts";
import { deviation } from "./compare.ts";
import { ServerRefused } from "./frame-client.ts";
import { identityOf } from "./identity.ts";
import { TooManyObjects } from "./objects.ts";
import { type Connection, type ExecutorLogin, lent, openConnection } from "./open-connection.ts";
import type { Executed, ExecutorAct, Expected } from "./port.ts";
import { defines, emptiedOf, type OpenTransaction, type Reading, read, withEmptied } from "./reading.ts";
import { neverRun } from "./refusals.ts";
import { rowDigests } from "./row-digests.ts";
import type { ExecutorSettings } from "./settings.ts";
import type { TableSize } from "./table-sizes.ts";
import { begin, currentTransaction, prepareOutside, send } from "./transaction.ts";

type Begin = (transaction: string | null) => Promise<void>;

/** Never rejects. */
export async function runAct(settings: ExecutorSettings, act: ExecutorAct, expected: Expected, begun: Begin): Promise<Executed> {
  let login: ExecutorLogin;
  try {
    login = await lent(settings.login, settings.warn);
  } catch (error) {
    return { kind: "not_reached", because: messageOf(error) };
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
  const held: Connection[] = [];
  const opened = async () => {
    const connection = await openConnection({ login, database: act.database, settings: act.settings }, settings);
    held.push(connection);
    return connection;
  };
  try {
    const connection = await opened();
    const identity = await identityOf(connection, login.upstream);
    if (identity !== expected.identity)
      return { kind: "not_reached", because: `this is another server than the one it was planned for: \`${identity}\`` };
    if (goesToBin(expected.measured?.bin)) {
      const room = databaseRoom(settings, { login, connection }, act);
      const startedMs = settings.clock.monotonic();
      const elapsed = () => Math.round(settings.clock.monotonic() - startedMs);
      if (room !== undefined) return await runDatabase(room, () => task.begun(null), elapsed);
    }
    const outside = act.statements.some(({ immediate }) => immediate);
    return await (outside ? runOutside : runInside)(settings, { ...task, login, connection, identity, another: opened });
  } catch (error) {
    return { kind: "not_reached", because: messageOf(error) };
  } finally {
    for (const { client } of held) client.close();
  }
}

interface Place extends Task {
  readonly login: ExecutorLogin;
  readonly connection: Connection;
  readonly identity: string;
  /** A second connection. */
  readonly another: () => Promise<Connection>;
}

/** Rejects where nothing can have become durable: COMMIT was not sent. */
async function runInside(settings: ExecutorSettings, place: Place): Promise<Executed> {
  const { act, connection, login, expected } = place;
  const { limits, clock } = settings;
  const observer = await observerFor(place);
  const binned = goesToBin(expected.measured?.bin);
  const room = binned ? await binRoom(settings, place, act) : undefined;
  if (binned && room === undefined) return { kind: "stale", because: "what it removes was to go into the bin, and there is none any more" };
  const began = await begin(connection, act, { ...limits, statementMs: limits.runMs, idleMs: IDLE_MS }, login.actAs);
  const [missing] = began.missing;
  if (missing !== undefined) return { kind: "not_reached", because: `the executor may not use schema \`${missing}\`` };
  // The use is durable when this resolves; without it nothing is sent, and the transaction ends with its connection.
  await place.begun(began.transaction);
  const startedMs = clock.monotonic();
  const open = { connection, began, ...(observer === undefined ? {} : { observer }), ...(room === undefined ? {} : { room }) };
  let did: Did;
  try {
    did = await carryOut(settings, place, open);
  } catch (error) {
    if (error instanceof TooManyObjects) return { kind: "stale", because: `it drops, changes or makes ${error.message}` };
    if (!(error instanceof ServerRefused)) throw error;
    return { kind: "failed", error: error.frame, sqlstate: error.sqlstate, because: actError(error.frame).because };
  }
  if ("kind" in did) return did;
  const { answer, measurement } = did;
  const other = expected.measured === null ? undefined : deviation(measurement, expected.measured, expected.toleranceRows);
  if (other !== undefined) {
    await connection.client.rows("ROLLBACK");
    return { kind: "stale", because: other };
  }
  const unfit = await room?.carryOut();
  if (unfit !== undefined) {
    await connection.client.rows("ROLLBACK");
    return { kind: "stale", because: unfitFor(expected.measured, unfit) };
  }
  const lost = await commit(connection, began.transaction);
  room?.ended(lost === undefined ? "committed" : lost.kind === "unknown" ? "unknown" : "rolled_back");
  if (lost !== undefined) return lost;
  const elapsedMs = Math.round(clock.monotonic() - startedMs);
  const measured = { measurement: { ...measurement, elapsedMs }, unmeasured: [], identity: place.identity };
  return { kind: "done", answers: answer.answers, measured, elapsedMs };
}

function unfitFor(measured: Measurement | null, unfit: string): string {
  if (measured?.bin?.takes !== "untried") return `what it removes does not fit into the bin any more: ${unfit}`;
  return `what it removes does not fit into the bin: ${unfit}; where it is planned at the target (\`plan: { on: target }\`) the plan says so before`;
}

/** A connection that sees what was there before: objects, and rows. */
async function observerFor({ act, expected, login, another }: Place): Promise<Connection | undefined> {
  const { measured } = expected;
  if (measured === null || !(defines(act.statements) || digested(measured))) return undefined;
  const observer = await another();
  if (login.actAs !== undefined) await observer.client.rows(`SET ROLE ${ident(login.actAs)}`);
  return observer;
}

function digested({ tables }: Measurement): boolean {
  return tables.some(({ rowsDigest }) => rowsDigest !== undefined);
}

interface Given extends OpenTransaction {
  readonly room?: BinRoom;
}

type Did = Executed | { readonly answer: ActAnswer; readonly measurement: Measurement };

async function carryOut(settings: ExecutorSettings, { act, expected }: Place, given: Given): Promise<Did> {
  const { connection, began, room } = given;
  const sizes = await emptiedRows(connection, expected.measured, settings.limits);
  await room?.save();
  const answer = await send(connection, act);
  const failed = failureOf(answer);
  if (failed !== undefined) return failed;
  // Nobody but the act can have ended it, and then what it did is done.
  if ((await currentTransaction(connection)) !== began.transaction)
    return { kind: "unknown", because: "it ended the transaction that it ran in", transaction: began.transaction };
  const open = room === undefined ? given : { ...given, began: await room.markOf(began) };
  const reading = await read(open, act, answer);
  const digests = await digestsOf(settings, open, expected, reading);
  const tables = withEmptied(reading, sizes).map((each) => {
    const rowsDigest = digests.get(each.table);
    return { ...each, rowsBefore: null, bytes: null, ...(rowsDigest === undefined ? {} : { rowsDigest }), samples: [] };
  });
  const { objects, parts } = reading;
  return { answer, measurement: { tables, objects, locks: [], parts, elapsedMs: 0, on: "target" } };
}

/** It takes no longer than others may be kept out, as in the trial. */
async function digestsOf(
  { limits, clock }: ExecutorSettings,
  { connection: trial, observer, began }: OpenTransaction,
  { measured }: Expected,
  { tables }: Reading,
): Promise<ReadonlyMap<string, string>> {
  if (observer === undefined || measured === null || !digested(measured)) return new Map();
  const of = { trial, observer, xid: began.xid, withinMs: limits.lockMs, monotonic: () => clock.monotonic() };
  return rowDigests(of, tables);
}

/** Whoever begins writes store and log: longer than that, and the server has better use for its locks. */
const IDLE_MS = 60_000;

/**
 * Rows of what the plan drops or empties, counted under the lock that the act takes anyway, so that none comes in between. As in the trial
 * it takes no longer than others may be kept out; what was not counted there is not counted here.
 */
async function emptiedRows(
  { client }: Connection,
  planned: Measurement | null,
  { lockMs, runMs }: ExecutorSettings["limits"],
): Promise<ReadonlyMap<string, TableSize>> {
  const sizes = new Map<string, TableSize>();
  if (planned === null) return sizes;
  const timeout = (ms: number) => `SELECT pg_catalog.set_config('statement_timeout', '${ms}', true)`;
  for (const { name, type } of emptiedOf(planned.objects)) {
    const table = planned.tables.find((each) => each.table === name);
    if (table?.rowsBefore == null) continue;
    const lock = type === "table" ? `LOCK TABLE ONLY ${name} IN ACCESS EXCLUSIVE MODE;` : "";
    const [row] = await client.rows(`${timeout(lockMs)}; ${lock} SELECT pg_catalog.count(*) FROM ONLY ${name}`);
    sizes.set(name, { rows: Number(row?.[0] ?? 0), bytes: null });
  }
  if (sizes.size > 0) await client.rows(timeout(runMs));
  return sizes;
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
async function runOutside(settings: ExecutorSettings, { act, connection, login, begun, expected }: Place): Promise<Executed> {
  if (goesToBin(expected.measured?.bin))
    return { kind: "stale", because: "what it removes was to go into the bin, and there is none any more" };
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

/**
 * An act that removes things, put into the bin in its own transaction: it is run as it is and read, taken back to a savepoint, and run
 * again with calls of the bin in the place of what removes. So what is compared with the plan is the act, and what is committed keeps it.
 * It decides nothing: whether there is a bin is the configuration's matter, and what fits there the server's.
 */
import { movesNames, binnable, removes } from "../../../model/binnable.ts";
import type { StatementSummary } from "../../../model/decision.ts";
import type { BinMeasure } from "../../../model/plan.ts";
import type { TransactionEnd } from "../../../model/outcome.ts";
import { query } from "../codec/write.ts";
import type { BinPort, BinWanted } from "../session/bin-port.ts";
import { BinText, isTicket } from "../session/bin-text.ts";
import { actAnswer } from "./act-frames.ts";
import type { Connection, ExecutorLogin } from "./open-connection.ts";
import type { ExecutorAct } from "./port.ts";
import type { ExecutorSettings } from "./settings.ts";
import { type Begun, pathOf, quoted } from "./transaction.ts";

/** A database's bin, and how long it keeps what is in it, in milliseconds. */
export interface ExecutorBin {
  readonly port: BinPort;
  readonly keepMs: number;
}

export interface BinRoom {
  /** Before the act, in its transaction. */
  save(): Promise<void>;
  /** After the act: the mark of its rows, which a savepoint gives another number. */
  markOf(began: Begun): Promise<Begun>;
  /** In place of what the act did. A clause where the bin does not take it; the transaction has failed then. */
  carryOut(): Promise<string | undefined>;
  ended(end: TransactionEnd): void;
  readonly keepMs: number;
}

interface RoomPlace {
  readonly login: ExecutorLogin;
  readonly connection: Connection;
}

/** `undefined` where nothing of the act is for a bin, or the database has none. Never rejects. */
export async function binRoom(
  settings: Pick<ExecutorSettings, "bin">,
  { login, connection }: RoomPlace,
  act: ExecutorAct,
): Promise<BinRoom | undefined> {
  const numbers = forBin(act.statements);
  const bin = numbers.length === 0 ? undefined : await settings.bin?.(act.database);
  if (bin === undefined) return undefined;
  const text = Buffer.from(act.message.text, "utf8");
  const wanted = numbers.map((i): BinWanted => {
    const { tag = "", span = { start: 0, end: 0 } } = act.statements[i] ?? {};
    const searchPath = pathOf(act);
    const { process: serverProcess } = connection;
    return {
      text: text.toString("utf8", span.start, span.end),
      searchPath,
      role: login.upstream.role,
      serverProcess,
      action: act.action,
      tag,
    };
  });
  const issued = await bin.port.issue(wanted);
  const tickets = new Map<number, string>();
  let because: string | undefined;
  for (const [at, i] of numbers.entries()) {
    const one = issued[at] ?? { because: "the bin gave no ticket" };
    if ("because" in one) because ??= one.because;
    else if (isTicket(one.ticket)) tickets.set(i, one.ticket);
    else because ??= "the bin gave no ticket";
  }
  const { client } = connection;
  return {
    keepMs: bin.keepMs,
    save: async () => void (await client.rows("SAVEPOINT holdfast_bin")),
    markOf: async (began) => {
      const [row] = await client.rows(markSql(began.xid));
      return { ...began, xid: row?.[0] ?? began.xid };
    },
    async carryOut() {
      if (because !== undefined) return because;
      await client.rows("ROLLBACK TO SAVEPOINT holdfast_bin");
      const { bytes } = new BinText(text, act.statements, tickets);
      const { error } = actAnswer(await client.exchange(query(bytes.toString("utf8"))));
      return error?.because;
    },
    ended: (end) => bin.port.ended([...tickets.values()], end),
  };
}

/** Of a trial elsewhere than at the target: what rests in a clone's bin is nobody's way back, so nothing is tried there. */
export async function binUntried(settings: Pick<ExecutorSettings, "bin">, act: ExecutorAct): Promise<BinMeasure | undefined> {
  const bin = forBin(act.statements).length === 0 ? undefined : await settings.bin?.(act.database);
  return bin === undefined ? undefined : { takes: "untried", keepMs: bin.keepMs };
}

/** Of a trial whose act is read: whether the bin takes it. The transaction is good for nothing but its ROLLBACK after this. */
export async function binMeasure(room: BinRoom): Promise<BinMeasure> {
  const because = await room.carryOut();
  return because === undefined ? { takes: "all", keepMs: room.keepMs } : { takes: "nothing", because };
}

/**
 * Numbers of the statements that the bin carries out; none where something else of the act may remove what the bin would not see, or
 * change what the names in them mean.
 */
export function forBin(statements: readonly StatementSummary[]): readonly number[] {
  const numbers = statements.flatMap((statement, i) => (binnable(statement) ? [i] : []));
  const last = numbers.at(-1) ?? 0;
  const unfit = statements.some((statement, i) => {
    const { effects, tag } = statement;
    if (binnable(statement)) return tag === "DROP DATABASE";
    return (i < last && movesNames(statement)) || effects.some((effect) => removes(effect) || OPAQUE.has(effect.operation));
  });
  return unfit ? [] : numbers;
}

const OPAQUE: ReadonlySet<string> = new Set(["execute", "connect", "unknown"]);

/** The oldest of the transaction's own ids but its first is that of the savepoint; none where nothing was written since. */
const markSql = (xid: string) => `SELECT l.transactionid FROM pg_catalog.pg_locks l
  WHERE l.locktype OPERATOR(pg_catalog.=) 'transactionid' AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND l.granted
    AND l.transactionid OPERATOR(pg_catalog.<>) ${quoted(xid)}::pg_catalog.xid
    AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock'
  ORDER BY pg_catalog.age(l.transactionid) USING OPERATOR(pg_catalog.>) LIMIT 1`;

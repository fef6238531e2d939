/**
 * Tries one act in a transaction that is rolled back, and reads there what it did.
 * It never commits, and gives the trial up rather than let others wait for it.
 */
import { type Measured, NotMeasurable } from "../../../pipeline/approvals-port.ts";
import type { Measurement } from "../../../model/plan.ts";
import type { ActAnswer, ActError } from "./act-frames.ts";
import { splitCounts } from "./counts.ts";
import { ConnectionLost, ServerRefused } from "./frame-client.ts";
import { identityOf } from "./identity.ts";
import { type Connection, type ExecutorLogin, openConnection } from "./open-connection.ts";
import type { ExecutorAct } from "./port.ts";
import { neverRun, notSeen, notTried } from "./refusals.ts";
import type { ExecutorSettings } from "./settings.ts";
import { tableSizes } from "./table-sizes.ts";
import { begin, currentTransaction, IN_TRANSACTION, partsOf, send, settleAndCount } from "./transaction.ts";
import { watchTrial } from "./watch.ts";

/** Rejects with {@link NotMeasurable}. */
export async function measureAct(settings: ExecutorSettings, act: ExecutorAct): Promise<Measured> {
  const login = await settings.login().catch((error: unknown) => {
    throw new NotMeasurable(`there is no executor: ${messageOf(error)}`, "", true);
  });
  try {
    return await withLogin(settings, login, act);
  } finally {
    login.end();
  }
}

async function withLogin(settings: ExecutorSettings, login: ExecutorLogin, act: ExecutorAct): Promise<Measured> {
  const { random } = settings;
  let identity = "";
  let connection: Connection | undefined;
  try {
    connection = await openConnection({ login, database: act.database, settings: act.settings, random });
    identity = await identityOf(connection, login.upstream);
    demandTriable(act, identity);
    return await tryOn(settings, { login, connection, identity, on: "target" }, act);
  } catch (error) {
    if (error instanceof NotMeasurable) throw error;
    throw new NotMeasurable(`the executor's connection failed: ${messageOf(error)}`, identity, true);
  } finally {
    connection?.client.close();
  }
}

function demandTriable(act: ExecutorAct, identity: string): void {
  const never = neverRun(act);
  if (never !== undefined) throw new NotMeasurable(never, identity, true);
  const because = notTried(act);
  if (because !== undefined) throw new NotMeasurable(because, identity);
}

interface Place {
  readonly login: ExecutorLogin;
  readonly connection: Connection;
  readonly identity: string;
  readonly on: Measurement["on"];
}

async function tryOn(settings: ExecutorSettings, place: Place, act: ExecutorAct): Promise<Measured> {
  const { limits, clock } = settings;
  const { connection, login, identity, on } = place;
  const began = await begin(connection, act, { ...limits, idleMs: limits.statementMs }, login.actAs);
  demandSchemas(began.missing, identity);
  const startedMs = clock.monotonic();
  const watch = watchTrial(connection, { ...limits, elapsedMs: () => clock.monotonic() - startedMs });
  let answer: ActAnswer;
  let tables: Awaited<ReturnType<typeof settleAndCount>>;
  try {
    answer = await send(connection, act);
    demandDone(answer, identity, watch.because());
    if ((await currentTransaction(connection)) !== began.transaction)
      throw new NotMeasurable("it ended the transaction that it was tried in: nothing of it is let through", identity, true);
    tables = await settleAndCount(connection);
  } catch (error) {
    throw refusalOf(error, identity, watch.because());
  } finally {
    watch.stop();
  }
  const elapsedMs = clock.monotonic() - startedMs;
  await connection.client.rows("ROLLBACK");
  const split = splitCounts(tables, act.statements, partsOf(answer, act.statements));
  const sizes = await tableSizes(
    connection,
    split.map(({ table }) => table),
    limits.lockMs,
    () => clock.monotonic(),
  );
  const measurement: Measurement = {
    tables: split.map((each) => {
      const size = sizes.get(each.table);
      return { ...each, rowsBefore: size?.rows ?? null, bytes: size?.bytes ?? null, samples: [] };
    }),
    objects: [],
    locks: [],
    parts: partsOf(answer, act.statements),
    elapsedMs: Math.round(elapsedMs),
    on,
  };
  return { measurement, unmeasured: [...login.said, ...notSeen(act)], identity };
}

function demandSchemas(missing: readonly string[], identity: string): void {
  const [first] = missing;
  if (first === undefined) return;
  throw new NotMeasurable(
    `the executor may not use schema \`${first}\`, in which names of the act are looked for: provision the target again, or grant it USAGE`,
    identity,
    true,
  );
}

function demandDone(answer: ActAnswer, identity: string, gaveUp: string | undefined): void {
  if (answer.tooLong) throw new NotMeasurable("its answer is longer than the executor keeps: ask for fewer rows", identity, true);
  if (answer.error !== undefined) throw refused(answer.error, identity, gaveUp);
  if (answer.status !== IN_TRANSACTION) throw new NotMeasurable("the transaction that it was tried in is over", identity, true);
}

/** Limits that were reached say nothing of the act but that it is too long for a trial. */
const LIMITS: ReadonlySet<string> = new Set(["57014", "55P03", "40P01"]);

function refused(
  { sqlstate, because }: Pick<ActError, "sqlstate" | "because">,
  identity: string,
  gaveUp: string | undefined,
): NotMeasurable {
  if (gaveUp !== undefined) return new NotMeasurable(gaveUp, identity);
  if (LIMITS.has(sqlstate)) return new NotMeasurable(`its trial was given up: ${because}`, identity);
  return new NotMeasurable(`the server refuses it: ${because}`, identity, true);
}

function refusalOf(error: unknown, identity: string, gaveUp: string | undefined): unknown {
  if (error instanceof ServerRefused) return refused({ sqlstate: error.sqlstate, because: `\`${error.sqlstate}\`` }, identity, gaveUp);
  if (error instanceof ConnectionLost && gaveUp !== undefined) return new NotMeasurable(gaveUp, identity);
  return error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

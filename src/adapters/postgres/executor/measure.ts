/**
 * Tries one act in a transaction that is rolled back, and reads there what it did.
 * It never commits, and gives the trial up rather than let others wait for it.
 */
import { ident } from "../../../base/sql-text.ts";
import { messageOf } from "../../../base/message-of.ts";
import { type Measured, NotMeasurable } from "../../../pipeline/approvals-port.ts";
import type { BinMeasure, Measurement, SampleRow, TableChange } from "../../../model/plan.ts";
import type { ActAnswer } from "./act-frames.ts";
import { databaseRoom, measureDatabase } from "./bin-database.ts";
import { binMeasure, binRoom, binUntried } from "./bin-room.ts";
import { identityOf } from "./identity.ts";
import { type LockHeld, locksOf } from "./locks.ts";
import { tellsTooMuch } from "./may-read.ts";
import { type Connection, type ExecutorLogin, lent, openConnection } from "./open-connection.ts";
import type { ExecutorAct } from "./port.ts";
import { emptiedOf, type Reading, read, withEmptied } from "./reading.ts";
import { neverRun, notSeen, notTried } from "./refusals.ts";
import { keptTables } from "./kept-images.ts";
import { rowDigests } from "./row-digests.ts";
import { anyRows, samplesOf } from "./samples.ts";
import type { ExecutorSettings } from "./settings.ts";
import { type TableSize, tableSizes } from "./table-sizes.ts";
import { begin, currentTransaction, IN_TRANSACTION, send } from "./transaction.ts";
import { ActRefused, refusing, TrialRefused } from "./trial-refusals.ts";
import { type TrialWatch, watchTrial } from "./watch.ts";

/** Rejects with {@link NotMeasurable}. */
export async function measureAct(settings: ExecutorSettings, act: ExecutorAct): Promise<Measured> {
  const held: Connection[] = [];
  const logins: ExecutorLogin[] = [];
  let identity = "";
  const taken = async (lend: () => Promise<ExecutorLogin>) => {
    const login = await lent(lend, settings.warn);
    logins.push(login);
    return login;
  };
  const opened = async (login: ExecutorLogin) => {
    const connection = await openConnection({ login, database: act.database, settings: act.settings }, settings);
    held.push(connection);
    return connection;
  };
  try {
    const login = await taken(settings.login);
    const connection = await opened(login);
    identity = await identityOf(connection, login.upstream);
    demandRunnable(act, identity);
    const room = databaseRoom(settings, { login, connection }, act);
    if (room !== undefined) return await measureDatabase(room, identity, login.said);
    const untried = notTried(act);
    if (untried !== undefined) throw new NotMeasurable(untried, identity);
    const secret = await tellsTooMuch(connection, act);
    if (secret !== undefined) throw new NotMeasurable(secret, identity);
    const { clone } = settings;
    const place = clone === undefined ? login : await taken(clone);
    const trial = clone === undefined ? connection : await opened(place);
    const observer = await opened(place);
    if (place.actAs !== undefined) await observer.client.rows(`SET ROLE ${ident(place.actAs)}`);
    const on = clone === undefined ? "target" : "clone";
    return await tryOn(settings, { login: place, trial, observer, identity, on }, act);
  } catch (error) {
    if (error instanceof NotMeasurable) throw error;
    throw new NotMeasurable(`the executor cannot try it: ${messageOf(error)}`, identity, true);
  } finally {
    for (const { client } of held) client.close();
    for (const login of logins) login.end();
  }
}

function demandRunnable(act: ExecutorAct, identity: string): void {
  const never = neverRun(act);
  if (never !== undefined) throw new NotMeasurable(never, identity, true);
}

interface Place {
  readonly login: ExecutorLogin;
  readonly trial: Connection;
  readonly observer: Connection;
  readonly identity: string;
  readonly on: Measurement["on"];
}

async function tryOn(settings: ExecutorSettings, place: Place, act: ExecutorAct): Promise<Measured> {
  const { limits, clock } = settings;
  const { trial, observer, login, identity, on } = place;
  const startedMs = clock.monotonic();
  const watch = watchTrial({ trial, observer, ...limits, monotonic: () => clock.monotonic() });
  let tried: Tried;
  try {
    tried = await tryIt(settings, place, act, watch);
    await trial.client.rows("ROLLBACK");
  } catch (error) {
    throw refusing(error, identity, watch.because());
  } finally {
    watch.stop();
  }
  const elapsedMs = Math.round(clock.monotonic() - startedMs);
  const { reading, locks, samples, digests } = tried;
  const emptied = emptiedOf(reading.objects).map(({ name }) => name);
  const names = [...new Set([...reading.tables.map(({ table }) => table), ...emptied])];
  const sizes = await tableSizes(trial, names, limits.lockMs, () => clock.monotonic());
  const gone = new Map<string, readonly SampleRow[]>();
  for (const name of emptied.slice(0, EMPTIED_SAMPLED_MAX))
    gone.set(name, await anyRows(trial, name, { shown: settings.shown, rows: limits.samples, withinMs: SAMPLES_MS_MAX }));
  const tables = withEmptied(reading, sizes).map((each): TableChange => {
    const size = sizes.get(each.table);
    const rows = samples.get(each.table) ?? gone.get(each.table) ?? [];
    const rowsDigest = digests.get(each.table);
    const bound = rowsDigest === undefined ? {} : { rowsDigest };
    return { ...each, rowsBefore: size?.rows ?? null, bytes: size?.bytes ?? null, ...bound, samples: rows };
  });
  const measurement: Measurement = {
    tables,
    objects: reading.objects,
    locks: locks.map((lock) => ({ ...lock, heldMs: elapsedMs })),
    parts: reading.parts,
    elapsedMs,
    on,
    ...(tried.bin === undefined ? {} : { bin: tried.bin }),
  };
  const unmeasured = [...login.said, ...notSeen(act), ...notCounted(emptied, sizes)];
  const { undoKeepMs: keepMs } = settings;
  // A clone's journal says nothing about the target's.
  const kept = keepMs === undefined || on !== "target" ? {} : { kept: { tables: tried.kept, keepMs } };
  return { measurement, unmeasured, identity, ...kept };
}

interface Tried {
  readonly reading: Reading;
  readonly locks: readonly LockHeld[];
  readonly samples: ReadonlyMap<string, readonly SampleRow[]>;
  readonly digests: ReadonlyMap<string, string>;
  readonly kept: readonly string[];
  readonly bin: BinMeasure | undefined;
}

/** Samples and digests of rows are read while locks are held: neither longer than this, and no more tables than these. */
const SAMPLES_MS_MAX = 500;
const EMPTIED_SAMPLED_MAX = 20;

async function tryIt(settings: ExecutorSettings, place: Place, act: ExecutorAct, watch: TrialWatch): Promise<Tried> {
  const { limits, shown, clock } = settings;
  const { trial, observer, login } = place;
  const room = place.on === "target" ? await binRoom(settings, { login, connection: trial }, act) : undefined;
  const begun = await begin(trial, act, { ...limits, idleMs: limits.statementMs }, login.actAs);
  const [missing] = begun.missing;
  if (missing !== undefined)
    throw new TrialRefused(`the executor may not use schema \`${missing}\`, in which names of the act are looked for`);
  await room?.save();
  const answer = await send(trial, act);
  demandDone(answer);
  const began = (await room?.markOf(begun)) ?? begun;
  if ((await currentTransaction(trial)) !== began.transaction)
    throw new TrialRefused("it ended the transaction that it was tried in: nothing of it is let through");
  const reading = await read({ connection: trial, observer, began }, act, answer);
  demandGoing(watch);
  const locks = await locksOf(observer, trial.process);
  const open = { trial, observer, xid: began.xid, monotonic: () => clock.monotonic() };
  const left = () => Math.min(SAMPLES_MS_MAX, watch.leftMs());
  const samples = await samplesOf({ ...open, shown, rows: limits.samples, withinMs: left() }, reading.tables);
  const digests = await rowDigests({ ...open, withinMs: left() }, reading.tables);
  const kept = settings.undoKeepMs === undefined ? [] : await keptTables(trial, began.transaction);
  demandGoing(watch);
  const bin = place.on !== "target" ? await binUntried(settings, act) : room === undefined ? undefined : await binMeasure(room);
  demandGoing(watch);
  return { reading, locks, samples, digests, kept, bin };
}

function demandDone(answer: ActAnswer): void {
  if (answer.tooLong) throw new TrialRefused("its answer is longer than the executor keeps: ask for fewer rows");
  if (answer.error !== undefined) throw new ActRefused(answer.error.sqlstate, answer.error.because);
  if (answer.status !== IN_TRANSACTION) throw new TrialRefused("the transaction that it was tried in is over");
}

/** A cancel between two messages of ours meets nothing that runs. */
function demandGoing(watch: TrialWatch): void {
  const because = watch.because();
  if (because !== undefined) throw new TrialRefused(because);
}

function notCounted(emptied: readonly string[], sizes: ReadonlyMap<string, TableSize>): readonly string[] {
  return emptied
    .filter((name) => (sizes.get(name)?.rows ?? null) === null)
    .map((name) => `the rows of \`${name}\` were not counted: all of them would be gone`);
}

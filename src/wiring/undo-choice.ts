/**
 * From what a person names to transactions of one database: by the log, and by the journal where the log names none.
 * It opens no connection; the journal is asked through what is handed in.
 */
import { ControlRefusal } from "../control/parts.ts";
import type { WantedUndoPlan } from "../control/undo-port.ts";
import type { KeptTransaction } from "../model/recovery.ts";
import type { KeptFilter } from "../recovery/journal-read.ts";
import { rolesKey, type ToldSession, type ToldTransaction, type UndoStory } from "./undo-scope.ts";

export interface Choosing {
  readonly story: UndoStory;
  readonly targets: readonly string[];
  readonly databaseOf: (target: string) => string;
  readonly kept: (target: string, database: string, filter: KeptFilter) => Promise<readonly KeptTransaction[]>;
  /** When an act was let through and when it was over, by our clock; `undefined` for one that the log does not have. */
  readonly whenOf: (action: string) => Promise<{ readonly fromMs: number; readonly toMs: number } | undefined>;
}

export interface Chosen {
  readonly target: string;
  readonly database: string;
  /** All kept, the oldest first. */
  readonly transactions: readonly string[];
  /** Of these, what the log tells. */
  readonly told: readonly ToldTransaction[];
  readonly notes: readonly string[];
}

/** The server's clock and ours may differ by so much. */
const CLOCKS_MS = 2_000;

/** Rejects with `ControlRefusal` where nothing, or nothing single, is meant. */
export async function chosenOf(wanted: WantedUndoPlan, choosing: Choosing): Promise<Chosen> {
  const { what } = wanted;
  if (what.kind === "named") return byName(wanted, what.name, choosing);
  const target = onlyTarget(wanted.target, choosing);
  const database = wanted.database === "" ? choosing.databaseOf(target) : wanted.database;
  const filter = what.kind === "since" ? { sinceMs: what.sinceMs } : { transactions: what.transactions };
  const kept = await choosing.kept(target, database, filter);
  const missing = what.kind === "since" ? [] : what.transactions.filter((id) => kept.every(({ transaction }) => transaction !== id));
  return finished({ target, database, kept, missing, acts: undefined, choosing });
}

async function byName(wanted: WantedUndoPlan, name: string, choosing: Choosing): Promise<Chosen> {
  const meant = meaning(name, choosing.story);
  if (meant.act !== undefined && meant.told.length === 0) return byTime(meant.act, choosing);
  const places = new Map<string, { target: string; database: string }>();
  const add = (target: string, database: string | null) => {
    const place = { target, database: database ?? choosing.databaseOf(target) };
    places.set(JSON.stringify(place), place);
  };
  for (const { target, database } of [...meant.told, ...meant.sessions]) add(target, database);
  const fits = [...places.values()].filter(
    ({ target, database }) =>
      (wanted.target === "" || wanted.target === target) && (wanted.database === "" || wanted.database === database),
  );
  const [place, ...others] = fits;
  if (place === undefined) throw new ControlRefusal("not_found", nothingKnown(name), "see `holdfast undo list`");
  if (others.length > 0)
    throw new ControlRefusal(
      "conflict",
      `\`${name}\` did something in several places: ${fits.map(({ target, database }) => `${target}/${database}`).join(", ")}`,
      "give --target and --database",
    );
  const here = ({ target, database }: { target: string; database: string | null }) =>
    target === place.target && (database ?? choosing.databaseOf(target)) === place.database;
  const told = meant.told.filter(here).map(({ transaction }) => transaction);
  const byLog = told.length === 0 ? [] : await choosing.kept(place.target, place.database, { transactions: told });
  const bySession: KeptTransaction[] = [];
  for (const session of meant.sessions.filter(here)) bySession.push(...(await ofSession(session, choosing)));
  const kept = new Map([...byLog, ...bySession].map((each) => [each.transaction, each]));
  const missing = meant.told.filter((each) => here(each) && changedRows(each) && !kept.has(each.transaction));
  const acts = meant.act === undefined ? undefined : new Set([meant.act]);
  return finished({ ...place, kept: [...kept.values()], missing: missing.map(({ transaction }) => transaction), acts, choosing });
}

/** Where nobody read the transaction's id: the one of its session at its time, if there is but one. */
async function byTime(act: string, choosing: Choosing): Promise<Chosen> {
  const session = choosing.story.sessions.get(act.slice(0, act.lastIndexOf(".")));
  const when = session === undefined ? undefined : await choosing.whenOf(act);
  if (session === undefined || when === undefined) throw new ControlRefusal("not_found", nothingKnown(act), "see `holdfast undo list`");
  const near = (await ofSession(session, choosing)).filter(({ atMs }) => atMs >= when.fromMs - CLOCKS_MS && atMs <= when.toMs + CLOCKS_MS);
  if (near.length > 1)
    throw new ControlRefusal(
      "conflict",
      `the log does not say which transaction \`${act}\` was part of, and its session had several at that time: ${near.map(({ transaction }) => transaction).join(", ")}`,
      "give --transaction with the one that is meant, see `holdfast undo list`",
    );
  const { target, database } = session;
  const chosen = finished({ target, database, kept: near, missing: [], acts: undefined, choosing });
  const note = "the log does not say which transaction the act was part of: this is the only one of its session at that time";
  return { ...chosen, notes: [...chosen.notes, note] };
}

interface Meaning {
  readonly told: readonly ToldTransaction[];
  /** All of whose changes are meant. */
  readonly sessions: readonly ToldSession[];
  readonly act?: string;
}

function meaning(name: string, { sessions, transactions, runOf }: UndoStory): Meaning {
  if (/^s_[^.]+\.[0-9]+$/.test(name))
    return { told: transactions.filter(({ actions }) => actions.includes(name)), sessions: [], act: name };
  if (name.startsWith("q_")) return { told: transactions.filter(({ approval }) => approval === name), sessions: [] };
  if (name.startsWith("u_")) return { told: transactions.filter(({ undo }) => undo === name), sessions: [] };
  const own = [...sessions.values()].filter(({ session, run, principal }) => session === name || run === name || principal === name);
  const ids = new Set(own.map(({ session }) => session));
  const told = transactions.filter(
    ({ session, approval }) => (session !== undefined && ids.has(session)) || (approval !== undefined && runOf.get(approval) === name),
  );
  return { told, sessions: own };
}

/** The server's process and its role tell a session's transactions; another had the same process number before or after, at most. */
async function ofSession(session: ToldSession, { story, kept }: Choosing): Promise<readonly KeptTransaction[]> {
  const { serverProcess, openedMs, closedMs, target, database, principal } = session;
  if (serverProcess === undefined) return [];
  const roles = story.roles.get(rolesKey(target, principal));
  const own = roles === undefined ? {} : { roles: [...roles] };
  const found = await kept(target, database, { serverProcess, sinceMs: Math.max(0, openedMs - CLOCKS_MS), ...own });
  return found.filter(({ atMs }) => closedMs === null || atMs <= closedMs + CLOCKS_MS);
}

interface Finishing {
  readonly target: string;
  readonly database: string;
  readonly kept: readonly KeptTransaction[];
  readonly missing: readonly string[];
  /** The single acts that were asked for; their transactions may hold more. */
  readonly acts: ReadonlySet<string> | undefined;
  readonly choosing: Choosing;
}

function finished({ target, database, kept, missing, acts, choosing }: Finishing): Chosen {
  if (kept.length === 0)
    throw new ControlRefusal(
      "not_found",
      "no row images of that are kept: it changed no kept rows, or they were swept",
      "see `holdfast undo list`",
    );
  const transactions = kept.map(({ transaction }) => transaction).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  const chosen = new Set(transactions);
  const told = choosing.story.transactions.filter((each) => each.target === target && chosen.has(each.transaction));
  const notes: string[] = [];
  if (missing.length > 0)
    notes.push(
      `nothing is kept of ${missing.length === 1 ? "transaction" : "transactions"} ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? " ..." : ""}: it stays`,
    );
  for (const { transaction, actions } of told) {
    const more = acts === undefined ? [] : actions.filter((act) => !acts.has(act));
    if (more.length > 0)
      notes.push(
        `the act was part of transaction ${transaction}, which goes back as a whole: with it ${more.slice(0, 5).join(", ")}${more.length > 5 ? ` and ${more.length - 5} more acts` : ""}`,
      );
  }
  return { target, database, transactions, told, notes };
}

function changedRows({ tables }: ToldTransaction): boolean {
  return tables.some(({ inserted, updated, deleted }) => inserted + updated + deleted > 0);
}

function nothingKnown(name: string): string {
  return /^s_[^.]+\.[0-9]+$/.test(name)
    ? `the log names no committed transaction of act \`${name}\`: it changed nothing, or the target's meter is off; name its session instead`
    : `the log knows nothing of \`${name}\` that could be taken back`;
}

function onlyTarget(named: string, { targets }: Choosing): string {
  const [only] = targets;
  if (named !== "") return named;
  if (only !== undefined && targets.length === 1) return only;
  throw new ControlRefusal("bad_request", "there are several targets", `give --target with one of ${targets.join(", ")}`);
}

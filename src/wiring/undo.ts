/**
 * `holdfast undo` behind the control socket: finds what acts came to, shows what an undo would do, and has it done for a person who signed
 * that, with its intent durable before and its end recorded after.
 * Rows are the recovery part's matter, and who may sign the authority's.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { newUndoId, type RandomBytes, type UndoId } from "../base/ids.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import { ControlRefusal, type Signer } from "../control/parts.ts";
import type { UndoneView, UndoPlanView } from "../control/contract.ts";
import type { SignedUndo, UndoControl, WantedUndoPlan } from "../control/undo-port.ts";
import type { TableCount } from "../model/outcome.ts";
import type { KeptTransaction, UndoTable } from "../model/recovery.ts";
import { keptTransactions } from "../recovery/journal-read.ts";
import { carryOutUndo, planUndo, type UndoEnd, type UndoFound, UndoRefused, type UndoWanted } from "../recovery/undo/undo.ts";
import type { Executors } from "./executors.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import { type UndoConnection, withUndoConnection } from "./undo-connection.ts";
import { notUndone } from "./undo-notes.ts";
import { readUndoStory, timesOf, type UndoStory } from "./undo-scope.ts";
import { type Chosen, chosenOf, type Choosing } from "./undo-choice.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface UndosParts {
  readonly config: () => Config;
  readonly environment: EnvironmentVariables;
  readonly executors: Executors;
  readonly log: WatchedLog;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
}

/** Transactions that are listed at a time, the newest: older ones are found by what they did. */
const LISTED_MAX = 1_000;
/** A server that was lost is asked so often what became of an undo. */
const SETTLE_TRIES = 10;
const SETTLE_EVERY_MS = 500;

export class Undos implements UndoControl {
  readonly #parts: UndosParts;
  /** By target: an undo and a plan lock the same tables, and one waits for the other here and not at the server. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #used = new Set<string>();
  #closing = false;

  constructor(parts: UndosParts) {
    this.#parts = parts;
  }

  async kept(named: string): Promise<readonly KeptTransaction[]> {
    const target = this.#target(named);
    const story = await this.#story();
    const kept = await this.#at(target, this.#databaseOf(target), ({ client }) => keptTransactions(client));
    const told = new Map(story.transactions.filter((each) => each.target === target.name).map((each) => [each.transaction, each]));
    return kept.slice(0, LISTED_MAX).map((each) => {
      const { session, actions = [] } = told.get(each.transaction) ?? {};
      return {
        ...each,
        ...(session === undefined ? {} : { session: session as never }),
        ...(actions.length === 0 ? {} : { actions: actions as never }),
      };
    });
  }

  async plan(wanted: WantedUndoPlan): Promise<UndoPlanView> {
    const chosen = await this.#chosen(wanted);
    const target = this.#target(chosen.target);
    const { database, transactions, notes } = chosen;
    return this.#inTurn(target.name, async () => {
      const { found, said } = await this.#at(target, database, async (at) => ({
        found: await refusing(planUndo(at.client, this.#wanted(target, transactions, at))),
        said: at.said,
      }));
      const left = await notUndone(this.#parts.config().auditDirectory, chosen.told);
      const { tables, conflicts, digest, skipped, later } = found;
      const id = newUndoId(this.#parts.random);
      const plan = { id, target: target.name, database, transactions, tables, conflicts, notUndone: left, digest };
      return { plan, skipped, later, notes: [...notes, ...said] };
    });
  }

  async undo(signed: SignedUndo, by: Signer): Promise<UndoneView> {
    const target = this.#target(signed.target);
    demandMay(target, by);
    const { log } = this.#parts;
    if (!log.writable) throw new ControlRefusal("unavailable", "the audit log cannot be written: nothing is taken back");
    if (this.#used.has(signed.undo)) throw new ControlRefusal("conflict", `undo \`${signed.undo}\` was begun already`, "look at it again");
    this.#used.add(signed.undo);
    return this.#inTurn(target.name, async () => {
      const begun = { is: false };
      try {
        const end = await this.#at(target, signed.database, (at) => this.#carryOut(signed, by, { target, at, begun }));
        return await this.#ended(signed, end, target);
      } catch (error) {
        // What was begun has an end on record, whatever it was.
        if (begun.is) this.#done(signed.undo, { how: "failed", because: messageOf(error) });
        throw error;
      }
    });
  }

  #carryOut(
    signed: SignedUndo,
    by: Signer,
    { target, at, begun }: { readonly target: TargetConfig; readonly at: UndoConnection; readonly begun: { is: boolean } },
  ): Promise<UndoEnd> {
    const { log } = this.#parts;
    const { undo, database, transactions, digest, skipConflicts } = signed;
    const begin = async (transaction: string): Promise<void> => {
      const what = { target: target.name, database, transactions, planDigest: digest, skipConflicts, transaction };
      log.log.append({ kind: "undo_started", undo: undo as UndoId, ...what, person: by.person.name, nonce: by.nonce });
      begun.is = true;
      await log.log.seal();
    };
    return refusing(
      carryOutUndo(at.client, this.#wanted(target, transactions, at), { fits: (found) => found.digest === digest, skipConflicts, begin }),
    );
  }

  async #ended(signed: SignedUndo, end: UndoEnd, target: TargetConfig): Promise<UndoneView> {
    const { undo } = signed;
    const { tables, skipped } = end.found;
    const view = { undo, tables, skipped, transaction: null, because: "" };
    if (end.kind === "stale") return { ...view, outcome: "stale", because: "rows have changed since it was shown: look at it again" };
    if (end.kind === "conflicts") return { ...view, outcome: "conflicts", because: "there are conflicts" };
    const { transaction } = end;
    const how = end.kind === "done" ? "committed" : await this.#became(target, signed.database, transaction);
    if (how === "committed") {
      this.#done(undo, { how: "done", found: end.found, transaction });
      await this.#parts.log.log.seal();
      return { ...view, outcome: "done", transaction };
    }
    const because = end.kind === "unknown" ? end.because : "";
    if (how === "aborted") {
      this.#done(undo, { how: "failed", because });
      throw new ControlRefusal("conflict", `the server rolled it back: ${because}`, "look at it again");
    }
    this.#done(undo, { how: "unknown", because, transaction });
    return { ...view, outcome: "unknown", transaction, because };
  }

  /** Undos that a crash cut off: what became of each is asked of its server. Never rejects; the next start asks again. */
  async settle(): Promise<void> {
    const story = await this.#story().catch(() => undefined);
    for (const [undo, { target: name, database, own, end }] of story?.undos ?? []) {
      this.#used.add(undo);
      const target = this.#parts.config().targets.find((each) => each.name === name);
      if (own === null || (end !== undefined && end !== "unknown") || target === undefined) continue;
      const how = await this.#became(target, database, own);
      if (how === "unknown") this.#parts.warn(`target \`${name}\`: whether undo ${undo} was done is not known: its server does not say`);
      else if (how === "committed") this.#done(undo, { how: "done", transaction: own, because: "asked after a restart" });
      else this.#done(undo, { how: "failed", because: "the server rolled it back when Holdfast died" });
    }
  }

  /** What is under way comes to its end. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#turns.values());
  }

  async #became(target: TargetConfig, database: string, transaction: string): Promise<"committed" | "aborted" | "unknown"> {
    const executor = this.#parts.executors.of(target.name);
    for (let tries = 0; tries < SETTLE_TRIES && !this.#closing; tries++) {
      const status = await executor?.reconcile(database, transaction).catch(() => undefined);
      if (status === "committed" || status === "aborted") return status;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_EVERY_MS));
    }
    return "unknown";
  }

  #done(
    undo: string,
    {
      how,
      found,
      transaction = null,
      because = "",
    }: {
      readonly how: "done" | "failed" | "unknown";
      readonly found?: UndoFound;
      readonly transaction?: string | null;
      readonly because?: string;
    },
  ): void {
    const { log } = this.#parts;
    const tables = (found?.tables ?? []).map(countOf);
    const skipped = found?.skipped ?? 0;
    // A log that is broken refuses every act by itself.
    if (log.writable) log.log.append({ kind: "undo_done", undo: undo as UndoId, how, tables, skipped, transaction, because });
  }

  async #chosen(wanted: WantedUndoPlan): Promise<Chosen> {
    const { config } = this.#parts;
    const targets = config().targets.map(({ name }) => name);
    const choosing: Choosing = {
      whenOf: (action) => timesOf(config().auditDirectory, action),
      story: await this.#story(),
      targets,
      databaseOf: (name) => this.#databaseOf(this.#target(name)),
      kept: (name, database, filter) => this.#at(this.#target(name), database, ({ client }) => keptTransactions(client, filter)),
    };
    return chosenOf(wanted, choosing);
  }

  #story(): Promise<UndoStory> {
    return readUndoStory(this.#parts.config().auditDirectory);
  }

  #wanted(target: TargetConfig, transactions: readonly string[], { actAs }: UndoConnection): UndoWanted {
    const { lockMs, runMs, shown } = target.plan;
    const named = (list: readonly string[], table: string, column: string) => {
      const plain = table.replaceAll('"', "");
      return list.includes(`${plain}.${column}`) || list.includes(`${plain}.*`);
    };
    const mayShow = (table: string, column: string) => !named(shown.secret, table, column) && named(shown.public, table, column);
    return { transactions, limits: { lockMs, statementMs: runMs }, mayShow, ...(actAs === undefined ? {} : { actAs }) };
  }

  async #at<T>(target: TargetConfig, database: string, use: (at: UndoConnection) => Promise<T>): Promise<T> {
    const login = await this.#parts.executors.login(target.name)?.catch((error: unknown) => {
      this.#parts.warn(`target \`${target.name}\`: undo has no login: ${messageOf(error)}`);
    });
    if (login === undefined) throw new ControlRefusal("unavailable", "Holdfast has no login at the server: its operator is told why");
    try {
      return await withUndoConnection(login, database, use);
    } catch (error) {
      throw error instanceof ControlRefusal ? error : toldOf(error);
    }
  }

  #target(named: string): TargetConfig {
    const { targets } = this.#parts.config();
    const [only] = targets;
    if (named === "" && only !== undefined && targets.length === 1) return only;
    const found = targets.find(({ name }) => name === named);
    if (found !== undefined) return found;
    const known = targets.map(({ name }) => name).join(", ");
    throw new ControlRefusal(
      "not_found",
      named === "" ? "there are several targets" : `no target is named \`${named}\``,
      `give --target with one of ${known}`,
    );
  }

  #databaseOf({ upstream }: TargetConfig): string {
    const resolved = resolveUpstreamAddress(upstream, this.#parts.environment);
    if ("message" in resolved) throw new ControlRefusal("unavailable", resolved.message);
    return resolved.upstream.database ?? resolved.upstream.role;
  }

  async #inTurn<T>(target: string, task: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new ControlRefusal("unavailable", "Holdfast is shutting down");
    const before = this.#turns.get(target) ?? Promise.resolve();
    const turn = before.then(task, task);
    this.#turns.set(
      target,
      turn.catch(() => undefined),
    );
    return turn;
  }
}

function demandMay({ name, environment }: TargetConfig, { person }: Signer): void {
  if (person.approves.includes(environment)) return;
  const may = person.approves.join(", ") || "nothing";
  throw new ControlRefusal("not_allowed", `\`${person.name}\` may decide about ${may}, and target \`${name}\` is ${environment}`);
}

async function refusing<T>(task: Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (error) {
    throw error instanceof UndoRefused ? new ControlRefusal("conflict", error.message) : error;
  }
}

/** The server's words without its details, which hold values. */
function toldOf(error: unknown): ControlRefusal {
  const { code } = error as { code?: unknown };
  if (code === "55P03")
    return new ControlRefusal(
      "conflict",
      "others hold a table that would be undone: nothing was changed",
      "try again, or set `plan.lock` higher",
    );
  if (code === "3F000" || code === "42P01")
    return new ControlRefusal("conflict", "no row images are kept in this database", "run `holdfast provision` with `undo` in force");
  return new ControlRefusal("conflict", `nothing was changed: ${messageOf(error)}`);
}

function countOf({ table, inserted, updated, deleted }: UndoTable): TableCount {
  return { table, inserted, updated, deleted, truncated: 0 };
}

/**
 * Takes a recovery point when a destructive act is let through, and has its record durable before the act's effect can be.
 * Where no point can be had within its time, the record says why; that stops an act only where policy demands the point. Acts that lose
 * nothing cost one look-up.
 */
import { messageOf } from "../base/message-of.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import type { Action } from "../model/action.ts";
import type { Obligation, Reason } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Admission, Approved, Capabilities } from "../pipeline/guard.ts";
import type { OpenGuard } from "../pipeline/open-guard.ts";
import type { JudgedAct, SessionGate } from "../pipeline/session-gate.ts";
import { type PointTaken, takeRecoveryPoint, wantsPoint } from "../recovery/points.ts";
import { type RecoveryClient, recoveryClient } from "./recovery-client.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface PointsParts {
  readonly config: Config;
  readonly environment: EnvironmentVariables;
  readonly log: WatchedLog;
  readonly warn: (message: string) => void;
}

/** A statement waits so long at most for the point before it. */
const POINT_MS_MAX = 2_000;

export class RecoveryPoints {
  readonly #parts: PointsParts;
  readonly #targets: ReadonlyMap<string, TargetConfig>;
  readonly #clients = new Map<string, Promise<RecoveryClient>>();
  readonly #pending = new Set<Promise<void>>();
  /** What was judged once is used for many acts. */
  readonly #wanting = new WeakMap<readonly Effect[], boolean>();
  /** Of acts that do not run without one, until they are admitted. */
  readonly #demanded = new Map<Action["id"], Promise<PointTaken>>();
  /** Targets of which policy demanded one: their acts are never admitted without waiting for it. */
  readonly #demanding = new Set<string>();
  #closed = false;

  constructor(parts: PointsParts) {
    this.#parts = parts;
    // Without a backup there is nothing that a position could be used with.
    this.#targets = new Map(
      parts.config.targets.flatMap((target) => (target.backup === undefined ? [] : [[target.name, target] as const])),
    );
  }

  /** The same gate, which notes what it lets through. */
  watching(gate: SessionGate): SessionGate {
    const admit: SessionGate["admit"] = (action, judged, asks) => {
      const gated = gate.admit(action, judged, asks);
      if (gated.refused === undefined) this.#admitted(action, judged, gated.obligations);
      return gated;
    };
    return new Proxy(gate, { get: (of, name) => (name === "admit" ? admit : boundOf(of, name as keyof SessionGate)) });
  }

  /**
   * The same guard, whose seal waits for the points under way: then their records are sealed with the intents. What policy demands a point
   * for is admitted once that is there, and denied where it cannot be had.
   */
  keeping(guard: OpenGuard): OpenGuard {
    const seal = async () => {
      if (this.#pending.size > 0) await Promise.all(this.#pending);
      return guard.seal();
    };
    return {
      ...guard,
      seal,
      admit: async (action, can) => this.#withPoint(guard, action, await guard.admit(action, can)),
      // Whatever was judged before came by `admit` first, and the demand with it.
      admitNow: (action, can) => (this.#demanding.has(action.target.name) ? undefined : guard.admitNow(action, can)),
      admitApproved: async (action, can, approved) =>
        this.#withPoint(guard, action, await admittedOnApproval(guard, action, can, approved)),
      policyChanged: () => {
        this.#demanding.clear();
        guard.policyChanged();
      },
    };
  }

  async #withPoint(guard: OpenGuard, { id }: Action, admission: Admission): Promise<Admission> {
    const asked = this.#demanded.get(id);
    this.#demanded.delete(id);
    if (asked === undefined || admission.kind !== "allow") return admission;
    const point = await asked;
    if (point.lsn !== null) return admission;
    guard.settle(admission, { status: "failed", code: "obligation_unfulfilled", measured: { elapsedMs: 0 } });
    return { kind: "deny", id, reason: pointless, statements: admission.statements };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#pending);
    for (const opening of this.#clients.values()) await opening.then(({ client }) => client.end()).catch(() => undefined);
    this.#clients.clear();
  }

  #admitted(action: Action, { decision, effects, readOnly }: JudgedAct, more: readonly Obligation[]): void {
    const target = this.#targets.get(action.target.name);
    if (readOnly || decision.kind !== "allow") return;
    if ([...decision.obligations, ...more].some(({ kind }) => kind === "recovery_point")) return this.#demand(target, action);
    if (target === undefined || this.#closed) return;
    let wanted = this.#wanting.get(effects);
    if (wanted === undefined) {
      wanted = wantsPoint(effects, decision, undoKept(target));
      this.#wanting.set(effects, wanted);
    }
    if (!wanted) return;
    this.#begin(target, action);
  }

  #demand(target: TargetConfig | undefined, action: Action): void {
    this.#demanding.add(action.target.name);
    const none: PointTaken = { lsn: null, name: null, because: this.#closed ? "Holdfast stops" : "the target has no `backup`" };
    const point = target === undefined || this.#closed ? Promise.resolve(none) : this.#begin(target, action);
    this.#demanded.set(action.id, point);
    if (target === undefined)
      this.#parts.warn(`target \`${action.target.name}\`: policy demands a recovery point, and it has no \`backup\``);
  }

  #begin(target: TargetConfig, action: Action): Promise<PointTaken> {
    const point = this.#take(target, action);
    const taking = point.then(
      () => void this.#pending.delete(taking),
      () => void this.#pending.delete(taking),
    );
    this.#pending.add(taking);
    return point;
  }

  async #take(target: TargetConfig, { id }: Action): Promise<PointTaken> {
    const { log } = this.#parts;
    const late: PointTaken = { lsn: null, name: null, because: `the server did not answer within ${POINT_MS_MAX} ms` };
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<PointTaken>((resolve) => {
      timer = setTimeout(resolve, POINT_MS_MAX, late);
    });
    const point = await Promise.race([this.#ask(target, id), limit]);
    clearTimeout(timer);
    if (point === late) this.#forget(target.name);
    // A log that is broken refuses the act by itself.
    if (log.writable) log.log.append({ kind: "recovery_point", target: target.name, action: id, ...point });
    return point;
  }

  async #ask(target: TargetConfig, id: Action["id"]): Promise<PointTaken> {
    try {
      const { client } = await this.#client(target);
      const point = await takeRecoveryPoint(client, id);
      if (point.lsn === null) this.#forget(target.name);
      return point;
    } catch (error) {
      this.#forget(target.name);
      return { lsn: null, name: null, because: messageOf(error) };
    }
  }

  #client(target: TargetConfig): Promise<RecoveryClient> {
    const known = this.#clients.get(target.name);
    if (known !== undefined) return known;
    const opening = recoveryClient(target, this.#parts.environment);
    this.#clients.set(target.name, opening);
    return opening;
  }

  /** The next act tries a connection of its own. */
  #forget(name: string): void {
    const client = this.#clients.get(name);
    this.#clients.delete(name);
    void client?.then((opened) => opened.client.end()).catch(() => undefined);
  }
}

const pointless: Reason = {
  code: "obligation_unfulfilled",
  message: "the permission asks for a recovery point before it, and none could be taken: nothing has run",
  next: "try again later, or tell Holdfast's operator: the audit log has the cause",
};

/** A guard that knows no approvals is asked by nobody. */
function admittedOnApproval(guard: OpenGuard, action: Action, can: Capabilities, approved: Approved): Promise<Admission> {
  return guard.admitApproved?.(action, can, approved) ?? guard.admit(action, can);
}

function boundOf(gate: SessionGate, name: keyof SessionGate): unknown {
  const value: unknown = gate[name];
  return typeof value === "function" ? value.bind(gate) : value;
}

/** Kept by triggers that provisioning made: where sessions have roles of their own. */
function undoKept({ undo, roles }: TargetConfig): (table: string) => boolean {
  const excluded = new Set(undo.exclude);
  return (table) => undo.enabled && roles !== undefined && !excluded.has(table);
}

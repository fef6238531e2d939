/**
 * Takes a recovery point when a destructive act is let through, and has its record durable before the act's effect can be.
 * It stops no act: where no point can be had within its time, the record says why. Acts that lose nothing cost one look-up.
 */
import { messageOf } from "../base/message-of.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import type { Action } from "../model/action.ts";
import type { Effect } from "../model/effect.ts";
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
    if (this.#targets.size === 0) return gate;
    const admit: SessionGate["admit"] = (action, judged, asks) => {
      const gated = gate.admit(action, judged, asks);
      if (gated.refused === undefined) this.#admitted(action, judged);
      return gated;
    };
    return new Proxy(gate, { get: (of, name) => (name === "admit" ? admit : boundOf(of, name as keyof SessionGate)) });
  }

  /** The same guard, whose seal waits for the points under way: then their records are sealed with the intents. */
  sealing(guard: OpenGuard): OpenGuard {
    if (this.#targets.size === 0) return guard;
    const seal = async () => {
      if (this.#pending.size > 0) await Promise.all(this.#pending);
      return guard.seal();
    };
    return { ...guard, seal };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#pending);
    for (const opening of this.#clients.values()) await opening.then(({ client }) => client.end()).catch(() => undefined);
    this.#clients.clear();
  }

  #admitted(action: Action, { decision, effects, readOnly }: JudgedAct): void {
    const target = this.#targets.get(action.target.name);
    if (readOnly || target === undefined || decision.kind !== "allow" || this.#closed) return;
    let wanted = this.#wanting.get(effects);
    if (wanted === undefined) {
      wanted = wantsPoint(effects, decision, undoKept(target));
      this.#wanting.set(effects, wanted);
    }
    if (!wanted) return;
    const taking = this.#take(target, action).finally(() => this.#pending.delete(taking));
    this.#pending.add(taking);
  }

  async #take(target: TargetConfig, { id }: Action): Promise<void> {
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

function boundOf(gate: SessionGate, name: keyof SessionGate): unknown {
  const value: unknown = gate[name];
  return typeof value === "function" ? value.bind(gate) : value;
}

/** Kept by triggers that provisioning made: where sessions have roles of their own. */
function undoKept({ undo, roles }: TargetConfig): (table: string) => boolean {
  const excluded = new Set(undo.exclude);
  return (table) => undo.enabled && roles !== undefined && !excluded.has(table);
}

/**
 * Joins what carries acts out to the gateway: executors, plans and their applying, and the settling of uses whose end nobody saw.
 * Who may, and on what, is decided by the parts that it joins.
 */
import type { RelayParts } from "../adapters/postgres/relay.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { SqlAnalyser } from "../effects/analyse.ts";
import { usualApprovalRules } from "../model/approval-rules.ts";
import type { Guard } from "../pipeline/guard.ts";
import type { ApprovalDesk } from "./approval-desk.ts";
import type { BinDoors } from "./bin-doors.ts";
import { carriedOutApart, deskUnlessBroken } from "./break-glass-place.ts";
import type { ControlSessions } from "./control-sessions.ts";
import { type Executors, openExecutors } from "./executors.ts";
import type { PlanPlace } from "./plan-parts.ts";
import { Plans } from "./plans.ts";
import { Reconciler } from "./reconcile-uses.ts";
import type { RunControl } from "./run-control.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import { Undos } from "./undo.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface PlanningParts {
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
  readonly instance: string;
  readonly log: WatchedLog;
  readonly guard: Guard;
  readonly analyser: SqlAnalyser;
  readonly approvals: ApprovalDesk;
  readonly runs: RunControl;
  readonly bins: BinDoors;
}

/** What the server has not said is asked again after so long. */
const RECONCILE_EVERY_MS = 2_000;

export class Planning {
  readonly executors: Executors;
  readonly undo: Undos;
  readonly #parts: PlanningParts;
  readonly #config: Config;
  readonly #places = new Map<string, PlanPlace>();
  #plans: Plans | undefined;
  readonly #reconciler: Reconciler;

  /** Before anything is carried out: what runs now was begun by a process before this one. */
  constructor(config: Config, parts: PlanningParts) {
    this.#config = config;
    this.#parts = parts;
    const { environment, clock, random, instance, warn, log, approvals, bins } = parts;
    this.executors = openExecutors(config, {
      environment,
      clock,
      random,
      instance,
      warn,
      bins,
      record: (target, event) => {
        // A log that is broken refuses every act by itself; a role that ends must end all the same.
        if (log.writable) log.log.append({ ...event, target });
      },
    });
    this.undo = new Undos({ config: () => config, environment, executors: this.executors, log, clock, random, warn });
    this.#reconciler = new Reconciler({
      desk: approvals.desk,
      executor: (target) => this.executors.of(target),
      warn,
      everyMs: RECONCILE_EVERY_MS,
    });
  }

  /** One target is served: acts can be planned there. */
  serve(place: Omit<PlanPlace, "executor" | "triedOn">): void {
    const { name } = place.target;
    const executor = this.executors.of(name);
    const triedOn = this.#config.targets.find((each) => each.name === name)?.plan.clone === undefined ? "target" : "clone";
    if (executor !== undefined) this.#places.set(name, { ...place, executor, triedOn });
  }

  /** For whoever relays: where what is held is presented, and what carries it out. */
  held(target: string): Pick<RelayParts, "held"> {
    const executor = this.executors.of(target);
    if (executor === undefined) return {};
    const { desk } = this.#parts.approvals;
    const at = this.#config.targets.find(({ name }) => name === target);
    const toleranceRows = () => (this.#config.approvals ?? usualApprovalRules).toleranceRows;
    const apart = at !== undefined && carriedOutApart(at);
    return { held: { approvals: apart ? deskUnlessBroken(desk, { ...this.#parts, toleranceRows }) : desk, executor } };
  }

  /** What the control socket offers of it. */
  control(sessions: Pick<ControlSessions, "inside">): Plans {
    const { clock, random, guard, analyser, approvals } = this.#parts;
    this.#plans = new Plans({
      clock,
      random,
      guard,
      analyser,
      desk: approvals.desk,
      place: (target) => this.#place(target),
      inside: (session, token) => sessions.inside(session, token),
      ...approvals.terms(),
    });
    return this.#plans;
  }

  /** Asks what became of uses that an earlier process left open; goes on by itself until each is settled. */
  settle(): void {
    void this.#reconciler.look();
    void this.undo.settle();
  }

  /** Another gateway on the same store is dead: what became of the uses that it began is asked here. */
  inherit(gateway: string): void {
    void this.#reconciler.inherit(gateway);
  }

  /** What is under way gets as long as statements do. */
  async close(): Promise<void> {
    await this.#plans?.close(this.#config.shutdownMs);
    await this.undo.close();
    await this.#reconciler.close();
    await this.executors.close();
  }

  #place(target: string): PlanPlace | undefined {
    const [only, ...others] = this.#places.values();
    if (target === "" && others.length === 0) return only;
    const known = this.#config.targets.some(({ name }) => name === target);
    if (known && !this.#places.has(target)) throw new ControlRefusal("unavailable", `target \`${target}\` is not served yet`, "try again");
    return this.#places.get(target);
  }
}

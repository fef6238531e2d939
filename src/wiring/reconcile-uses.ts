/**
 * Finds out what became of uses whose end nobody saw: the gateway died, or the server was lost in the middle. It asks the server about the
 * transaction that was recorded before anything was sent.
 * It runs nothing again: a use ends as used, as not having taken place, or stays unknown.
 */
import { messageOf } from "../base/message-of.ts";
import type { Executor } from "../adapters/postgres/executor/port.ts";
import type { Approval } from "../model/approval.ts";

type Found = Awaited<ReturnType<Executor["reconcile"]>>;

export interface ReconcileParts {
  readonly desk: {
    /** Of this gateway, and of those that are dead: begun, and without an end. */
    running(dead?: ReadonlySet<string>): readonly Approval[];
    /** Without effect where another attempt than this one is under way. */
    settle(id: string, how: "used" | "stale" | "unknown" | "not_reached", because: string, attempt: string): Promise<void>;
    onChange(changed: (approval: Approval) => void): () => void;
  };
  readonly executor: (target: string) => Executor | undefined;
  readonly warn: (message: string) => void;
  /** Between two times that the server is asked about what is not settled. */
  readonly everyMs: number;
}

/** A transaction of a connection that is gone ends soon: so often it is asked before it counts as unknown. */
const TRIES_UNTIL_UNKNOWN = 3;

export class Reconciler {
  readonly #parts: ReconcileParts;
  readonly #tries = new Map<string, number>();
  /** Gateways on the same store whose uses fell to this one, and the attempts that did. */
  readonly #dead = new Set<string>();
  readonly #inherited = new Map<string, string>();
  #open: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;
  readonly #endWatch: () => void;

  /** What is running now was begun by a process before this one: call it before anything is carried out. */
  constructor(parts: ReconcileParts) {
    this.#parts = parts;
    this.#open = parts.desk.running().map(({ id }) => id);
    this.#endWatch = parts.desk.onChange((approval) => this.#changed(approval));
  }

  /** Resolves when the server was asked about everything that is open once. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The gateway is dead: what it began and left open is looked into here. Never rejects. */
  inherit(gateway: string): Promise<void> {
    this.#dead.add(gateway);
    for (const { id, use } of this.#parts.desk.running(this.#dead)) {
      if (use?.gateway !== gateway) continue;
      this.#inherited.set(id, use.attempt);
      if (!this.#open.includes(id)) this.#open = [...this.#open, id];
    }
    return this.look();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#endWatch();
    await this.#looking;
  }

  /** A use of this process whose end was not seen; what is still being carried out is nobody's to look into. */
  #changed({ id, state }: Approval): void {
    if (state !== "unknown" || this.#open.includes(id) || !this.#parts.desk.running().some((own) => own.id === id)) return;
    this.#open = [...this.#open, id];
    this.#later();
  }

  async #look(): Promise<void> {
    const running = this.#parts.desk.running(this.#dead);
    for (const id of this.#open) {
      const found = running.find((each) => each.id === id);
      // Whoever was taken for dead may be back, and at it again: that is its own.
      const attempt = this.#inherited.get(id) ?? found?.use?.attempt;
      const approval = found?.use?.attempt === attempt ? found : undefined;
      const settled = approval === undefined || (await this.#settled(approval).catch((error: unknown) => this.#failed(id, error)));
      if (settled) this.#forget(id);
    }
    this.#later();
  }

  #later(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#open.length === 0) return;
    this.#timer = setTimeout(() => void this.look(), this.#parts.everyMs).unref();
  }

  /** True when nothing more can be found out. */
  async #settled({ id, plan, use, state }: Approval): Promise<boolean> {
    const { desk } = this.#parts;
    if (use === undefined) return true;
    if (use.transaction === null) {
      if (state === "running")
        await desk.settle(id, "unknown", "it ran outside a transaction, and nobody saw how it ended: look at the data", use.attempt);
      return true;
    }
    const found = await this.#asked(plan.target.name, plan.target.database, use.transaction);
    const tries = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, tries);
    switch (found) {
      case "committed":
        await desk.settle(id, "used", `the server says that transaction ${use.transaction} is committed`, use.attempt);
        return true;
      case "aborted":
        await desk.settle(id, "not_reached", `the server says that transaction ${use.transaction} is rolled back`, use.attempt);
        return true;
      case "unknown":
      case "in progress":
      case "not asked": {
        const because = found === "unknown" ? "the server does not know its transaction any more" : "the server has not said how it ended";
        if (state === "running" && (found === "unknown" || tries >= TRIES_UNTIL_UNKNOWN))
          await desk.settle(id, "unknown", because, use.attempt);
        return found === "unknown";
      }
    }
  }

  async #asked(target: string, database: string, transaction: string): Promise<Found | "not asked"> {
    const executor = this.#parts.executor(target);
    if (executor === undefined) return "not asked";
    return executor.reconcile(database, transaction).catch(() => "not asked" as const);
  }

  #failed(id: string, error: unknown): boolean {
    this.#parts.warn(`approval \`${id}\` could not be settled: ${messageOf(error)}`);
    return false;
  }

  #forget(id: string): void {
    this.#open = this.#open.filter((each) => each !== id);
    this.#inherited.delete(id);
    this.#tries.delete(id);
  }
}

/**
 * One grant while it is open or being taken back: what rests on it, and what is left of it.
 * It decides nothing about who may give it and runs nothing at the server.
 */
import type { ActionId, GrantId, SessionId } from "../base/ids.ts";
import type { Effect } from "../model/effect.ts";
import type { Grant, GrantFact } from "../model/grant.ts";
import type { TableCount } from "../model/outcome.ts";
import { coveredDetail } from "../model/grant.ts";
import { RowPool } from "./row-pool.ts";
import { rowsOf } from "./live-run.ts";

/**
 * `open`: acts may rest on it. `spent`: no more of them, those under way may end. `over`: it is being taken back, or is.
 */
export type GrantPhase = "open" | "spent" | "over";

export class LiveGrant {
  readonly #grant: Grant;
  phase: GrantPhase = "open";
  because: string | undefined;
  uses = 0;
  readonly rows: RowPool;
  /** Acts that count as uses and have no outcome yet. */
  readonly #acts = new Set<ActionId>();
  /** Connections whose open transaction has used it. */
  readonly #open = new Set<SessionId>();

  constructor(grant: Grant) {
    this.#grant = grant;
    this.rows = new RowPool(grant.rowsMax);
  }

  get id(): GrantId {
    return this.#grant.id;
  }

  get given(): Grant {
    return this.#grant;
  }

  get fact(): GrantFact {
    const { id, tables, operations, sequences } = this.#grant;
    return { id, tables, operations, sequences };
  }

  snapshot(): Grant {
    const over = this.phase === "over";
    const because = this.because === undefined ? {} : { because: this.because };
    return { ...this.#grant, ...because, uses: this.uses, rows: this.rows.used, state: over ? "lapsed" : "open" };
  }

  /** Whether the effect is one that the server lets through because of it. */
  touches({ operation, resource, detail }: Effect): boolean {
    if (operation === "unknown") return true;
    return this.#grant.tables.includes(resource.name) && this.#grant.operations.some((each) => coveredDetail(each, detail));
  }

  /** One more act rests on it. */
  use(action: ActionId, session: SessionId): void {
    this.uses += 1;
    this.#acts.add(action);
    this.#open.add(session);
    const { usesMax } = this.#grant;
    if (usesMax !== null && this.uses >= usesMax) this.spend(`its ${usesMax} statements are used`);
  }

  spend(because: string): void {
    if (this.phase !== "open") return;
    this.phase = "spent";
    this.because = because;
  }

  /** True when the act had counted. One that was never sent gives its place back. */
  settled(action: ActionId, sent: boolean): boolean {
    if (!this.#acts.delete(action)) return false;
    if (!sent) {
      this.uses -= 1;
      const { usesMax } = this.#grant;
      if (this.phase === "spent" && usesMax !== null && this.uses < usesMax && this.rows.used < this.rows.max) {
        this.phase = "open";
        this.because = undefined;
      }
    }
    return true;
  }

  /** Rows of a transaction that may have used it: of its own tables where the server's counts are known, else all. */
  charge(session: SessionId, rows: number, tables: readonly TableCount[] | undefined): void {
    if (!this.#open.has(session)) return;
    this.rows.charge(tables === undefined ? rows : rowsOf(tables));
    if (this.rows.used >= this.rows.max) this.spend(`its ${this.rows.max} rows are changed`);
  }

  idle(session: SessionId): void {
    this.#open.delete(session);
    this.rows.release(session);
  }

  /** Connections with an open transaction that has used it. */
  get users(): readonly SessionId[] {
    return [...this.#open];
  }

  /** Nothing that rests on it is under way. */
  get quiet(): boolean {
    return this.#open.size === 0 && this.#acts.size === 0;
  }
}

/**
 * A stand-in for the control store's approvals, in memory: as quick as a property test needs, and made to fail when it is told to.
 * `desk-histories.test.ts` runs the store's own contract over it.
 */
import type { ApprovalStore } from "../../src/approvals/desk-ports.ts";
import type { ApprovalId } from "../../src/base/ids.ts";
import type { Approval } from "../../src/model/approval.ts";
import { StoreUnavailable } from "../../src/store/port.ts";

export type NextWrite = "works" | "fails" | "fails though it persisted";

export class StandInStore implements ApprovalStore {
  readonly rows = new Map<ApprovalId, string>();
  /** Every row that ever was, for whoever puts an old one back. */
  readonly past: (readonly [ApprovalId, string])[] = [];
  next: NextWrite = "works";
  readonly #listeners = new Set<(id: ApprovalId) => void>();

  async changeApproval(approval: Approval): Promise<boolean> {
    await turn();
    const how = this.next;
    this.next = "works";
    if (how === "fails") throw new StoreUnavailable("the write failed");
    const before = this.#row(approval.id);
    const fits = before === undefined ? approval.revision === 0 : approval.revision === before.revision + 1;
    if (fits) this.rows.set(approval.id, JSON.stringify(approval));
    if (fits) this.past.push([approval.id, JSON.stringify(approval)]);
    if (fits) for (const listener of this.#listeners) queueMicrotask(() => listener(approval.id));
    await turn();
    if (how === "fails though it persisted") throw new StoreUnavailable("the reply was lost");
    return fits;
  }

  async approval(id: ApprovalId): Promise<Approval | undefined> {
    await turn();
    return this.#row(id);
  }

  async approvals(): Promise<readonly Approval[]> {
    await turn();
    return [...this.rows.keys()].flatMap((id) => this.#row(id) ?? []);
  }

  onApproval(changed: (id: ApprovalId) => void): () => void {
    const own = (id: ApprovalId): void => changed(id);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  #row(id: ApprovalId): Approval | undefined {
    const text = this.rows.get(id);
    return text === undefined ? undefined : (JSON.parse(text) as Approval);
  }
}

/** As a real store's answer comes: never at once, so that others get in between. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Every approval as the store last told it, changed by comparing and setting, with whoever waits for a change.
 * It does not know which changes may be; what stands in the store is no authority.
 */
import { messageOf } from "../base/message-of.ts";
import { canonicalJson } from "../base/canonical.ts";
import type { ApprovalId } from "../base/ids.ts";
import type { Approval, ApprovalState } from "../model/approval.ts";
import { actKey, actOf, planDigest } from "./plan-digest.ts";
import type { ApprovalStore } from "./desk-ports.ts";

/** Where each state may lead. */
const leadsTo: Readonly<Record<ApprovalState, readonly ApprovalState[]>> = {
  pending: ["pending", "approved", "denied", "expired", "abandoned", "stale"],
  approved: ["approved", "running", "denied", "expired", "stale"],
  running: ["used", "unknown", "stale", "approved"],
  unknown: ["used", "stale"],
  denied: [],
  expired: [],
  abandoned: [],
  stale: [],
  used: [],
};

/** Others who change the same approval at the same time: more in a row is a defect. */
const TRIES_MAX = 20;

/** Of what is over, for people to look at; the store keeps more, the log all. */
const CLOSED_MAX = 200;
/** Ids of what is over: more than can be asked within the life of an approval. */
const OVER_MAX = 20_000;

type Changed = (approval: Approval) => void;

export class Book {
  readonly #store: ApprovalStore;
  readonly #warn: (message: string) => void;
  readonly #entries = new Map<ApprovalId, { readonly approval: Approval; readonly key: string | undefined }>();
  /** Known to be over: whatever the store says later, they are. */
  readonly #over = new Set<ApprovalId>();
  readonly #listeners = new Set<Changed>();
  #endWatch: () => void = () => {};

  constructor(store: ApprovalStore, warn: (message: string) => void) {
    this.#store = store;
    this.#warn = warn;
  }

  /** Rejects when the store cannot be read. */
  async open(): Promise<void> {
    this.#endWatch = this.#store.onApproval((id) => {
      this.fresh(id).catch((error: unknown) => this.#warn(messageOf(error)));
    });
    for (const approval of await this.#store.approvals()) this.#take(approval);
  }

  close(): void {
    this.#endWatch();
    this.#listeners.clear();
  }

  get(id: string): Approval | undefined {
    return this.#entries.get(id as ApprovalId)?.approval;
  }

  list(): readonly Approval[] {
    return [...this.#entries.values()].map(({ approval }) => approval);
  }

  /** Whether it holds the plan that its digest names. */
  whole(approval: Approval): boolean {
    return keyOf(approval) !== undefined;
  }

  /** Of the same act, in these states. */
  ofAct(key: string, states: readonly ApprovalState[]): readonly Approval[] {
    const found: Approval[] = [];
    for (const entry of this.#entries.values()) if (entry.key === key && states.includes(entry.approval.state)) found.push(entry.approval);
    return found;
  }

  onChange(changed: Changed): () => void {
    const own: Changed = (approval) => changed(approval);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** As the store has it now. */
  async fresh(id: string): Promise<Approval | undefined> {
    const approval = await this.#store.approval(id as ApprovalId);
    if (approval === undefined) return undefined;
    return this.#take(approval) ? approval : this.get(id);
  }

  /** For the first time. Rejects when it is not certain that it is kept. */
  async put(approval: Approval): Promise<void> {
    const kept = await this.#kept(approval, (seen) => seen.nonce === approval.nonce);
    if (kept === undefined) throw new Error(`approval \`${approval.id}\` is there already`);
  }

  /**
   * What `make` makes of it, once that is durable; `undefined` where `make` wants nothing. `make` is asked again whenever somebody else was
   * first, and may throw. `ours` tells our own change by its content when the store's reply was lost.
   */
  async change(
    id: string,
    make: (current: Approval) => Approval | undefined,
    ours: (seen: Approval) => boolean,
  ): Promise<Approval | undefined> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const current = await this.fresh(id);
      if (current === undefined) return undefined;
      const made = make(current);
      if (made === undefined) return undefined;
      if (!leadsTo[current.state].includes(made.state))
        throw new Error(`approval \`${id}\` is ${current.state}, and cannot become ${made.state}`);
      const kept = await this.#kept({ ...made, revision: current.revision + 1 }, ours);
      if (kept !== undefined) return kept;
    }
    throw new Error(`approval \`${id}\` is changed by too many at once`);
  }

  /** `undefined` when somebody else was first. A rejection of the store may have been a lost reply: looked up once. */
  async #kept(next: Approval, ours: (seen: Approval) => boolean): Promise<Approval | undefined> {
    try {
      if (!(await this.#store.changeApproval(next))) return undefined;
      this.#take(next);
      return next;
    } catch (error) {
      const seen = await this.#store.approval(next.id);
      if (seen === undefined || seen.revision < next.revision || !ours(seen)) throw error;
      this.#take(seen);
      return seen;
    }
  }

  /** False for what cannot have become of what is known of it: somebody else wrote it. */
  #take(approval: Approval): boolean {
    const known = this.#entries.get(approval.id);
    // A look that took longer than a change that followed it.
    if (known !== undefined && known.approval.revision > approval.revision) return true;
    if (known !== undefined && known.approval.revision === approval.revision) {
      if (canonicalJson(known.approval) !== canonicalJson(approval))
        this.#warn(`approval \`${approval.id}\` has two versions of one revision in the store: somebody else wrote there`);
      return true;
    }
    if (this.#over.has(approval.id)) {
      this.#warn(`approval \`${approval.id}\` is over, and is \`${approval.state}\` again in the store: somebody else wrote there`);
      return false;
    }
    if (leadsTo[approval.state].length === 0) this.#over.add(approval.id);
    this.#entries.set(approval.id, { approval, key: keyOf(approval) });
    this.#forget();
    for (const changed of this.#listeners) changed(approval);
    return true;
  }

  #forget(): void {
    const over = [...this.#entries.values()].filter(({ approval }) => leadsTo[approval.state].length === 0);
    for (const { approval } of over.slice(0, Math.max(0, over.length - CLOSED_MAX))) this.#entries.delete(approval.id);
    for (const id of [...this.#over].slice(0, Math.max(0, this.#over.size - OVER_MAX))) this.#over.delete(id);
  }
}

/** `undefined` for a row that does not hold what its digest says: no act ever finds it. */
function keyOf({ plan, expiresAtMs }: Approval): string | undefined {
  try {
    return planDigest(plan) === plan.digest && expiresAtMs <= plan.expiresAtMs ? actKey(actOf(plan)) : undefined;
  } catch {
    return undefined;
  }
}

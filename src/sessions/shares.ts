/**
 * How gateways share a run's budget: each holds a portion that is its own to use, and the portions never come to more than the whole.
 * Pure: an account in, its next revision out. Who writes it, and when, is not decided here.
 */
import { type Counted, counted, type RunAccount, type Share } from "../model/run-account.ts";
import { nothingUsed, type Run, type Used } from "../model/run.ts";

export type Figures = Readonly<Record<Counted, number>>;

/** What one gateway says of itself when its share is settled. */
export interface Said {
  readonly gateway: string;
  readonly incarnation: string;
  /** Whether it has connections of the run, or is about to. */
  readonly attached: boolean;
  readonly used: Used;
  /** What its open transactions may still use, beyond `used`. */
  readonly open: Partial<Figures>;
  /** What it runs short of. */
  readonly short: ReadonlySet<Counted>;
}

const none: Figures = { statements: 0, rowsRead: 0, rowsChanged: 0, bytes: 0, held: 0 };

/**
 * A gateway holds no more in advance, unless it is little or a quarter of what is left: what it holds when it dies counts as used. Rows
 * changed are held whole, because a transaction that is open cannot be given more.
 */
const windows: Figures = { statements: 1_000, rowsRead: 10_000, rowsChanged: Number.MAX_SAFE_INTEGER, bytes: 16 * 1024 * 1024, held: 20 };

/** The next revision, with this gateway's share as it may be now. Never more than the budget in all, whatever the shares say. */
export function settled(account: RunAccount, said: Said): RunAccount {
  const others = account.shares.filter((share) => !isOf(share, said));
  const mine = account.shares.find((share) => isOf(share, said));
  const waiting = others.filter(({ attached, wants }) => attached && wants).length;
  const attached = others.filter((share) => share.attached).length;
  const granted = { ...none };
  let wants = false;
  for (const what of counted) {
    const budget = account.run.budget[what];
    const used = figure(said.used[what]);
    if (budget === null || !said.attached) {
      granted[what] = used;
      continue;
    }
    const had = figure(mine?.granted[what]);
    // What is used stays used even where it is more than was granted; what is open was within the grant.
    const floor = Math.max(used, Math.min(had, used + figure(said.open[what])));
    const left = Math.max(0, budget - sum(others, (share) => share.granted[what]) - floor);
    const kept = Math.min(left, Math.max(0, had - floor));
    const fair = waiting === 0 ? left : Math.floor(left / (waiting + 1));
    const window = Math.max(windows[what], Math.ceil(left / 4));
    const free = said.short.has(what) || mine === undefined ? Math.min(fair, window) : Math.min(kept, fair);
    granted[what] = floor + free;
    const elsewhere = sum(
      others.filter((share) => share.attached),
      (share) => Math.max(0, figure(share.granted[what]) - figure(share.used[what])),
    );
    const short = said.short.has(what) || free === 0;
    if (short && attached > 0 && free * 2 < elsewhere / attached) wants = true;
  }
  const { gateway, incarnation } = said;
  const share: Share = { gateway, incarnation, attached: said.attached, granted, used: said.used, wants };
  return withShares(account, [...others, share]);
}

/** What other gateways do not use, or nobody holds: what there may be to get. */
export function elsewhere(account: RunAccount, own: Pick<Share, "gateway" | "incarnation">): Figures {
  const figures = { ...none };
  for (const what of counted) {
    const budget = account.run.budget[what];
    if (budget === null) continue;
    const mine = figure(account.shares.find((share) => isOf(share, own))?.granted[what]);
    const gone = sum(account.shares, (share) => (isOf(share, own) ? 0 : share.attached ? share.used[what] : share.granted[what]));
    figures[what] = Math.max(0, budget - mine - gone);
  }
  return figures;
}

export interface Leaving {
  readonly gateway: string;
  readonly incarnations: ReadonlySet<string>;
  /** What it stopped with counts; what it died with counts as used to the last of what it held. */
  readonly died: boolean;
}

/** Without the shares of what a gateway was; the account itself where it had none. */
export function without(account: RunAccount, how: Leaving): RunAccount {
  const leaving = (share: Share): boolean => share.gateway === how.gateway && how.incarnations.has(share.incarnation);
  const gone = account.shares.filter(leaving);
  if (gone.length === 0) return account;
  const stay = account.shares.filter((share) => !leaving(share) && share.gateway !== "");
  const past = [...account.shares.filter((share) => share.gateway === ""), ...gone];
  const used = past.map((share) => (how.died && leaving(share) ? spentToTheLast(account.run, share) : share.used)).reduce(plus);
  const granted = { ...none };
  for (const what of counted) granted[what] = used[what];
  return withShares(account, [{ gateway: "", incarnation: "", attached: false, granted, used, wants: false }, ...stay]);
}

function spentToTheLast({ budget }: Run, { used, granted }: Share): Used {
  const all = { ...used };
  for (const what of counted) if (budget[what] !== null) all[what] = Math.max(figure(used[what]), figure(granted[what]));
  return all;
}

function withShares(account: RunAccount, shares: readonly Share[]): RunAccount {
  const used = shares.map((share) => share.used).reduce(plus, nothingUsed);
  return { ...account, revision: account.revision + 1, shares, run: { ...account.run, used } };
}

/** Used together. */
export function plus(a: Used, b: Used): Used {
  return {
    statements: figure(a.statements) + figure(b.statements),
    refused: figure(a.refused) + figure(b.refused),
    rowsRead: figure(a.rowsRead) + figure(b.rowsRead),
    rowsChanged: figure(a.rowsChanged) + figure(b.rowsChanged),
    bytes: figure(a.bytes) + figure(b.bytes),
    held: figure(a.held) + figure(b.held),
  };
}

function isOf(share: Share, own: Pick<Share, "gateway" | "incarnation">): boolean {
  return share.gateway === own.gateway && share.incarnation === own.incarnation;
}

/** Whoever can write the store must not turn a figure into more than nothing. */
function figure(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}

function sum(shares: readonly Share[], of: (share: Share) => unknown): number {
  return shares.reduce((total, share) => total + figure(of(share)), 0);
}

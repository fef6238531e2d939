/**
 * The runs of several gateways on one store: a login's run is one and the same at all of them, its budget is used in portions, and what
 * stops it at one stops it at each. What happens to connections at this gateway is the registry's; it is told here what others did.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { newRunId, type RandomBytes, type RunId } from "../base/ids.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Counted, RunAccount, Share } from "../model/run-account.ts";
import { counted } from "../model/run-account.ts";
import { nothingUsed, type Run, type RunState } from "../model/run.ts";
import type { GatewaySeen, SharedStore } from "../store/shared-port.ts";
import { Accounts } from "./accounts.ts";
import type { LiveRun } from "./live-run.ts";
import { Membership } from "./membership.ts";
import { elsewhere, type Figures, plus, type Said, settled, without } from "./shares.ts";

export interface SharedRunsOptions {
  readonly store: SharedStore;
  /** Of this gateway, over its restarts. */
  readonly gateway: string;
  readonly silentMsMax: number;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly record: (event: AuditEvent) => void;
  readonly warn: (message: string) => void;
  readonly loginRunMsMax: number;
  /** The registry's side. */
  readonly here: RunsHere;
}

export interface RunsHere {
  readonly live: (id: RunId) => LiveRun | undefined;
  readonly all: () => readonly LiveRun[];
  /** Takes up a run that is open at the store. */
  readonly begin: (run: Run) => LiveRun;
  /** Its connections at this gateway go; the store knows already. */
  readonly ended: (live: LiveRun, because: string) => void;
  readonly suspended: (live: LiveRun, because: string, person: string) => void;
  /** Asks and grants that another incarnation, or a dead gateway, left open. */
  readonly closeLeft: (gateway: string, because: string) => Promise<void>;
  /** It is over, wherever it was. */
  readonly past: (run: Run) => void;
}

export type LoginRun = Pick<Run, "principal" | "principalKind" | "target" | "environment" | "budget">;

/** How long a login waits for a portion that another gateway has to give back first. */
const PORTION_MS_MAX = 1_000;
/** A login that was let in has its connection by then, or never. */
const ARRIVAL_MS_MAX = 20_000;
const everything: ReadonlySet<Counted> = new Set(counted);

export class SharedRuns {
  readonly #options: SharedRunsOptions;
  readonly #accounts: Accounts;
  readonly #membership: Membership;
  /** When a login was last let in. */
  readonly #arrivals = new Map<RunId, number>();
  readonly #settling = new Map<RunId, Promise<void>>();
  readonly #again = new Set<RunId>();
  #hearing = true;
  readonly #told = new Set<() => void>();

  constructor(options: SharedRunsOptions) {
    this.#options = options;
    const { store, warn } = options;
    this.#accounts = new Accounts({ store, warn, changed: (account) => this.#changed(account) });
    this.#membership = new Membership({
      ...options,
      died: (gateway) => this.#died(gateway),
      takenForDead: () => this.#takenForDead(),
    });
  }

  get gateways(): readonly GatewaySeen[] {
    return this.#membership.gateways;
  }

  /** Why nothing that changes something may pass now. */
  get unsure(): string | undefined {
    return this.#membership.unsure ? "the control store that the gateways share is not reached" : undefined;
  }

  get problem(): string | undefined {
    if (this.#membership.unanswered) return "it does not answer";
    return this.#hearing ? undefined : "what other gateways change is not heard of now";
  }

  /** Enlists, and closes what this gateway's former incarnations left. Rejects when the store cannot be reached. */
  async start(): Promise<void> {
    this.#options.store.onHearing((hearing) => {
      this.#hearing = hearing;
    });
    await this.#membership.start();
    await this.#accounts.start();
    await this.#closeGateway(this.#options.gateway, "Holdfast was started anew", new Set([this.#membership.incarnation]));
  }

  /** Of all gateways; what other gateways said they used of it is in it. */
  account(id: RunId): RunAccount | undefined {
    return this.#accounts.get(id);
  }

  accounts(): readonly RunAccount[] {
    return this.#accounts.list();
  }

  /** A run of this gateway with what all gateways use of it. */
  whole(live: LiveRun): Run {
    const run = live.snapshot();
    const others = this.#accounts.get(live.id)?.shares.filter((share) => !this.#isMine(share)) ?? [];
    return { ...run, used: others.map(({ used }) => used).reduce(plus, run.used) };
  }

  /** Keeps a program's run. Rejects when it cannot be kept. */
  async create(live: LiveRun): Promise<void> {
    const account = settled({ id: live.id, revision: -1, run: live.snapshot(), shares: [] }, this.#said(live, true));
    if (!(await this.#accounts.create(account))) throw new Error(`session \`${live.id}\` is there already`);
    this.#give(live, account);
  }

  /** Before a connection of a login comes in: why it may not, or `undefined` when its run is there. Never rejects. */
  async join(wanted: LoginRun): Promise<string | undefined> {
    if (this.unsure !== undefined) return this.unsure;
    try {
      const account = await this.#joined(wanted);
      this.#arrivals.set(account.id, this.#options.clock.monotonic());
      const live =
        this.#options.here.live(account.id) ?? this.#options.here.begin({ ...account.run, budget: wanted.budget, used: nothingUsed });
      await this.#attach(live);
      return undefined;
    } catch (error) {
      return `its session cannot be told to the control store: ${messageOf(error)}`;
    }
  }

  async #joined({ principal, target, ...rest }: LoginRun): Promise<RunAccount> {
    const { clock, random, loginRunMsMax } = this.#options;
    for (let tries = 0; tries < 10; tries++) {
      const known = this.#accounts.ofLogin(principal, target);
      const outlived = known !== undefined && known.run.state === "open" && clock.now() - known.run.startedAtMs >= loginRunMsMax;
      if (known !== undefined && !outlived) return known;
      if (known !== undefined) {
        const because = "its time is over: the next connection begins another";
        const live = this.#options.here.live(known.id);
        await this.end(known.id, because, live);
        if (live !== undefined) this.#options.here.ended(live, because);
      }
      const nobody = { program: "", programVersion: "", actsFor: "", purpose: "" };
      const id = newRunId(random);
      const run: Run = {
        ...rest,
        ...nobody,
        id,
        kind: "login",
        principal,
        target,
        startedAtMs: clock.now(),
        state: "open",
        used: nothingUsed,
      };
      const account: RunAccount = { id, revision: 0, run, shares: [] };
      if (await this.#accounts.create(account)) return account;
      await this.#accounts.refresh();
    }
    throw new Error("others open and end it all the time");
  }

  /** With something of everything, where there is something to be had. */
  async #attach(live: LiveRun): Promise<void> {
    if (this.#share(live.id)?.attached !== true) await this.settle(live, true);
    const { clock } = this.#options;
    const until = clock.monotonic() + PORTION_MS_MAX;
    while (live.portion?.wanting === true && clock.monotonic() < until) {
      await Promise.race([new Promise<void>((resolve) => this.#told.add(resolve)), delay(until - clock.monotonic())]);
      this.#told.clear();
    }
  }

  /** Tells what was used, and gets what may be used. Rejects when the store cannot be reached: what was held before goes on. */
  async settle(live: LiveRun, all = false): Promise<void> {
    const changed = await this.#accounts.change(live.id, (account) => {
      if (account.run.state === "ended") return undefined;
      const next = settled(account, this.#said(live, all));
      const [mine, before] = [this.#shareOf(next), this.#shareOf(account)];
      if (mine === undefined || JSON.stringify(mine) === JSON.stringify(before)) return undefined;
      // Before others can have it.
      live.portion?.lower(mine.granted);
      live.bound();
      return next;
    });
    if (changed !== undefined) this.#give(live, changed.account);
  }

  /** As `settle`, for whom nobody waits; once more where something changed meanwhile. */
  tell(live: LiveRun): void {
    if (this.#settling.has(live.id)) return void this.#again.add(live.id);
    live.dirty = false;
    const settling = this.settle(live)
      .catch((error: unknown) => {
        live.dirty = true;
        this.#options.warn(messageOf(error));
      })
      .finally(() => {
        this.#settling.delete(live.id);
        if (this.#again.delete(live.id)) this.tell(live);
      });
    this.#settling.set(live.id, settling);
  }

  /** What was used since, and what connections that are gone leave free. */
  tick(): void {
    for (const id of this.#arrivals.keys()) if (this.#options.here.live(id) === undefined) this.#arrivals.delete(id);
    for (const live of this.#options.here.all()) {
      const attached = this.#share(live.id)?.attached;
      if (live.dirty || (attached === true && !this.#said(live, false).attached)) this.tell(live);
    }
  }

  /** Keeps what a person did to it. Rejects when the store cannot be told. */
  async state(id: RunId, state: Exclude<RunState, "ended">, because: string | undefined, person: string): Promise<void> {
    await this.#accounts.change(id, (account) => {
      if (account.run.state === "ended" || account.run.state === state) return undefined;
      const { because: _, ...run } = account.run;
      const next = { ...run, state, ...(because === undefined ? {} : { because }) };
      return { ...account, revision: account.revision + 1, by: person, run: next };
    });
  }

  /** Ends it for all gateways: once, whoever else does. Rejects when the store cannot be told. */
  async end(id: RunId, because: string, live?: LiveRun): Promise<void> {
    const { clock, store, here } = this.#options;
    const changed = await this.#accounts.change(id, (account) => {
      if (account.run.state === "ended") return undefined;
      const last = live === undefined ? account : settled(account, { ...this.#said(live, false), attached: false });
      return { ...last, revision: account.revision + 1, run: { ...last.run, state: "ended", endedAtMs: clock.now(), because } };
    });
    if (changed?.ours !== true) return;
    here.past(changed.account.run);
    await store.putRun(changed.account.run);
  }

  /** This gateway has no part in it any more; the others go on. */
  async stop(): Promise<void> {
    await Promise.all(this.#options.here.all().map((live) => this.#leave(live)));
    await this.#membership.stop();
    this.#accounts.stop();
  }

  async #leave(live: LiveRun): Promise<void> {
    await this.#settling.get(live.id);
    const { gateway, warn } = this.#options;
    const incarnations = new Set([this.#membership.incarnation]);
    await this.#accounts
      .change(live.id, (account) => {
        const last = settled(account, { ...this.#said(live, false), attached: false });
        return { ...without(last, { gateway, incarnations, died: false }), revision: account.revision + 1 };
      })
      .catch((error: unknown) => warn(messageOf(error)));
  }

  #said(live: LiveRun, all: boolean): Said {
    const { gateway, clock } = this.#options;
    const run = live.snapshot();
    const arrived = this.#arrivals.get(live.id);
    const awaited = arrived !== undefined && clock.monotonic() - arrived < ARRIVAL_MS_MAX;
    return {
      gateway,
      incarnation: this.#membership.incarnation,
      attached: run.kind === "program" || live.connections > 0 || awaited,
      used: run.used,
      open: { rowsChanged: live.rowsChanged?.held ?? 0 },
      short: all ? everything : (live.portion?.short ?? new Set()),
    };
  }

  #isMine({ gateway, incarnation }: Share): boolean {
    return gateway === this.#options.gateway && incarnation === this.#membership.incarnation;
  }

  #shareOf(account: RunAccount): Share | undefined {
    return account.shares.find((share) => this.#isMine(share));
  }

  #share(id: RunId): Share | undefined {
    const account = this.#accounts.get(id);
    return account === undefined ? undefined : this.#shareOf(account);
  }

  #give(live: LiveRun, account: RunAccount): void {
    const mine = this.#shareOf(account);
    const left: Figures = elsewhere(account, { gateway: this.#options.gateway, incarnation: this.#membership.incarnation });
    if (mine !== undefined) live.portion?.give(mine.granted, left, live.snapshot().used);
    live.bound();
    for (const tell of this.#told) tell();
  }

  /** Another gateway's change. */
  #changed(account: RunAccount): void {
    const { here } = this.#options;
    const { run, by = "" } = account;
    if (run.state === "ended") here.past(run);
    const live = here.live(account.id);
    if (live === undefined) return;
    const because = run.because ?? "no reason was given";
    if (run.state === "ended") return here.ended(live, because);
    if (run.state === "suspended" && live.state === "open") here.suspended(live, because, by);
    const left = elsewhere(account, { gateway: this.#options.gateway, incarnation: this.#membership.incarnation });
    live.portion?.see(left);
    const others = account.shares.some((share) => share.wants && share.attached && !this.#isMine(share));
    if (others || (live.portion?.short.size ?? 0) > 0) this.tell(live);
  }

  #died(gateway: GatewaySeen): Promise<void> {
    return this.#closeGateway(gateway.id, `its gateway \`${gateway.name}\` is gone`);
  }

  /** Each entry is closed by its own next revision, so that it is closed once, whoever else is at it. */
  async #closeGateway(gateway: string, because: string, living: ReadonlySet<string> = new Set()): Promise<void> {
    const { here, store, record, clock } = this.#options;
    const accounts = await store.accounts();
    // Read after the accounts: an incarnation among their shares that lives is known as living here.
    const alive = (await store.gateways())
      .filter(({ id, state }) => id === gateway && state === "alive")
      .map(({ incarnation }) => incarnation);
    for (const { id, shares } of accounts) {
      const former = shares.filter((share) => share.gateway === gateway).map(({ incarnation }) => incarnation);
      const incarnations = new Set(former.filter((each) => !living.has(each) && !alive.includes(each)));
      if (incarnations.size === 0) continue;
      const changed = await this.#accounts.change(id, (account) => {
        const gone = without(account, { gateway, incarnations, died: true });
        if (gone === account || account.run.state === "ended") return undefined;
        if (account.run.kind === "login") return gone;
        return { ...gone, run: { ...gone.run, state: "ended", endedAtMs: clock.now(), because } };
      });
      const run = changed?.account.run;
      if (changed?.ours !== true || run?.state !== "ended") continue;
      record({ kind: "run_ended", run: id, principal: run.principal, because, used: run.used });
      here.past(run);
      await store.putRun(run);
    }
    await here.closeLeft(gateway, because);
  }

  /** Others have closed what this gateway had: its connections go before it is anybody again. */
  async #takenForDead(): Promise<void> {
    const { here, warn } = this.#options;
    warn("the other gateways took this one for dead: its sessions are ended");
    for (const live of here.all()) here.ended(live, "the other gateways took this one for dead");
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)).unref());
}

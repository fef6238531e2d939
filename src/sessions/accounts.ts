/**
 * The runs' accounts as the shared store has them: read once, kept up by what is pushed, and changed revision by revision.
 * It does not know what a change means.
 */
import { messageOf } from "../base/message-of.ts";
import type { RunId } from "../base/ids.ts";
import type { RunAccount } from "../model/run-account.ts";
import type { SharedStore } from "../store/shared-port.ts";

export interface AccountsOptions {
  readonly store: SharedStore;
  readonly warn: (message: string) => void;
  /** Told of each revision that another gateway made. */
  readonly changed: (account: RunAccount) => void;
}

/** Others that change the same account at the same moment: each try takes a store's answer, and one of us gets on each time. */
const TRIES_MAX = 50;

export class Accounts {
  readonly #options: AccountsOptions;
  /** Of runs that have not ended. */
  readonly #known = new Map<RunId, RunAccount>();
  readonly #turns = new Map<RunId, Promise<unknown>>();
  #end: () => void = () => {};
  #stopped = false;

  constructor(options: AccountsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#end = this.#options.store.onAccount((id) => void this.#look(id));
    for (const account of await this.#options.store.accounts()) this.#note(account);
  }

  stop(): void {
    this.#stopped = true;
    this.#end();
  }

  get(id: RunId): RunAccount | undefined {
    return this.#known.get(id);
  }

  list(): readonly RunAccount[] {
    return [...this.#known.values()];
  }

  /** The open account of a login at a target. */
  ofLogin(principal: string, target: string): RunAccount | undefined {
    return this.list().find(({ run }) => run.kind === "login" && run.principal === principal && run.target === target);
  }

  /** Reads all of them again: somebody else was first with one that nothing was told of yet. */
  async refresh(): Promise<void> {
    for (const account of await this.#options.store.accounts()) this.#note(account);
  }

  /** False where there is one already, or another of the same login. Rejects when it cannot be told. */
  create(account: RunAccount): Promise<boolean> {
    return this.#inTurn(account.id, () => this.#put(account));
  }

  /**
   * Makes the next revision out of the newest one, again while others are first. `next` returns `undefined` where nothing is to be changed.
   * Resolves with what is kept then, and whether it is ours; `undefined` where there is no such account.
   */
  change(id: RunId, next: (account: RunAccount) => RunAccount | undefined): Promise<Changed | undefined> {
    return this.#inTurn(id, async () => {
      let newest = this.#known.get(id) ?? (await this.#options.store.account(id));
      for (let tries = 0; newest !== undefined && tries < TRIES_MAX; tries++) {
        const wanted = next(newest);
        if (wanted === undefined) return { account: newest, ours: false };
        if (await this.#put(wanted)) return { account: wanted, ours: true };
        newest = await this.#options.store.account(id);
        if (newest !== undefined) this.#note(newest);
      }
      if (newest === undefined) return undefined;
      throw new Error(`the account of session \`${id}\` is changed by others all the time`);
    });
  }

  /** A lost reply is looked after: what is kept tells whether it was ours. */
  async #put(account: RunAccount): Promise<boolean> {
    const { store } = this.#options;
    try {
      if (!(await store.changeAccount(account))) return false;
    } catch (error) {
      const kept = await store.account(account.id);
      if (kept === undefined || JSON.stringify(kept) !== JSON.stringify(account)) throw error;
    }
    this.#note(account);
    return true;
  }

  /** True when it is news. */
  #note(account: RunAccount): boolean {
    const known = this.#known.get(account.id);
    if (known !== undefined && known.revision >= account.revision) return false;
    if (account.run.state === "ended") this.#known.delete(account.id);
    else this.#known.set(account.id, account);
    return true;
  }

  async #look(id: RunId): Promise<void> {
    try {
      const account = await this.#options.store.account(id);
      if (account !== undefined && this.#note(account) && !this.#stopped) this.#options.changed(account);
    } catch (error) {
      // Told again when the store is heard again.
      if (!this.#stopped) this.#options.warn(messageOf(error));
    }
  }

  #inTurn<T>(id: RunId, act: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(act);
    const quiet = turn.catch(() => undefined);
    this.#turns.set(id, quiet);
    void quiet.then(() => {
      if (this.#turns.get(id) === quiet) this.#turns.delete(id);
    });
    return turn;
  }
}

export interface Changed {
  readonly account: RunAccount;
  readonly ours: boolean;
}

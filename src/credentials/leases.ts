/**
 * Session roles at a server: made when a principal's first connection comes, ended with its last, at their expiry, or by the sweep.
 * It decides nothing about what a role may do: its group does. Passwords stay in this process's memory.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import { type RandomBytes, randomText } from "../base/ids.ts";
import type { SessionLimits } from "../model/session-limits.ts";
import { type Admin, AdminConnection, type ClosableClient } from "./admin-connection.ts";
import { endRole, sweepRoles } from "./end-role.ts";
import { sessionRolePrefix } from "../model/session-role.ts";
import { createRoleSql, readOnlySql } from "./lease-sql.ts";
import { type RoleRights, settleRights } from "./role-rights.ts";

/** A login lent to one connection. */
export interface Lease {
  readonly role: string;
  readonly password: string;
  /** The group whose rights it has: the same for all leases of a kind. */
  readonly group: string;
  readonly expiresAtMs: number;
  /** Gives it back. The role goes when the last connection has, after a short time in which the next may take it over. */
  end(): void;
}

/** Who asks. Connections of one principal share a role; another principal never does. */
export interface LeaseRequest {
  readonly principal: string;
  readonly connectionsMax: number;
  readonly group: string;
  readonly readOnly: boolean;
  /** It may take the group's place, so that what it makes belongs to the group and stays when the role goes. Never an agent's. */
  readonly actsAsGroup?: true;
}

export interface LeaseEvent {
  readonly kind: "lease_started" | "lease_ended";
  readonly role: string;
  readonly group: string;
  readonly principal: string;
  readonly because: string;
}

export interface LeasesOptions {
  readonly target: string;
  /** Names this gateway over its restarts: what it left behind is its own to remove. */
  readonly instance: string;
  readonly connect: () => Promise<ClosableClient>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newLogin: (random: RandomBytes) => { readonly password: string; readonly verifier: string };
  readonly limits: SessionLimits;
  /** From a role's creation until it is ended whoever uses it, in milliseconds. */
  readonly lifetimeMs: number;
  /** How long an unused role waits for the next connection, in milliseconds. */
  readonly lingerMs: number;
  readonly sweepEveryMs: number;
  /** Told what went wrong behind everybody's back: a role that could not be removed. */
  readonly warn: (message: string) => void;
  readonly record: (event: LeaseEvent) => void;
  /** Rights beside the group's that a principal's role has now, and the role in whose name they are given. Absent: none ever. */
  readonly extra?: { readonly of: (principal: string) => readonly RoleRights[]; readonly executor: string };
}

export interface Leases {
  /** Rejects when the server cannot be asked or refuses: then nobody logs in. */
  lease(request: LeaseRequest): Promise<Lease>;
  /**
   * Makes the rights of the principal's roles what `extra` says now. Rejects when a role has others than it should. Resolves to whether
   * their transactions should begin as read-only ones; `undefined` where there is no such role, or they may write anyway.
   */
  adjust(principal: string): Promise<boolean | undefined>;
  /** Ends the principal's roles with their connections. */
  end(principal: string, because: string): Promise<void>;
  /** Runs a task on the administrator's connection, after those before it. */
  ask<T>(task: (admin: Admin) => Promise<T>): Promise<T>;
  /** Removes what a crash or another gateway left behind. Returns how many roles went. */
  sweep(): Promise<number>;
  /** Ends every role of this process with its connections. */
  close(): Promise<void>;
}

/** A role about to end is not lent again: this share of its life must be left. */
const LENT_UNTIL = 0.9;

interface Live {
  readonly role: string;
  readonly password: string;
  readonly request: LeaseRequest;
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
  /** It is there at the server. */
  made: boolean;
  uses: number;
  linger: NodeJS.Timeout | undefined;
  expiry: NodeJS.Timeout | undefined;
  ending: Promise<void> | undefined;
}

/** Sweeps at once and then on a timer. Rejects when the first sweep cannot be made: the server or the login is not usable. */
export async function openLeases(options: LeasesOptions): Promise<Leases> {
  const leases = new RunningLeases(options);
  try {
    await leases.sweep();
  } catch (error) {
    await leases.close();
    throw error;
  }
  return leases;
}

class RunningLeases implements Leases {
  readonly #options: LeasesOptions;
  readonly #admin: AdminConnection;
  /** By principal and group: the newest role, under way or there. */
  readonly #current = new Map<string, Promise<Live>>();
  readonly #live = new Map<string, Live>();
  readonly #timer: NodeJS.Timeout;
  #closing = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#admin = new AdminConnection(options.connect, options.clock);
    this.#timer = setInterval(() => {
      this.sweep().catch((error: unknown) => options.warn(`session roles could not be swept: ${messageOf(error)}`));
    }, options.sweepEveryMs);
    this.#timer.unref();
  }

  async lease(request: LeaseRequest): Promise<Lease> {
    if (this.#closing) throw new Error("no more session roles are made: Holdfast is shutting down");
    const key = JSON.stringify([request.principal, request.group]);
    const found = this.#current.get(key);
    let known = await found?.catch(() => undefined);
    if (known === undefined || !this.#lendable(known)) {
      // Another who waited too may have put a newer one in its place by now.
      const now = this.#current.get(key);
      const next = now === undefined || now === found ? this.#create(request) : now;
      this.#current.set(key, next);
      known = await next;
      if (!this.#lendable(known)) throw new Error("no session role could be made: its time is over already");
    }
    known.uses += 1;
    clearTimeout(known.linger);
    let ended = false;
    const { role, password, expiresAtMs } = known;
    return {
      role,
      password,
      group: request.group,
      expiresAtMs,
      end: () => {
        if (!ended) this.#returned(known);
        ended = true;
      },
    };
  }

  async adjust(principal: string): Promise<boolean | undefined> {
    let readOnly: boolean | undefined;
    const own = [...this.#live.values()].filter(({ request }) => request.principal === principal);
    for (const live of own) {
      await this.#admin.use(async (admin) => {
        // One that is being ended loses everything with its end.
        if (live.ending === undefined && this.#live.has(live.role) && live.made) readOnly = await this.#settle(admin, live);
      });
    }
    return readOnly;
  }

  async end(principal: string, because: string): Promise<void> {
    const own = [...this.#live.values()].filter(({ request }) => request.principal === principal);
    await Promise.all(own.map((live) => this.#end(live, because)));
  }

  ask<T>(task: (admin: Admin) => Promise<T>): Promise<T> {
    return this.#admin.use(task);
  }

  async #settle(admin: Admin, { role, request }: Live): Promise<boolean | undefined> {
    const { extra } = this.#options;
    if (extra === undefined) return undefined;
    const rights = extra.of(request.principal);
    await settleRights(admin, role, extra.executor, rights);
    if (!request.readOnly) return undefined;
    const readOnly = !rights.some(({ privileges }) => privileges.some(changes));
    await admin.client.query(readOnlySql(role, readOnly));
    return readOnly;
  }

  sweep(): Promise<number> {
    const { target, instance, warn, clock } = this.#options;
    return this.#admin.use((admin) => sweepRoles(admin, { target, instance, mine: (role) => this.#live.has(role), warn, clock }));
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    await Promise.allSettled(this.#current.values());
    await Promise.all([...this.#live.values()].map((live) => this.#end(live, "Holdfast stops")));
    await this.#admin.close();
  }

  #lendable(live: Live): boolean {
    const { clock, lifetimeMs } = this.#options;
    return live.ending === undefined && clock.now() < live.startedAtMs + lifetimeMs * LENT_UNTIL;
  }

  async #create(request: LeaseRequest): Promise<Live> {
    const { target, instance, random, newLogin, limits, lifetimeMs, clock, record } = this.#options;
    const { password, verifier } = newLogin(random);
    const role = sessionRolePrefix + randomText(20, random);
    const startedAtMs = clock.now();
    const expiresAtMs = startedAtMs + lifetimeMs;
    const live: Live = {
      role,
      password,
      request,
      startedAtMs,
      expiresAtMs,
      made: false,
      uses: 0,
      linger: undefined,
      expiry: undefined,
      ending: undefined,
    };
    // Known before it is made, so that a sweep in between does not take it for a leftover.
    this.#live.set(role, live);
    try {
      await this.#admin.use(async (admin) => {
        const { client, version, aheadMs } = admin;
        const { group, readOnly, connectionsMax, actsAsGroup = false } = request;
        const mark = { target, instance, expires: expiresAtMs + aheadMs };
        await client.query(createRoleSql({ role, verifier, group, actsAsGroup, readOnly, connectionsMax, limits, mark }, version));
        live.made = true;
        await this.#settle(admin, live);
      });
    } catch (error) {
      // The server may have made it although the answer was lost: the next sweep looks.
      this.#live.delete(role);
      throw new Error(`no session role could be made: ${messageOf(error)}`);
    }
    record({ kind: "lease_started", role, group: request.group, principal: request.principal, because: "a first connection" });
    live.expiry = setTimeout(() => void this.#end(live, "its time is over"), lifetimeMs);
    live.expiry.unref();
    this.#linger(live);
    return live;
  }

  #returned(live: Live): void {
    live.uses -= 1;
    if (live.uses === 0) this.#linger(live);
  }

  #linger(live: Live): void {
    clearTimeout(live.linger);
    live.linger = setTimeout(() => {
      if (live.uses === 0) void this.#end(live, "its last connection is closed");
    }, this.#options.lingerMs);
    live.linger.unref();
  }

  /** Never rejects: what could not be removed is left to the sweep, which finds it by its mark. */
  #end(live: Live, because: string): Promise<void> {
    live.ending ??= this.#remove(live, because);
    return live.ending;
  }

  async #remove(live: Live, because: string): Promise<void> {
    const { clock, warn, record } = this.#options;
    clearTimeout(live.linger);
    clearTimeout(live.expiry);
    try {
      await this.#admin.use((admin) => endRole(admin, live.role, clock));
      const { group, principal } = live.request;
      record({ kind: "lease_ended", role: live.role, group, principal, because });
    } catch (error) {
      warn(`session role \`${live.role}\` could not be removed, the next sweep tries again: ${messageOf(error)}`);
    } finally {
      this.#live.delete(live.role);
    }
  }
}

function changes(privilege: RoleRights["privileges"][number]): boolean {
  return privilege !== "SELECT";
}

/**
 * The grants of this process: given by persons, used by acts, and taken back at their time, when they are used up, or with their run.
 * None of them outlives the process: at the next start the store's open ones are closed, and the server's side is swept with its roles.
 */
import { messageOf } from "../base/message-of.ts";
import { type ApprovalId, type AskId, type GrantId, newGrantId, type SessionId } from "../base/ids.ts";
import type { Grant, GrantFact, GrantOperation } from "../model/grant.ts";
import type { Run } from "../model/run.ts";
import { LiveGrant } from "./live-grant.ts";
import type { SessionPorts } from "./ports.ts";

export interface NewGrant {
  readonly run: Run;
  readonly tables: readonly string[];
  readonly operations: readonly GrantOperation[];
  readonly untilMs: number;
  readonly usesMax: number | null;
  readonly rowsMax: number;
  readonly by: string;
  readonly nonce: string;
  readonly reason: string;
  readonly ask?: AskId;
  readonly approval?: ApprovalId;
}

/** Taking back is tried again this often while the server does not answer. */
const REVOKE_AGAIN_MS = 1_000;

export class Grants {
  readonly #ports: SessionPorts;
  readonly #live = new Map<GrantId, LiveGrant>();
  readonly #timers = new Map<GrantId, NodeJS.Timeout>();
  readonly #ending = new Map<GrantId, Promise<void>>();
  /** Over, for people to look at. */
  #past: readonly Grant[] = [];
  #closed = false;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  /** What a former process left open is closed here; its rights went with its roles. */
  async adopt(): Promise<void> {
    const { store, record } = this.#ports;
    const kept = await store.grants();
    const past: Grant[] = [];
    for (const grant of kept) {
      if (grant.state === "lapsed") {
        past.push(grant);
        continue;
      }
      const because = "Holdfast was started anew";
      const over: Grant = { ...grant, state: "lapsed", because };
      record({ kind: "grant_lapsed", grant: grant.id, run: grant.run, because, uses: grant.uses, rows: grant.rows, revoked: true });
      await store.putGrant(over);
      past.push(over);
    }
    this.#past = past;
  }

  /** What is over, of every gateway on the store. */
  async remember(): Promise<void> {
    this.#past = (await this.#ports.store.grants()).filter(({ state }) => state === "lapsed").slice(-200);
  }

  /** What another gateway, or a former incarnation of this one, left open. Its rights at the server end with its session role. */
  async closeLeft(ids: readonly GrantId[], because: string): Promise<void> {
    const { store, record } = this.#ports;
    const left = ids.length === 0 ? [] : (await store.grants()).filter(({ id, state }) => ids.includes(id) && state === "open");
    for (const grant of left) {
      await store.putGrant({ ...grant, state: "lapsed", because });
      record({ kind: "grant_lapsed", grant: grant.id, run: grant.run, because, uses: grant.uses, rows: grant.rows, revoked: false });
      this.#past = [...this.#past, { ...grant, state: "lapsed" as const, because }].slice(-200);
    }
  }

  /**
   * Record and store first, then the server, then the policy: at no moment is a right open that nobody knows of. Rejects with
   * `GrantRefused` when the server does not give it; then it is over as if it had never been.
   */
  async give(wanted: NewGrant): Promise<Grant> {
    const { random, clock, record, seal, store, server, grantsChanged } = this.#ports;
    const { run } = wanted;
    const found = await server.resolve({ ...wanted, target: run.target, principal: run.principal });
    const grant: Grant = {
      ...found,
      id: newGrantId(random),
      operations: wanted.operations,
      run: run.id,
      principal: run.principal,
      target: run.target,
      by: wanted.by,
      reason: wanted.reason,
      ...(wanted.ask === undefined ? {} : { ask: wanted.ask }),
      ...(wanted.approval === undefined ? {} : { approval: wanted.approval }),
      givenAtMs: clock.now(),
      untilMs: wanted.untilMs,
      usesMax: wanted.usesMax,
      rowsMax: wanted.rowsMax,
      uses: 0,
      rows: 0,
      state: "open",
    };
    record(givenEvent(grant, wanted.nonce));
    await seal();
    await store.putGrant(grant);
    const live = new LiveGrant(grant);
    this.#live.set(grant.id, live);
    try {
      await server.apply(run.target, run.principal);
    } catch (error) {
      await this.lapse(grant.id, `the server did not give it: ${messageOf(error)}`);
      throw error;
    }
    // The time may have passed, or the run ended, while the server worked.
    if (live.phase !== "open" || this.#closed) throw new Error("the session ended before the grant was there");
    const left = Math.max(0, grant.untilMs - clock.now());
    this.#timers.set(grant.id, setTimeout(() => void this.lapse(grant.id, "its time is over"), left).unref());
    grantsChanged();
    return grant;
  }

  /** What the principal's decisions may rest on now. */
  factsOf(target: string, principal: string): readonly GrantFact[] {
    return this.of(target, principal).flatMap((live) => (live.phase === "open" ? [live.fact] : []));
  }

  /** What the principal's role has at the server now: those that are spent keep it until what rests on them has ended. */
  heldBy(target: string, principal: string): readonly Grant[] {
    return this.of(target, principal).flatMap((live) => (live.phase === "over" ? [] : [live.given]));
  }

  /** Those that are not taken back yet. */
  of(target: string, principal: string): readonly LiveGrant[] {
    const found: LiveGrant[] = [];
    for (const live of this.#live.values()) if (live.given.target === target && live.given.principal === principal) found.push(live);
    return found;
  }

  get(id: string): LiveGrant | undefined {
    return this.#live.get(id as GrantId);
  }

  list(): readonly Grant[] {
    return [...this.#past, ...[...this.#live.values()].map((live) => live.snapshot())];
  }

  /** The connection has nothing open: what is spent can be taken back. */
  idle(target: string, principal: string, session: SessionId): void {
    for (const live of this.of(target, principal)) {
      live.idle(session);
      this.look(live);
    }
  }

  /** Takes back what is spent and rests. */
  look(live: LiveGrant): void {
    if (live.phase === "spent" && live.quiet) void this.lapse(live.id, live.because ?? "it is used up");
  }

  /** Ends it: acts stop resting on it at once, open transactions that did are rolled back, and the server's right is revoked. */
  lapse(id: GrantId, because: string, person?: string): Promise<void> {
    const live = this.#live.get(id);
    if (live === undefined) return Promise.resolve();
    const known = this.#ending.get(id);
    if (known !== undefined) return known;
    const ending = this.#end(live, because, person).finally(() => this.#ending.delete(id));
    this.#ending.set(id, ending);
    return ending;
  }

  /** With their run. */
  async lapseAll(target: string, principal: string, because: string): Promise<void> {
    await Promise.all(this.of(target, principal).map((live) => this.lapse(live.id, because)));
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#live.keys()].map((id) => this.lapse(id, "Holdfast stops")));
  }

  async #end(live: LiveGrant, because: string, person: string | undefined): Promise<void> {
    const { record, store, warn, grantsChanged, endConnection, server } = this.#ports;
    live.phase = "over";
    live.because = because;
    clearTimeout(this.#timers.get(live.id));
    this.#timers.delete(live.id);
    grantsChanged();
    // A change that was made under the right and not committed must not be committed without it.
    for (const session of live.users)
      endConnection(session, "grant_lapsed", `the grant that this transaction rests on is over: ${because}`);
    const { target, principal, run } = live.given;
    for (let told = false, revoked = false; !revoked; ) {
      revoked = await server.revoke(target, principal).then(
        () => true,
        (error: unknown) => {
          if (!told) warn(`grant \`${live.id}\` is over and could not be revoked yet at \`${target}\`: ${messageOf(error)}`);
          return false;
        },
      );
      if (revoked || this.#closed) {
        const { uses, rows } = live;
        const by = person === undefined ? {} : { person };
        record({ kind: "grant_lapsed", grant: live.id, run, because, uses, rows: rows.used, revoked, ...by });
        break;
      }
      told = true;
      await new Promise((resolve) => setTimeout(resolve, REVOKE_AGAIN_MS).unref());
    }
    this.#live.delete(live.id);
    this.#past = [...this.#past, live.snapshot()].slice(-200);
    await store.putGrant(live.snapshot()).catch((error: unknown) => warn(messageOf(error)));
  }
}

function givenEvent(grant: Grant, nonce: string) {
  const { id, ask, approval, run, principal, target, tables, operations, untilMs, usesMax, rowsMax, by, reason } = grant;
  return {
    kind: "grant_given" as const,
    grant: id,
    ...(ask === undefined ? {} : { ask }),
    ...(approval === undefined ? {} : { approval }),
    run,
    principal,
    target,
    relations: tables,
    operations,
    untilMs,
    usesMax,
    rowsMax,
    person: by,
    nonce,
    purpose: reason,
  };
}

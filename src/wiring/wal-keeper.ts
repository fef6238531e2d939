/**
 * One target's WAL kept coming: who of several gateways receives it, the receiver, and what the server says of our slot.
 * It raises no alarm; it says what they are made of.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "pg";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import { messageOf } from "../base/message-of.ts";
import type { BackupConfig } from "../config/backup-schema.ts";
import type { WalView } from "../control/backups-contract.ts";
import type { WalFacts } from "../recovery/backup/alarms.ts";
import type { Repository } from "../recovery/backup/repository.ts";
import { readServerFacts, type ServerFacts, takeBackupLock } from "../recovery/backup/server-facts.ts";
import { WalReceiver } from "../recovery/backup/wal-receiver.ts";
import { backupAddress, backupLogin } from "./backup-login.ts";
import { replicationTo } from "./replication.ts";
import type { EnvironmentVariables } from "./target-options.ts";

export interface WalKeeperParts {
  readonly target: string;
  readonly backup: BackupConfig;
  readonly environment: EnvironmentVariables;
  /** This gateway's own folder for the target. */
  readonly place: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
}

const OBJECT_IN_USE = "55006";
const LET_GO_MS_MAX = 10_000;

interface Held {
  readonly client: Client;
  readonly facts: ServerFacts;
  readonly receiver: WalReceiver;
  lost: boolean;
}

export class WalKeeper {
  readonly #parts: WalKeeperParts;
  readonly slot: string;
  #held: Held | undefined;
  #elsewhere = false;
  #stopped = false;
  #problem: string | undefined;
  #sinceMs: number;
  #lag: { readonly bytes: number | undefined; readonly slot: string | undefined } = { bytes: undefined, slot: undefined };
  #missing: readonly string[] = [];
  advice: readonly string[] = [];

  constructor(parts: WalKeeperParts) {
    this.#parts = parts;
    this.slot = `holdfast_${parts.target.toLowerCase().replace(/[^a-z0-9_]/g, "_")}`.slice(0, 63);
    this.#sinceMs = parts.clock.now();
  }

  get streaming(): boolean {
    return this.#held?.receiver.status.state === "streaming";
  }

  /** Takes the lock and begins where that is ours to do; looks at the slot. Never rejects. */
  async look(repository: Repository): Promise<void> {
    if (this.#stopped) return;
    try {
      if (this.#held?.lost === true) await this.#letGo();
      this.#held ??= await this.#take(repository);
      if (this.#held !== undefined) await this.#askSlot(this.#held.client);
      this.#problem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#parts.warn(`target \`${this.#parts.target}\`: WAL is not received: ${problem}`);
      this.#problem = problem;
    }
  }

  /** A base backup was made: what was lost before it is not needed any more. */
  renewed(): void {
    this.#held?.receiver.forget();
  }

  /** Segments that are not there between the newest base backup and the newest segment. */
  found(missing: readonly string[]): void {
    this.#missing = missing;
  }

  facts(): WalFacts {
    const { lagBytesMax } = this.#parts.backup;
    const { state, sinceMs, problem, lost } = this.#status();
    return { state, sinceMs, problem, lost, lagBytes: this.#lag.bytes, lagBytesMax, slot: this.#lag.slot, missing: this.#missing };
  }

  view(): WalView {
    const { state, sinceMs, problem, archived } = this.#status();
    const lagBytes = this.#lag.bytes ?? null;
    return { state, sinceMs, problem: problem ?? null, slot: this.slot, lagBytes, archived: archived ?? null, missing: this.#missing };
  }

  /** Rejects where the server says no. Nothing is received any more until the gateway starts again. */
  async dropSlot(): Promise<void> {
    this.#stopped = true;
    await this.#letGo();
    const { target, backup, environment, clock } = this.#parts;
    const client = await backupAddress(target, backup, environment).connect();
    try {
      const text = "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1";
      for (const begunMs = clock.monotonic(); ; ) {
        const inUse = await client.query(text, [this.slot]).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (inUse === undefined) return;
        // The server sees a moment later than we that the receiver has gone.
        const passing = (inUse as { readonly code?: unknown }).code === OBJECT_IN_USE && clock.monotonic() - begunMs < LET_GO_MS_MAX;
        if (!passing) throw inUse;
        await delay(100);
      }
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.#letGo();
  }

  #status() {
    if (this.#held !== undefined) {
      const { status } = this.#held.receiver;
      return { ...status, problem: status.problem ?? this.#problem };
    }
    const state = this.#stopped ? ("stopped" as const) : this.#elsewhere ? ("elsewhere" as const) : ("waiting" as const);
    return { state, sinceMs: this.#sinceMs, problem: this.#problem, lost: undefined, archived: undefined };
  }

  async #take(repository: Repository): Promise<Held | undefined> {
    const { target, backup, environment, place, clock, random, warn } = this.#parts;
    const client = await backupAddress(target, backup, environment).connect();
    try {
      const ours = await takeBackupLock(client, "wal");
      if (ours === this.#elsewhere) this.#sinceMs = clock.now();
      this.#elsewhere = !ours;
      if (!ours) {
        await client.end();
        return undefined;
      }
      const facts = await readServerFacts(client);
      const archive = repository.wal(target);
      if (facts.systemIdentifier !== undefined) await archive.claim(facts.systemIdentifier);
      await mkdir(place, { recursive: true, mode: 0o700 });
      // Plain, the newest segments lie in the repository from the first byte on. Sealed, nothing plain lies there: they wait here.
      const spool = repository.sealed ? join(place, "wal") : join(archive.folder, ".receiving");
      const receiver = new WalReceiver({
        archive,
        replicate: () => replicationTo(backupLogin(target, backup, environment), random),
        segmentBytes: facts.walSegmentBytes,
        slot: this.slot,
        spool,
        clock,
        random,
        warn: (message) => warn(`target \`${target}\`: ${message}`),
        partialEveryMs: backup.partialEveryMs,
      });
      const held: Held = { client, facts, receiver, lost: false };
      client.on("error", () => void (held.lost = true));
      client.on("end", () => void (held.lost = true));
      receiver.start();
      return held;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  async #askSlot(client: Client): Promise<void> {
    const { rows } = await client.query<{ lag: string | null; status: string | null; bound: string }>(slotText, [this.slot]);
    const [row] = rows;
    this.#lag = { bytes: row?.lag === null || row?.lag === undefined ? undefined : Number(row.lag), slot: row?.status ?? undefined };
    this.advice =
      row?.bound === "-1"
        ? [
            `max_slot_wal_keep_size is unlimited: should nobody receive WAL for long, the server's disk fills; \`ALTER SYSTEM SET max_slot_wal_keep_size = '50GB'\``,
          ]
        : [];
  }

  async #letGo(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    await held.receiver.stop();
    await held.client.end().catch(() => undefined);
    this.#held = undefined;
    this.#sinceMs = this.#parts.clock.now();
  }
}

const slotText = `
SELECT pg_catalog.pg_wal_lsn_diff(
    CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn() ELSE pg_catalog.pg_current_wal_lsn() END,
    COALESCE(r.write_lsn, s.restart_lsn))::text AS lag,
  s.wal_status AS status, pg_catalog.current_setting('max_slot_wal_keep_size') AS bound
FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_replication_slots s ON s.slot_name = $1
LEFT JOIN pg_catalog.pg_stat_replication r ON r.pid = s.active_pid`;

/**
 * The PostgreSQL store, for several gateways at once: every put is one durable statement, and what is put is told to all that listen.
 * It decides nothing about what it keeps, and repeats nothing by itself: a lost reply is the caller's to look after.
 */
import type { ApprovalId, RunId } from "../base/ids.ts";
import type { Approval, ApprovalState } from "../model/approval.ts";
import type { RunAccount } from "../model/run-account.ts";
import { parseAccount, parseApproval } from "./entries.ts";
import { type EntryTable, KeptEntries } from "./kept-entries.ts";
import { keptMax, StoreUnavailable } from "./port.ts";
import { demandDurable, PostgresConnection, type PostgresPlace, type Row } from "./postgres-connection.ts";
import { PostgresGateways } from "./postgres-gateways.ts";
import { Hearing, type HeardKind } from "./postgres-hearing.ts";
import { openSchema } from "./postgres-schema.ts";
import type { GatewaySeen, GatewaySelf, LeftOpen, SharedStore } from "./shared-port.ts";

export interface PostgresStoreOptions {
  readonly place: PostgresPlace;
  /** Whose store this is among several. */
  readonly gateway: GatewaySelf;
  readonly pingMs?: number;
}

const PING_MS = 2_000;
/** What is over is forgotten beyond what is kept, looked at after so many changes. */
const FORGET_EVERY = 200;

const open: ReadonlySet<ApprovalState> = new Set<ApprovalState>(["pending", "approved", "running"]);

/** Rejects with {@link StoreUnavailable} when the server is not reached, or the schema is a later version's or another role's. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<SharedStore> {
  const connection = new PostgresConnection(options.place, "holdfast store");
  const store = new PostgresStore(connection, options);
  try {
    await openSchema(connection);
    await store.listen();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

const told: Readonly<Record<EntryTable, HeardKind | undefined>> = { runs: undefined, asks: "ask", grants: "grant", disarms: undefined };

class PostgresStore extends KeptEntries implements SharedStore {
  readonly #connection: PostgresConnection;
  readonly #gateways: PostgresGateways;
  readonly #hearing: Hearing;
  readonly #onApproval = new Set<(id: ApprovalId) => void>();
  readonly #onAccount = new Set<(id: RunId) => void>();
  readonly #onOthers = new Set<(what: "asks" | "grants" | "gateways") => void>();
  readonly #onHearing = new Set<(hearing: boolean) => void>();
  #changes = 0;

  constructor(connection: PostgresConnection, { place, gateway, pingMs = PING_MS }: PostgresStoreOptions) {
    super();
    this.#connection = connection;
    const changed = (hearing: boolean): void => this.#onHearing.forEach((tell) => tell(hearing));
    this.#hearing = new Hearing({ place, pingMs, changed, heard: (kind, id) => this.#heard(kind, id) });
    this.#gateways = new PostgresGateways(this.#hearing.connection, gateway);
  }

  listen(): Promise<void> {
    return this.#hearing.open();
  }

  changeApproval(approval: Approval): Promise<boolean> {
    const { id, revision, state } = approval;
    return this.#change("approvals", "approval", { id, revision, over: !open.has(state), body: approval });
  }

  async approval(id: ApprovalId): Promise<Approval | undefined> {
    return (await this.#some("approvals", parseApproval, "WHERE id = $1", [id]))[0];
  }

  approvals(): Promise<readonly Approval[]> {
    return this.all("approvals", parseApproval);
  }

  onApproval(changed: (id: ApprovalId) => void): () => void {
    return subscribe(this.#onApproval, changed);
  }

  changeAccount(account: RunAccount): Promise<boolean> {
    const { id, revision, run } = account;
    const login = run.kind === "login" ? JSON.stringify([run.principal, run.target]) : null;
    return this.#change("accounts", "account", { id, revision, over: run.state === "ended", body: account, login });
  }

  async account(id: RunId): Promise<RunAccount | undefined> {
    return (await this.#some("accounts", parseAccount, "WHERE id = $1", [id]))[0];
  }

  accounts(): Promise<readonly RunAccount[]> {
    return this.#some("accounts", parseAccount, "WHERE NOT over ORDER BY place", []);
  }

  onAccount(changed: (id: RunId) => void): () => void {
    return subscribe(this.#onAccount, changed);
  }

  onOthers(changed: (what: "asks" | "grants" | "gateways") => void): () => void {
    return subscribe(this.#onOthers, changed);
  }

  onHearing(changed: (hearing: boolean) => void): () => void {
    return subscribe(this.#onHearing, changed);
  }

  enlist(incarnation: string): Promise<void> {
    return this.#gateways.enlist(incarnation);
  }

  beat(): Promise<boolean> {
    return this.#gateways.beat();
  }

  gateways(): Promise<readonly GatewaySeen[]> {
    return this.#gateways.all();
  }

  takeOver(silentMs: number): Promise<readonly GatewaySeen[]> {
    return this.#gateways.takeOver(silentMs);
  }

  closed(gateway: Pick<GatewaySelf, "id" | "incarnation">): Promise<void> {
    return this.#gateways.closed(gateway);
  }

  leave(): Promise<void> {
    return this.#gateways.leave();
  }

  async leftOpen(gateway: string): Promise<LeftOpen> {
    // Of every incarnation of it but one that lives.
    const left = `NOT over AND split_part(gateway, '/', 1) = $1 AND NOT EXISTS (
      SELECT FROM holdfast_control.gateways WHERE state = 'alive' AND gateway = gateways.id || '/' || incarnation)`;
    const rows = await this.#connection.run(
      `SELECT 'ask' AS kind, id FROM holdfast_control.asks WHERE ${left} UNION ALL
       SELECT 'grant', id FROM holdfast_control.grants WHERE ${left}`,
      [gateway],
    );
    const of = (kind: string): string[] => rows.filter((row) => row["kind"] === kind).map((row) => String(row["id"]));
    return { asks: of("ask"), grants: of("grant") } as unknown as LeftOpen;
  }

  async close(): Promise<void> {
    await Promise.all([this.#hearing.close(), this.#connection.close()]);
  }

  /** `gateway` is who puts it first: another one that closes it does not become its owner. */
  protected async put(table: EntryTable, entry: { readonly id: string }, over: boolean): Promise<void> {
    const kind = told[table];
    const tell = kind === undefined ? "NULL" : `pg_notify('holdfast_control', '${kind} ' || id)`;
    await this.#write(
      `WITH put AS (INSERT INTO holdfast_control.${table} (id, over, gateway, body) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET over = excluded.over, body = excluded.body RETURNING id)
       SELECT ${tell}, current_setting('synchronous_commit') AS durable FROM put`,
      [entry.id, over, this.#gateways.stamp, JSON.stringify(entry)],
    );
    if (over) await this.#forget(table);
  }

  async #change(table: "approvals" | "accounts", kind: HeardKind, change: Change): Promise<boolean> {
    const { id, revision, over, body, login } = change;
    const values = [id, over, revision, JSON.stringify(body), ...(login === undefined ? [] : [login])];
    const [column, value] = login === undefined ? ["", ""] : [", login", ", $5"];
    const put =
      revision === 0
        ? `INSERT INTO holdfast_control.${table} (id, over, revision, body${column}) VALUES ($1, $2, $3, $4${value}) ON CONFLICT DO NOTHING`
        : `UPDATE holdfast_control.${table} SET over = $2, revision = $3, body = $4${login === undefined ? "" : ", login = $5"}
           WHERE id = $1 AND revision = $3 - 1`;
    const rows = await this.#write(
      `WITH put AS (${put} RETURNING id, revision)
       SELECT pg_notify('holdfast_control', '${kind} ' || id || ' ' || revision), current_setting('synchronous_commit') AS durable
       FROM put`,
      values,
    );
    if (rows.length > 0 && over) await this.#forget(table);
    return rows.length > 0;
  }

  async #write(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const rows = await this.#connection.run(text, values);
    for (const { durable } of rows) demandDurable(durable);
    return rows;
  }

  /** Not part of what was asked for: what is not forgotten now is forgotten later. */
  async #forget(table: EntryTable | "approvals" | "accounts"): Promise<void> {
    if (this.#changes++ % FORGET_EVERY !== 0) return;
    await this.#connection
      .run(
        `DELETE FROM holdfast_control.${table} WHERE over AND place <= (
           SELECT place FROM holdfast_control.${table} WHERE over ORDER BY place DESC OFFSET ${keptMax} LIMIT 1)`,
      )
      .catch(() => undefined);
  }

  protected all<T extends { readonly id: string }>(
    table: EntryTable | "approvals",
    parse: (text: string) => T | undefined,
  ): Promise<readonly T[]> {
    return this.#some(table, parse, "ORDER BY place", []);
  }

  async #some<T extends { readonly id: string }>(
    table: EntryTable | "approvals" | "accounts",
    parse: (text: string) => T | undefined,
    which: string,
    values: readonly unknown[],
  ): Promise<readonly T[]> {
    const rows = await this.#connection.run(`SELECT id, body FROM holdfast_control.${table} ${which}`, values);
    return rows.map(({ id, body }) => {
      const entry = parse(String(body));
      if (entry === undefined || entry.id !== id)
        throw new StoreUnavailable(`the control store cannot be used: \`${String(id)}\` in \`${table}\` is not understood`);
      return entry;
    });
  }

  #heard(kind: HeardKind, id: string): void {
    switch (kind) {
      case "approval":
        return this.#onApproval.forEach((tell) => tell(id as ApprovalId));
      case "account":
        return this.#onAccount.forEach((tell) => tell(id as RunId));
      case "ask":
        return this.#onOthers.forEach((tell) => tell("asks"));
      case "grant":
        return this.#onOthers.forEach((tell) => tell("grants"));
      case "gateway":
        return this.#onOthers.forEach((tell) => tell("gateways"));
    }
  }
}

interface Change {
  readonly id: string;
  readonly revision: number;
  readonly over: boolean;
  readonly body: object;
  /** Present for accounts. */
  readonly login?: string | null;
}

function subscribe<T>(all: Set<(what: T) => void>, tell: (what: T) => void): () => void {
  const own = (what: T): void => tell(what);
  all.add(own);
  return () => all.delete(own);
}

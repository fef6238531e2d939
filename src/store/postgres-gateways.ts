/**
 * Who lives among the gateways on one PostgreSQL store: a row each with its last sign of life, by the server's clock.
 * It does not close what a dead one left; it sees to it that one living gateway at a time has that to do.
 */
import type { PostgresConnection, Row } from "./postgres-connection.ts";
import type { GatewaySeen, GatewaySelf } from "./shared-port.ts";

const columns = `id, incarnation, name, version, state, extract(epoch FROM started_at) * 1000 AS started,
  greatest(0, extract(epoch FROM clock_timestamp() - beat_at)) * 1000 AS silent`;
const tell = "pg_notify('holdfast_control', 'gateway ' || id)";

export class PostgresGateways {
  readonly #connection: PostgresConnection;
  #own: GatewaySelf;

  constructor(connection: PostgresConnection, own: GatewaySelf) {
    this.#connection = connection;
    this.#own = own;
  }

  /** Beside what a gateway puts: who put it, and as which incarnation. */
  get stamp(): string {
    return `${this.#own.id}/${this.#own.incarnation}`;
  }

  async enlist(incarnation: string): Promise<void> {
    const { id, name, version } = this.#own;
    this.#own = { ...this.#own, incarnation };
    await this.#connection.run(
      `WITH put AS (INSERT INTO holdfast_control.gateways (id, incarnation, name, version, state, started_at, beat_at)
         VALUES ($1, $2, $3, $4, 'alive', clock_timestamp(), clock_timestamp())
         ON CONFLICT (id) DO UPDATE SET incarnation = excluded.incarnation, name = excluded.name, version = excluded.version,
           state = 'alive', closer = NULL, started_at = excluded.started_at, beat_at = excluded.beat_at RETURNING id)
       SELECT ${tell} FROM put`,
      [id, incarnation, name, version],
    );
  }

  async beat(): Promise<boolean> {
    const { id, incarnation } = this.#own;
    const rows = await this.#connection.run(
      `UPDATE holdfast_control.gateways SET beat_at = clock_timestamp() WHERE id = $1 AND incarnation = $2 AND state = 'alive' RETURNING 1`,
      [id, incarnation],
    );
    return rows.length > 0;
  }

  async all(): Promise<readonly GatewaySeen[]> {
    const rows = await this.#connection.run(`SELECT ${columns} FROM holdfast_control.gateways ORDER BY started_at`);
    return rows.map(seen);
  }

  /** A closer that dies is itself silent, and what it had to close comes to the next. */
  async takeOver(silentMs: number): Promise<readonly GatewaySeen[]> {
    const rows = await this.#connection.run(
      `WITH dead AS (
         SELECT id FROM holdfast_control.gateways g WHERE id <> $1
           AND ((state = 'alive' AND beat_at < clock_timestamp() - $2 * interval '1 millisecond')
             OR (state = 'leaving' AND (closer = $1 OR NOT EXISTS (SELECT FROM holdfast_control.gateways c WHERE c.id = g.closer
               AND c.state = 'alive' AND c.beat_at >= clock_timestamp() - $2 * interval '1 millisecond'))))
         FOR UPDATE SKIP LOCKED),
       taken AS (UPDATE holdfast_control.gateways g SET state = 'leaving', closer = $1 FROM dead WHERE g.id = dead.id RETURNING g.*)
       SELECT ${columns}, ${tell} FROM taken`,
      [this.#own.id, silentMs],
    );
    return rows.map(seen);
  }

  async closed({ id, incarnation }: Pick<GatewaySelf, "id" | "incarnation">): Promise<void> {
    await this.#connection.run(
      `WITH put AS (UPDATE holdfast_control.gateways SET state = 'gone', closer = NULL
         WHERE id = $1 AND incarnation = $2 AND state = 'leaving' RETURNING id)
       SELECT ${tell} FROM put`,
      [id, incarnation],
    );
    await this.#connection.run(
      "DELETE FROM holdfast_control.gateways WHERE state = 'gone' AND beat_at < clock_timestamp() - interval '7 days'",
    );
  }

  async leave(): Promise<void> {
    const { id, incarnation } = this.#own;
    await this.#connection.run(
      `WITH put AS (UPDATE holdfast_control.gateways SET state = 'gone' WHERE id = $1 AND incarnation = $2 RETURNING id) SELECT ${tell} FROM put`,
      [id, incarnation],
    );
  }
}

function seen(row: Row): GatewaySeen {
  const text = (name: string): string => String(row[name]);
  return {
    id: text("id"),
    incarnation: text("incarnation"),
    name: text("name"),
    version: text("version"),
    state: row["state"] as GatewaySeen["state"],
    startedAtMs: Math.round(Number(row["started"])),
    silentMs: Math.round(Number(row["silent"])),
  };
}

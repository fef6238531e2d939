/**
 * A real gateway before a scratch database of a real server, and a count of what the database holds.
 * It stands in for nothing: the configuration is a file as a user would write it, the upstream role is the superuser.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { loadConfig } from "../../src/config/load-config.ts";
import { openGateway } from "../../src/wiring.ts";
import { type ServerVersion, testServer } from "../support/servers.ts";

export type Preset = "read-only" | "guarded-writes" | "migrations";

export interface Gate {
  /** A new session of the agent under this preset. */
  connect(preset: Preset): Promise<pg.Client>;
  /** Rows of every table of the fixture, as one text. */
  held(): Promise<string>;
  /** Runs a text past the gateway. */
  direct(text: string): Promise<void>;
  /** Puts the fixture's rows back. */
  refill(): Promise<void>;
  close(): Promise<void>;
}

const fixture = `
CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, note text);
CREATE SCHEMA other;
CREATE TABLE other.customers (id int PRIMARY KEY);
CREATE FUNCTION purge(x int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.orders; RETURN 1; END';
CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM other.customers); END';
CREATE FUNCTION other.total() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.orders; RETURN 1; END';
CREATE FUNCTION report() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN total(); END';
CREATE FUNCTION ${"p".repeat(63)}() RETURNS int LANGUAGE sql AS 'SELECT public.purge()';
CREATE DOMAIN trapped AS int CHECK (purge(VALUE) > 0);
CREATE TABLE traps (id int, kept trapped);
CREATE TYPE grade AS ENUM ('good', 'bad');
CREATE FUNCTION graded(grade) RETURNS json LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.orders; RETURN '1'; END $$;
CREATE CAST (grade AS json) WITH FUNCTION graded(grade);
CREATE TABLE grades (id int, kept grade);
INSERT INTO grades VALUES (1, 'good');
`;
const fill = `
DELETE FROM customers; DELETE FROM other.customers;
INSERT INTO customers SELECT i, 'c' || i FROM generate_series(1, 20) i;
INSERT INTO orders SELECT i, i, 'o' FROM generate_series(1, 20) i;
INSERT INTO other.customers SELECT i FROM generate_series(1, 20) i;
`;
const count = `SELECT pg_catalog.concat_ws(' ', (SELECT count(*) FROM public.customers), (SELECT count(*) FROM public.orders),
  (SELECT count(*) FROM other.customers)) AS held`;

export async function openGate(version: ServerVersion): Promise<Gate> {
  const server = await testServer(version);
  const database = await server.scratchDatabase(fixture + fill);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-redteam-"));
  const password = randomBytes(18).toString("base64url");
  writeFileSync(join(folder, "agent"), password, { mode: 0o600 });
  writeFileSync(join(folder, "upstream"), server.url(database.name), { mode: 0o600 });
  const presets: readonly Preset[] = ["read-only", "guarded-writes", "migrations"];
  const targets = presets.map(
    (preset) => `  ${preset}: { environment: production, listen: "127.0.0.1:0", upstream: { url: { file: upstream } }, policy: ${preset} }`,
  );
  const path = join(folder, "holdfast.yaml");
  writeFileSync(
    path,
    `version: 1\ntargets:\n${targets.join("\n")}\nusers:\n  agent: { kind: ai_agent, password: { file: agent }, targets: [${presets.join(", ")}] }\n`,
  );
  const loaded = loadConfig({ path });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const gateway = await openGateway(loaded.config, { environment: {} });
  await gateway.start();
  const direct = await server.connect(database.name);
  return {
    async connect(preset) {
      const listen = gateway.status().targets.find(({ name }) => name === preset)?.listen ?? "";
      const client = new pg.Client({ connectionString: `postgres://agent:${password}@${listen}/${database.name}` });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    held: async () => (await direct.query<{ held: string }>(count)).rows[0]?.held ?? "",
    direct: async (text) => void (await direct.query(text)),
    refill: async () => void (await direct.query(fill)),
    async close() {
      await gateway.stop("the test is over");
      await direct.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

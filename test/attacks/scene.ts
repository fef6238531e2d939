/**
 * A real server with the prize in it: a template database that is cloned for every attack, a second database, planted files, bystanders.
 * It runs no attack itself.
 */
import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { serverAccount } from "../support/postgres/account.ts";
import { type Login, type ServerVersion, startServer, type TestServer } from "../support/servers.ts";
import { differences, type Fingerprint, fingerprint } from "./fingerprint.ts";

const template = "prize_template";
const clerk: Login = { user: "clerk", password: "synthetic-clerk-password" };
/** What only the server's files, or another session, hold. */
export const canary = "canary-7f3a90c1";

export type Attacker = "ordinary" | "superuser";
export const attackers: readonly Attacker[] = ["ordinary", "superuser"];

export class Scene {
  readonly version: ServerVersion;
  readonly server: TestServer;
  readonly files: string;
  readonly #admins = new Map<string, pg.Client>();
  #bystander: pg.Client | undefined;
  #notified = 0;
  #prizes = "[]";

  private constructor(version: ServerVersion, server: TestServer) {
    this.version = version;
    this.server = server;
    this.files = join(server.folder, "files");
  }

  static async open(version: ServerVersion): Promise<Scene> {
    const server = await startServer({ version, settings: { autovacuum: false, max_connections: 100, track_functions: "none" } });
    const scene = new Scene(version, server);
    try {
      await scene.#plant();
    } catch (error) {
      await scene.close();
      throw error;
    }
    return scene;
  }

  async #plant(): Promise<void> {
    const { server } = this;
    await this.plantFiles();
    for (const statement of this.text("cluster.sql")
      .replaceAll(/^--.*$/gm, "")
      .split(";"))
      if (statement.trim() !== "") await server.asSuperuser(statement);
    await this.resetLedger();
    await server.asSuperuser(`CREATE DATABASE ${template}`);
    await server.asSuperuser(this.text("prize.sql"), template);
    const [row] = await server.asSuperuser("SELECT json_agg(p)::text AS prizes FROM prizes p", template);
    this.#prizes = row?.["prizes"];
  }

  /** What `{name}` in a case stands for. */
  get values(): Readonly<Record<string, string>> {
    return {
      files: this.files,
      host: this.server.host,
      port: String(this.server.port),
      password: clerk.password,
      canary,
      database: template,
    };
  }

  login(attacker: Attacker): Login {
    return attacker === "superuser" ? this.server.superuser : clerk;
  }

  /** A new copy of the prize under that name; what was there before is gone, with its connections. */
  async fresh(name: string): Promise<void> {
    await this.drop(name);
    const admin = await this.admin("postgres");
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    await admin.query(`GRANT CREATE ON DATABASE ${name} TO clerk`);
  }

  async drop(name: string): Promise<void> {
    await this.#forget(name);
    const admin = await this.admin("postgres");
    const { rows } = await admin.query("SELECT 1 FROM pg_subscription");
    if (rows.length > 0) await dropSubscriptions(this.server, name);
    const { rows: prepared } = await admin.query("SELECT gid FROM pg_prepared_xacts WHERE database = $1", [name]);
    for (const { gid } of prepared) await this.server.asSuperuser(`ROLLBACK PREPARED '${gid}'`, name);
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  /** A superuser's own connection, past Holdfast, kept per database. */
  async admin(database: string): Promise<pg.Client> {
    const known = this.#admins.get(database);
    if (known !== undefined) return known;
    const client = await this.server.connect(database);
    await client.query("SET client_min_messages = error");
    client.once("end", () => this.#admins.delete(database));
    this.#admins.set(database, client);
    return client;
  }

  async fingerprint(database: string): Promise<Fingerprint> {
    const databases = new Map([
      [database, await this.admin(database)],
      ["ledger", await this.admin("ledger")],
    ]);
    return fingerprint({ databases, folders: [this.files], dataDirectory: this.server.data, others: await this.#others() });
  }

  /** Another session of the ordinary role in that database: it listens, and its query text holds the canary. */
  async standBy(database: string): Promise<void> {
    await this.#bystander?.end().catch(() => undefined);
    this.#notified = 0;
    const client = new pg.Client({ connectionString: this.server.url(database, clerk), application_name: "bystander" });
    client.on("error", () => undefined);
    client.on("notification", () => this.#notified++);
    await client.connect();
    await client.query("LISTEN news");
    await client.query(`SELECT 1 /* ${canary} */`);
    this.#bystander = client;
  }

  /** Puts back the rows that most attacks go for. */
  async refill(database: string): Promise<void> {
    const admin = await this.admin(database);
    await admin.query("DELETE FROM public.prizes");
    await admin.query("INSERT INTO public.prizes SELECT * FROM json_populate_recordset(NULL::public.prizes, $1)", [this.#prizes]);
  }

  /** Puts back what lies outside the database that was attacked. */
  async resetCluster(): Promise<void> {
    const admin = await this.admin("postgres");
    const { rows: slots } = await admin.query("SELECT slot_name FROM pg_replication_slots WHERE NOT active");
    for (const { slot_name } of slots) await admin.query("SELECT pg_drop_replication_slot($1)", [slot_name]);
    for (const { roname } of (await admin.query("SELECT roname FROM pg_replication_origin")).rows)
      await admin.query("SELECT pg_replication_origin_drop($1)", [roname]);
    await admin.query("ALTER SYSTEM RESET ALL");
    await admin.query("SELECT pg_reload_conf()");
    for (const { datname } of (
      await admin.query("SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1', $1)", [template])
    ).rows)
      await this.drop(`"${datname}"`);
    for (const name of ["postgres", "template1"]) await admin.query(`ALTER DATABASE ${name} RESET ALL`);
    await this.resetRoles(admin);
    await this.resetLedger();
    await this.plantFiles();
  }

  async close(): Promise<void> {
    await this.#bystander?.end().catch(() => undefined);
    for (const client of this.#admins.values()) await client.end().catch(() => undefined);
    await this.server.stop();
  }

  text(name: string): string {
    const raw = readFileSync(join(import.meta.dirname, name), "utf8");
    return raw.replaceAll(/\{([a-z]+)\}/g, (whole, key: string) => this.values[key] ?? whole);
  }

  private async resetRoles(admin: pg.Client): Promise<void> {
    const { rows } = await admin.query(
      "SELECT rolname FROM pg_roles WHERE rolname NOT IN ('postgres', 'clerk', 'auditor') AND rolname !~ '^pg_'",
    );
    for (const { rolname } of rows) await admin.query(`DROP ROLE "${rolname}"`).catch(() => undefined);
    await admin.query("CREATE ROLE auditor").catch(() => undefined);
    await admin.query("GRANT auditor TO clerk");
    await admin.query("ALTER ROLE auditor NOSUPERUSER NOLOGIN NOCREATEDB NOCREATEROLE");
    await admin.query(`ALTER ROLE clerk LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION PASSWORD '${clerk.password}'`);
    await admin.query(`ALTER ROLE postgres LOGIN SUPERUSER PASSWORD '${this.server.superuser.password}'`);
    for (const role of ["clerk", "postgres", "auditor", "ALL"]) await admin.query(`ALTER ROLE ${role} RESET ALL`);
    const { rows: given } = await admin.query(
      "SELECT roleid::regrole::text AS rolname FROM pg_auth_members WHERE member = 'clerk'::regrole AND roleid <> 'auditor'::regrole",
    );
    for (const { rolname } of given) await admin.query(`REVOKE "${rolname}" FROM clerk`);
  }

  private async resetLedger(): Promise<void> {
    await this.#forget("ledger");
    const admin = await this.admin("postgres");
    for (const name of ["ledger", "spare"]) {
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await admin.query(`CREATE DATABASE ${name} OWNER clerk`);
    }
    const entries = "CREATE TABLE entries (id int, amount int); INSERT INTO entries SELECT n, n FROM generate_series(1, 9) n";
    const client = await this.server.connect("ledger", clerk);
    await client.query(entries);
    await client.end();
  }

  private async plantFiles(): Promise<void> {
    rmSync(this.files, { recursive: true, force: true });
    mkdirSync(this.files);
    writeFileSync(join(this.files, "planted.txt"), `${canary}\n`);
    const account = serverAccount();
    if (account === undefined) return;
    for (const path of [this.files, join(this.files, "planted.txt")]) chownSync(path, account.uid, account.gid);
  }

  async #others(): Promise<Record<string, string | number>> {
    const alive = await this.#bystander?.query(`SELECT 1 /* ${canary} */`).then(
      () => "alive",
      () => "gone",
    );
    return { bystander: alive ?? "none", notifications: this.#notified };
  }

  async #forget(database: string): Promise<void> {
    const client = this.#admins.get(database);
    this.#admins.delete(database);
    await client?.end().catch(() => undefined);
  }
}

/** A database with a subscription cannot be dropped. */
async function dropSubscriptions(server: TestServer, name: string): Promise<void> {
  const rows = await server.asSuperuser(
    "SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE d.datname = $1",
    "postgres",
    [name],
  );
  for (const { subname } of rows) {
    await server.asSuperuser(`ALTER SUBSCRIPTION ${subname} DISABLE`, name);
    await server.asSuperuser(`ALTER SUBSCRIPTION ${subname} SET (slot_name = NONE)`, name);
    await server.asSuperuser(`DROP SUBSCRIPTION ${subname}`, name);
  }
}

/** Parts of the fingerprint that a new copy of the database does not put back. */
export function clusterDiffers(database: string, before: Fingerprint, after: Fingerprint): boolean {
  return differences(before, after).some(
    (line) => !line.startsWith(`${database}: `) || shared.some((name) => line.includes(`catalogue ${name}:`)),
  );
}

const shared = [
  "pg_authid",
  "pg_auth_members",
  "pg_database",
  "pg_db_role_setting",
  "pg_tablespace",
  "pg_parameter_acl",
  "pg_subscription",
  "pg_replication_origin",
  "pg_shdescription",
  "pg_shseclabel",
];

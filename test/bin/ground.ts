/**
 * A database with a bin, and a twin of it without: what a statement does through the bin next to what the server does by itself.
 * Both hold the same things, made by the same statements; roles are the server's, as after `holdfast provision`.
 */
import type pg from "pg";
import { systemRandom } from "../../src/base/ids.ts";
import { readEntries } from "../../src/recovery/bin/entries.ts";
import { binStatements } from "../../src/recovery/bin/install.ts";
import { type Restored, type RestoreOptions, restoreEntries } from "../../src/recovery/bin/restore.ts";
import { writeTicket } from "../../src/recovery/bin/ticket.ts";
import type { Login, TestServer } from "../support/servers.ts";

/** What a client sees of a statement. */
export interface Answer {
  readonly error?: { readonly code: string; readonly message: string; readonly detail?: string; readonly hint?: string };
  readonly notices: readonly string[];
}

export interface BinGround {
  readonly server: TestServer;
  readonly database: string;
  readonly agent: Login;
  /** A session of the agent's, where the bin is. */
  readonly client: pg.Client;
  /** The server's superuser, for building and looking. */
  readonly builder: pg.Client;
  /** Sends the text by way of the bin, with `path` as search_path; the entry's name if something rests now. */
  put(text: string, path: string, copyBytesMax?: number): Promise<Answer & { readonly entry?: string }>;
  /** Entries by name, or all that rest. */
  restore(entries?: readonly string[], options?: RestoreOptions): Promise<Restored>;
  /** Does the text as it stands, as the executor, in this very database. */
  really(text: string, path: string): Promise<Answer>;
  close(): Promise<void>;
}

export const appRole = "bin_app";
export const executorRole = "bin_executor";

/** `former` is one whose server was killed: its database and its agent go on with new connections. */
export async function openBinGround(server: TestServer, former?: BinGround): Promise<BinGround> {
  if (former !== undefined) return connect(server, former.database, former.agent);
  await server.asSuperuser(`DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${appRole}') THEN
        CREATE ROLE ${appRole}; CREATE ROLE ${executorRole}; CREATE ROLE bin_viewer; GRANT ${appRole} TO ${executorRole};
      END IF; END $$`);
  const { name: database } = await server.scratchDatabase();
  const agent = await server.ordinaryRole();
  await server.asSuperuser(
    `GRANT CREATE ON DATABASE ${database} TO ${appRole}, ${executorRole}; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    CREATE SCHEMA holdfast_bin AUTHORIZATION ${executorRole};
    SET ROLE ${executorRole}; SET search_path = pg_catalog, pg_temp; BEGIN; ${binStatements.join(";\n")}; COMMIT`,
    database,
  );
  return connect(server, database, agent);
}

async function connect(server: TestServer, database: string, agent: Login): Promise<BinGround> {
  const builder = await server.connect(database);
  const executor = await server.connect(database);
  await executor.query(`SET ROLE ${executorRole}; SET search_path = pg_catalog, pg_temp`);
  const client = await server.connect(database, agent);
  const pid = ((await client.query("SELECT pg_backend_pid() AS pid")).rows[0] as { pid: number }).pid;
  const clients = [builder, executor, client];
  return {
    server,
    database,
    agent,
    client,
    builder,
    put: async (text, path, copyBytesMax = 2 ** 30) => {
      const tag = tagOf(text);
      const ticket = await writeTicket(
        executor,
        { text, tag, searchPath: path, role: agent.user, serverProcess: pid, copyBytesMax },
        systemRandom,
      );
      const answer = await answerOf(client, `CALL holdfast_bin.carry_out('${ticket.id}')`);
      const entries = await readEntries(executor, ["kept"]);
      return entries.some(({ name }) => name === ticket.entry) ? { ...answer, entry: ticket.entry } : answer;
    },
    restore: async (entries, options = {}) => {
      await executor.query("BEGIN");
      try {
        const resting = await readEntries(executor, ["kept"]);
        const restored = await restoreEntries(
          executor,
          resting.filter(({ name }) => entries?.includes(name) ?? true),
          options,
        );
        await executor.query("COMMIT");
        return restored;
      } catch (error) {
        await executor.query("ROLLBACK");
        throw error;
      }
    },
    really: async (text, path) => {
      const session = await server.connect(database);
      await session.query(`SET ROLE ${executorRole}; SET search_path = ${path}`);
      const answer = await answerOf(session, text);
      await session.end();
      return answer;
    },
    close: async () => void (await Promise.all(clients.map((each) => each.end().catch(() => undefined)))),
  };
}

/** The tag is the first two or three words of these texts. */
function tagOf(text: string): string {
  const words = /^\s*(DROP MATERIALIZED VIEW|DROP \w+|ALTER TABLE|TRUNCATE)/i.exec(text)?.[1]?.toUpperCase() ?? "";
  return words === "TRUNCATE" ? "TRUNCATE TABLE" : words;
}

async function answerOf(client: pg.Client, text: string): Promise<Answer> {
  const notices: string[] = [];
  const hear = (notice: { message?: string | undefined; detail?: string | undefined }): void => {
    notices.push([notice.message ?? "", notice.detail ?? ""].filter(Boolean).join("\n"));
  };
  client.on("notice", hear);
  try {
    await client.query(text);
    return { notices };
  } catch (error) {
    const { code, message, detail, hint } = error as { code: string; message: string; detail?: string; hint?: string };
    return { notices, error: { code, message, ...(detail ? { detail } : {}), ...(hint ? { hint } : {}) } };
  } finally {
    client.off("notice", hear);
  }
}

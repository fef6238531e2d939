/**
 * The test that a gateway passes before anyone may use it: a real write is sent through its own listener and must be refused.
 * It does not trust the answer alone; the server itself is asked whether the object is there.
 */
import { messageOf } from "../base/message-of.ts";
import { Client } from "pg";
import { type RandomBytes, randomText } from "../base/ids.ts";
import type { Account, TargetOptions } from "../adapters/postgres/options.ts";
import { catalogueConnection } from "../adapters/postgres/catalogue-connection.ts";
import { makeVerifier } from "../adapters/postgres/scram.ts";
import { WiringError } from "./target-options.ts";

/** A login that exists only in this process's memory. */
export interface TestLogin {
  readonly account: Account;
  readonly password: string;
}

export function testLogin(random: RandomBytes): TestLogin {
  const password = randomText(32, random);
  const verifier = makeVerifier(password, { iterations: 4096, salt: random(16) });
  const name = `holdfast_startup_test_${randomText(8, random)}`;
  return { password, account: { name, kind: "workload", verifier, databases: null, connectionsMax: 1 } };
}

export interface StartupTestParts {
  readonly target: TargetOptions;
  readonly database: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly login: TestLogin;
  readonly random: RandomBytes;
}

/**
 * Dynamic SQL is what no policy can permit without permitting what is not known; it makes one table if it runs.
 * Rejects with {@link WiringError} when it ran, when anything but a refusal of ours came back, or when the server cannot be asked.
 */
export async function startupTest(parts: StartupTestParts): Promise<void> {
  const { target, login, address, database } = parts;
  const table = `holdfast_startup_test_${randomText(12, parts.random)}`;
  const place = `target \`${target.name}\``;
  const client = new Client({
    host: address.host,
    port: address.port,
    user: login.account.name,
    password: login.password,
    database,
    ssl: target.clientTls === undefined ? false : { rejectUnauthorized: false },
    connectionTimeoutMillis: CONNECT_MS_MAX,
    query_timeout: CONNECT_MS_MAX,
  });
  let answer: string | undefined;
  try {
    await client.connect();
    answer = await client.query(`DO $$ BEGIN EXECUTE 'CREATE TABLE public.' || '${table} ()'; END $$`).then(
      () => undefined,
      (error: { code?: string }) => error.code ?? "no SQLSTATE",
    );
  } catch (error) {
    throw new WiringError(`${place}: the start-up test cannot log in through Holdfast: ${messageOf(error)}`);
  } finally {
    await client.end().catch(() => undefined);
  }
  if (await exists(parts, table)) {
    throw new WiringError(
      `${place}: the start-up test's write was not refused; table \`public.${table}\` now exists and should be dropped. Holdfast does not start`,
    );
  }
  if (answer !== "42501")
    throw new WiringError(
      `${place}: the start-up test's write was answered ${answer ?? "with success"} and not refused by policy. Holdfast does not start`,
    );
}

const CONNECT_MS_MAX = 30_000;

async function exists({ target, database }: StartupTestParts, table: string): Promise<boolean> {
  const client = new Client({
    ...catalogueConnection(target.upstream, database),
    query_timeout: CONNECT_MS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
  });
  // Without a listener a connection that breaks while idle would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query("SELECT 1 FROM pg_catalog.pg_class WHERE relname OPERATOR(pg_catalog.=) $1", [table]);
    return rows.length > 0;
  } catch (error) {
    throw new WiringError(`target \`${target.name}\`: the start-up test cannot ask the server: ${messageOf(error)}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

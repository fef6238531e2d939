/**
 * The attacks with nothing of ours before the server, or with a gateway that refuses nothing: a session role is all that stands
 * between them and the data. The server is the judge, and its state the verdict.
 */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/ids.ts";
import { type Leases, openLeases } from "../../src/credentials/leases.ts";
import { groupNames } from "../../src/provision/names.ts";
import { newLogin } from "../../src/wiring.ts";
import { attempt, attemptAlone } from "../attacks/attempt.ts";
import { differences, type Fingerprint } from "../attacks/fingerprint.ts";
import { type AttackCase, loadCases, parseCases } from "../attacks/load-cases.ts";
import { Scene } from "../attacks/scene.ts";
import { errorsOf, WireClient, type WireLogin } from "../attacks/wire/client.ts";
import type { ServerVersion } from "../support/servers.ts";
import { ownAttacks } from "./own-attacks.ts";
import { agentPassword, configText, ephemeral, provisionShop, serveShop, type Shop } from "./shop.ts";

/** What making and ending session roles writes into the server's shared tables; what roles are and have is compared instead. */
const ofRoles = ["pg_authid", "pg_auth_members", "pg_shdescription", "pg_db_role_setting", "pg_shdepend", "pg_shseclabel"];

/**
 * What a writer of the list `clerks` may change: one table's rows, and the sequence that numbers them. GRANT without the right to rewrites
 * the row of pg_class as it was, and default privileges of its own mean nothing to who may create nothing: what they say is compared.
 */
const written = ["rows public.history", "sequence public.history_id_seq", "catalogue pg_class", "catalogue pg_default_acl"];

/** A NOTIFY reaches who listens: no right of PostgreSQL's covers it, and it changes nothing. */
const notCovered = ["notifications"];

/** A superuser provisions here: the prize holds superusers' functions and extensions, which others cannot take from PUBLIC. */
export function serverJudges(version: ServerVersion): void {
  describe(`PostgreSQL ${version} itself refuses what a session role must not do`, () => {
    for (const as of ["reader", "writer"] as const) {
      test(`straight at the server, as a ${as}: every attack leaves everything as it was`, { timeout: 480_000 }, async (t) => {
        await withPrize(version, async (scene, shop) => {
          const leases = await leasesOf(shop);
          const groups = groupNames(shop.target);
          try {
            const all = [...own(shop), ...casesFor(scene)];
            assert(all.length > 700, `there are attacks: ${all.length}`);
            let turn = 0;
            // A role of its own per batch: one that an attack has locked itself out of must not save the others.
            const login = async (): Promise<WireLogin> => {
              const { role, password } = await leases.lease({
                principal: `agent ${turn++}`,
                connectionsMax: 5,
                group: as === "reader" ? groups.reader : groups.writer("clerks"),
                readOnly: as === "reader",
              });
              return { host: scene.server.host, port: scene.server.port, database: shop.database, user: role, password };
            };
            await attackAll(t, { scene, database: shop.database, cases: all, login, may: as === "reader" ? [] : written });
          } finally {
            await leases.close();
          }
        });
      });
    }

    test("through a gateway whose policy refuses nothing, the same", { timeout: 480_000 }, async (t) => {
      await withPrize(version, async (scene, shop) => {
        const text = configText(shop, ephemeral.replace(/writers.*\n/, "")).replace(/^ {2}clerk:.*\n/m, "");
        const served = await serveShop(shop, text);
        try {
          const [host = "", port = ""] = (served.gateway.status().targets[0]?.listen ?? "").split(":");
          const login: WireLogin = { host, port: Number(port), database: shop.database, user: "agent", password: agentPassword };
          const cases = [...own(shop), ...casesFor(scene, "bcdef")];
          await attackAll(t, { scene, database: shop.database, cases, login: () => Promise.resolve(login), may: [] });
        } finally {
          await served.stop();
        }
      });
    });
  });
}

async function withPrize(version: ServerVersion, body: (scene: Scene, shop: Shop) => Promise<void>): Promise<void> {
  const scene = await Scene.open(version);
  try {
    const shop = await prizeShop(scene);
    await provisionShop(shop);
    await body(scene, shop);
    const [left] = await scene.server.asSuperuser<{ n: number }>("SELECT count(*)::int AS n FROM pg_roles WHERE rolname ~ '^hfs_'");
    assert.equal(left?.n, 0, "no session role is left");
    assert.deepEqual(await scene.server.asSuperuser("SELECT gid FROM pg_prepared_xacts"), [], "no prepared transaction is left");
  } finally {
    await scene.close();
  }
}

async function prizeShop(scene: Scene): Promise<Shop> {
  const database = "prize_shop";
  await scene.fresh(database);
  const login = scene.server.superuser;
  const none = {
    migrationRole: null,
    brokerRole: null,
    sharedRoles: [],
    schemas: null,
    hide: [],
    writers: [{ name: "clerks", schemas: [], tables: ["public.history"] }],
    rows: [],
    functions: [],
    keep: null,
  };
  const request = { target: "prize", ...none, public: { temporary: "revoke", connect: "keep" } } as const;
  return { server: scene.server, database, owner: login, migrator: login, admin: login, target: "prize", request };
}

function leasesOf(shop: Shop): Promise<Leases> {
  return openLeases({
    target: shop.target,
    instance: "server-judges",
    connect: () => shop.server.connect(shop.database),
    clock: systemClock,
    random: systemRandom,
    newLogin,
    limits: { statementMsMax: 20_000, transactionMsMax: 30_000, idleInTransactionMsMax: 10_000, sessionMsMax: null },
    lifetimeMs: 3_600_000,
    lingerMs: 60_000,
    sweepEveryMs: 60_000,
    warn: (message) => assert.fail(message),
    record: () => undefined,
  });
}

function casesFor(scene: Scene, letters?: string): readonly AttackCase[] {
  return loadCases(scene.values, letters).filter(
    ({ from, until, given }) => scene.version >= from && scene.version <= until && given === undefined,
  );
}

function own(shop: Shop): readonly AttackCase[] {
  const lines = ownAttacks(shop.target).map((text) => `- ${text}`);
  return parseCases("own", lines.join("\n"));
}

const BATCH = 24;

interface Campaign {
  readonly scene: Scene;
  readonly database: string;
  readonly cases: readonly AttackCase[];
  readonly login: () => Promise<WireLogin>;
  /** Parts of the database's state that the role may change. */
  readonly may: readonly string[];
}

async function attackAll(t: TestContext, { scene, database, cases, login, may }: Campaign): Promise<void> {
  await scene.standBy(database);
  const codes = new Map<string, number>();
  const harmful: string[] = [];
  let before = await state(scene, database);
  for (let at = 0; at < cases.length; at += BATCH) {
    const batch = cases.slice(at, at + BATCH);
    const as = await login();
    for (const attack of batch) for (const code of await run(as, attack)) codes.set(code, (codes.get(code) ?? 0) + 1);
    const after = await state(scene, database);
    const changes = differences(before, after).filter(
      (line) => !notCovered.some((name) => line.startsWith(name)) && !may.some((part) => line.startsWith(`${database}: ${part}:`)),
    );
    if (changes.length > 0) harmful.push(`changed ${changes.join("; ")} by one of\n${batch.map(({ name }) => name).join("\n  ")}`);
    before = after;
  }
  const said = [...codes].sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`);
  t.diagnostic(`${cases.length} attacks: ${said.slice(0, 8).join(", ")}`);
  assert.deepEqual(harmful, []);
  assert((codes.get("42501") ?? 0) > cases.length / 10, "the server refused for want of rights");
}

/** Runs one and returns the SQLSTATEs. The login must work: an attack that was not tried proves nothing. */
async function run(login: WireLogin, attack: AttackCase): Promise<readonly string[]> {
  if (attack.startup !== undefined) return (await attemptAlone(login, attack, "simple")).errors.map(({ code }) => code);
  const client = await WireClient.open(login.host, login.port);
  try {
    const entered = await client.authenticate(login);
    assert.deepEqual(errorsOf(entered), [], "a session role logs in");
    return (await attempt(client, attack, "simple")).errors.map(({ code }) => code);
  } finally {
    client.socket.destroy();
  }
}

/** The fingerprint, and what every role but the sessions' own is, has and belongs to. */
async function state(scene: Scene, database: string): Promise<Fingerprint> {
  const prints = await scene.fingerprint(database);
  const roles = await scene.server.asSuperuser<{ text: string }>(
    `SELECT concat_ws(' ', a.rolname, a.rolsuper, a.rolinherit, a.rolcreaterole, a.rolcreatedb, a.rolcanlogin, a.rolreplication, a.rolbypassrls,
       a.rolpassword, a.rolvaliduntil, (SELECT string_agg(m.roleid::regrole::text, ',' ORDER BY 1) FROM pg_auth_members m WHERE m.member = a.oid),
       (SELECT string_agg(s.setconfig::text, ',') FROM pg_db_role_setting s WHERE s.setrole = a.oid)) AS text
     FROM pg_authid a WHERE a.rolname !~ '^hfs_' ORDER BY 1`,
  );
  const rights = await scene.server.asSuperuser<{ text: string }>(
    `SELECT concat_ws(' ', oid, relname, relnamespace, relowner, relkind, relacl, reloptions, relrowsecurity, relforcerowsecurity) AS text
       FROM pg_class WHERE relpersistence <> 't'
     UNION ALL SELECT concat_ws(' ', defaclrole::regrole, defaclnamespace, defaclobjtype, defaclacl) FROM pg_default_acl
       WHERE defaclrole::regrole::text !~ '^hfs_' ORDER BY 1`,
    database,
  );
  // Prepared transactions end with their role; that they do is asserted at the end.
  const kept = [...prints].filter(
    ([name]) => name !== "prepared transactions" && !ofRoles.some((table) => name.includes(`catalogue ${table}`)),
  );
  const lines = (rows: readonly { text: string }[]): string => rows.map(({ text }) => text).join("\n");
  return new Map([...kept, ["roles", lines(roles)], ["rights", lines(rights)]]);
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "../base/clock.ts";
import { sampleApproval } from "../../test/store/approval-samples.ts";
import { sampleAsk, sampleRun, storeContract } from "../../test/store/contract.ts";
import { storePlace } from "../../test/store/postgres-place.ts";
import { serverVersions, startServer, testServer } from "../../test/support/servers.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { keptMax } from "./port.ts";

for (const version of serverVersions) {
  describe(`the PostgreSQL store fulfils the contract, on PostgreSQL ${version}`, () => {
    for (const [promise, check] of Object.entries(storeContract)) {
      test(promise, async () => {
        const place = await storePlace(await testServer(version));
        const { server, database, login } = place;
        const rights = (verb: string): Promise<unknown> =>
          server.asSuperuser(
            `${verb.replace("*", "INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA holdfast_control")} ${login.user}`,
            database.name,
          );
        await check({
          open: () => place.open(),
          // The server itself refuses each write.
          failWrites: async () => {
            await rights("REVOKE * FROM");
            return async () => void (await rights("GRANT * TO"));
          },
        });
        await database.drop();
      });
    }
  });
}

describe("the PostgreSQL store's schema", () => {
  test("is made once by many who start at the same moment", async () => {
    const place = await storePlace(await testServer());
    const stores = await Promise.all(Array.from({ length: 6 }, (_, n) => place.open({ gateway: { id: `gw_${n}` } })));
    await stores[0]?.putRun(sampleRun("r_1"));
    for (const store of stores) assert.equal((await store.runs()).length, 1);
    await Promise.all(stores.map((store) => store.close()));
    await place.database.drop();
  });

  test("of a later version, of another role or with a damaged entry is refused by name", async () => {
    const place = await storePlace(await testServer());
    const { server, database } = place;
    const store = await place.open();
    await store.putAsk(sampleAsk("a_1"));
    await server.asSuperuser("UPDATE holdfast_control.asks SET body = body || ' '", database.name);
    assert.equal((await store.asks()).length, 1);
    await server.asSuperuser(`UPDATE holdfast_control.asks SET body = '{"id": 7}'`, database.name);
    await assert.rejects(store.asks(), /`a_1` in `asks` is not understood/);
    await server.asSuperuser("UPDATE holdfast_control.asks SET body = replace(body, '7', '\"a_2\"')", database.name);
    await assert.rejects(store.asks(), /`a_1` in `asks` is not understood/);
    await store.close();
    await server.asSuperuser("UPDATE holdfast_control.version SET version = 99", database.name);
    await assert.rejects(place.open(), /later version of Holdfast \(99/);
    await server.asSuperuser("ALTER SCHEMA holdfast_control OWNER TO postgres", database.name);
    await assert.rejects(place.open(), /belongs to `postgres`/);
    await database.drop();
  });

  test("is not reached with a wrong password, and the error does not hold it", async () => {
    const place = await storePlace(await testServer());
    const { config, ...rest } = place.place();
    const wrong = { ...rest, config: async () => ({ ...(await config()), password: "not-the-password" }) };
    const self = { id: "gw_a", incarnation: "1", name: "a test", version: "0" };
    await assert.rejects(openPostgresStore({ place: wrong, gateway: self }), (error: Error) => {
      assert.match(error.message, /the control store at `127\.0\.0\.1:\d+\/scratch_\w+` cannot be used: password authentication failed/);
      assert.doesNotMatch(error.message, /not-the-password/);
      return error.name === "StoreUnavailable";
    });
    await place.database.drop();
  });

  test("is reached through TLS that is verified, and not by another name", async () => {
    const server = await startServer({ version: 18, tls: true });
    try {
      const place = await storePlace(server);
      const ca = server.tls?.ca ?? "";
      const config = await place.place().config();
      const self = { id: "gw_a", incarnation: "1", name: "a test", version: "0" };
      const through = (servername: string) => ({
        place: {
          config: async () => ({ ...config, ssl: { ca, servername, rejectUnauthorized: true } }),
          shown: "it",
          timeoutMs: 8_000,
          clock: systemClock,
        },
        gateway: self,
      });
      const store = await openPostgresStore(through("localhost"));
      await store.putRun(sampleRun("r_1"));
      await store.close();
      await assert.rejects(openPostgresStore(through("elsewhere.example")), /`it` cannot be used: .*elsewhere\.example/);
    } finally {
      await server.stop();
    }
  });

  test("keeps the newest of what is over and everything that is not", async () => {
    const place = await storePlace(await testServer());
    const { server, database } = place;
    const store = await place.open();
    await store.putRun(sampleRun("r_open"));
    await server.asSuperuser(
      `INSERT INTO holdfast_control.runs (id, over, gateway, body) SELECT 'r_' || n, true, 'gw_a/1', replace(body, 'r_open', 'r_' || n)
       FROM holdfast_control.runs, generate_series(1, ${keptMax + 5}) n WHERE id = 'r_open'`,
      database.name,
    );
    await store.putRun({ ...sampleRun("r_last"), state: "ended" });
    const runs = await store.runs();
    assert.deepEqual([runs[0]?.id, runs.at(-1)?.id, runs.length], ["r_open", "r_last", keptMax + 1]);
    await store.close();
    await database.drop();
  });

  test("is durable when a put resolves, whatever role and database say", async () => {
    const place = await storePlace(await testServer());
    const { server, database, login } = place;
    await server.asSuperuser(`ALTER ROLE ${login.user} SET synchronous_commit = off`);
    await server.asSuperuser(`ALTER ROLE ${login.user} SET default_transaction_isolation = 'serializable'`);
    const store = await place.open();
    // What each transaction that writes runs under, as the server knows it.
    await server.asSuperuser(
      `CREATE TABLE seen (setting text); GRANT INSERT ON seen TO ${login.user};
       CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO public.seen VALUES (current_setting('synchronous_commit') || ', ' || current_setting('transaction_isolation'));
         RETURN NULL; END $$;
       CREATE TRIGGER seeing AFTER INSERT OR UPDATE ON holdfast_control.approvals FOR EACH ROW EXECUTE FUNCTION see();
       CREATE TRIGGER seeing AFTER INSERT OR UPDATE ON holdfast_control.runs FOR EACH ROW EXECUTE FUNCTION see();`,
      database.name,
    );
    assert.equal(await store.changeApproval(sampleApproval("q_1")), true);
    await store.putRun(sampleRun("r_1"));
    const seen = await server.asSuperuser<{ setting: string }>("SELECT setting FROM seen", database.name);
    assert.deepEqual(
      seen.map(({ setting }) => setting),
      ["on, read committed", "on, read committed"],
    );
    await store.close();
    await database.drop();
  });
});

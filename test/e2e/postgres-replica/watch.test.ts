/** What the watch takes for a replica, at real servers: never another server, and never one whose results could look different. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { catalogueConnection } from "../../../src/adapters/postgres/catalogue-connection.ts";
import { type ReplicaState, type ReplicaWatch, watchReplica } from "../../../src/adapters/postgres/replica-watch.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { serverVersions, startServer, testServer, type TestServer } from "../../support/servers.ts";
import { startStandby } from "../../support/standby.ts";
import { upstreamOf } from "../postgres-login/gateway.ts";

function watch(primary: TestServer, replica: TestServer, role?: { user: string; password: string }): ReplicaWatch & { messages: string[] } {
  const login = role === undefined ? {} : { role: role.user, password: () => role.password };
  const messages: string[] = [];
  const watching = watchReplica({
    primary: () => catalogueConnection(upstreamOf(primary, login), "postgres"),
    replica: () => catalogueConnection(upstreamOf(replica, login), "postgres"),
    clock: systemClock,
    lagMsMax: 2_000,
    changed: (message) => messages.push(message),
  });
  return Object.assign(watching, { messages });
}

async function becomes(watching: ReplicaWatch, state: ReplicaState["state"], because = /^/): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const status = watching.status();
    if (status.state === state && because.test(status.because ?? "")) return;
    await delay(25);
  }
  assert.fail(`it is ${JSON.stringify(watching.status())}`);
}

for (const version of serverVersions) {
  describe(`the watch over a replica of PostgreSQL ${version}`, () => {
    test("an ordinary role is enough, and what looks different there is told by name", async () => {
      const primary = await startServer({ version, settings: { wal_keep_size: "256MB" } });
      const role = await primary.ordinaryRole();
      const standby = await startStandby(primary);
      const watching = watch(primary, standby, role);
      try {
        await becomes(watching, "fresh");
        assert.equal(watching.ready("agent", 1), false, "it is not known yet whether the replica has the schema");
        for (let tries = 0; tries < 400 && !watching.ready("agent", 1); tries++) await delay(25);
        assert.ok(watching.ready("agent", 1));
        watching.wrote("agent");
        assert.equal(watching.ready("agent", 1), false);
        assert.ok(watching.ready("another", 1));
        for (let tries = 0; tries < 400 && !watching.ready("agent", 1); tries++) await delay(25);
        assert.ok(watching.ready("agent", 1), "an idle primary is no lag");
        await standby.asSuperuser("ALTER SYSTEM RESET timezone").catch(() => undefined);
        await primary.asSuperuser("ALTER SYSTEM SET timezone = 'Asia/Tokyo'");
        await primary.asSuperuser("SELECT pg_reload_conf()");
        await becomes(watching, "unusable", /^`TimeZone` is `Asia\/Tokyo` here and `UTC` there/);
        assert.equal(watching.ready("another", 1), false);
        await primary.asSuperuser("ALTER SYSTEM RESET timezone");
        await primary.asSuperuser("SELECT pg_reload_conf()");
        await becomes(watching, "fresh");
      } finally {
        await watching.close();
        await standby.stop();
        await primary.stop();
      }
    });

    test("a server of its own, the primary itself, and nobody are no replica", async () => {
      const primary = await testServer(version);
      const stranger = await startServer({ version: version === 15 ? 18 : 15 });
      const [another, itself] = [watch(primary, stranger), watch(primary, primary)];
      await becomes(another, "unusable", /system identifiers differ/);
      await becomes(itself, "unusable", /not in recovery/);
      await stranger.stop();
      await becomes(another, "unusable", /ECONNREFUSED|terminat|closed|lost/);
      assert.ok(another.messages.length >= 1);
      await Promise.all([another.close(), itself.close()]);
    });

    test("a standby of a copy is none either, though the copy has the same identifier", async () => {
      const [primary, copy] = [await testServer(version), await startServer({ version, settings: { wal_keep_size: "256MB" } })];
      const standby = await startStandby(copy);
      const watching = watch(primary, standby);
      try {
        await copy.asSuperuser("CREATE TABLE much AS SELECT generate_series(1, 100000) AS n");
        await becomes(watching, "unusable", /it follows another one/);
        assert.equal(watching.ready("agent", 1), false);
      } finally {
        await watching.close();
        await standby.stop();
        await copy.stop();
      }
    });
  });
}

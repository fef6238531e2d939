import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load-config.ts";
import type { Config } from "../../src/config/config.ts";
import { examineStore } from "../../src/cli/doctor/store.ts";
import { storeSection } from "../e2e/two-gateways/pair.ts";
import { type StorePlace, storePlace } from "../store/postgres-place.ts";
import { startServer } from "../support/servers.ts";

function configOf(place: StorePlace, port?: number): Config {
  const text = `version: 1
targets:
  shop: { listen: "127.0.0.1:0", upstream: { url: "postgres://app@127.0.0.1/shop" } }
${storeSection(place, port === undefined ? {} : { port })}`;
  const loaded = loadConfig({ text, directory: "/" });
  assert("config" in loaded, JSON.stringify(loaded));
  return loaded.config;
}

test("doctor says of a shared store whether it answers, who lives on it, what a crash would lose, and who else may write", async () => {
  const server = await startServer({ version: 18, settings: { fsync: "off" } });
  try {
    const place = await storePlace(server);
    const ids = async (config: Config) => (await examineStore(config, {})).map(({ id, state }) => `${id ?? "store"} ${state}`);
    const config = configOf(place);
    assert.deepEqual(await ids(config), ["store good", "store-not-durable bad"]);
    assert.match((await examineStore(config, {}))[0]?.text ?? "", /answers; made at the first start/);
    const store = await place.open({ gateway: { name: "host one, process 7" } });
    await store.enlist("1");
    await server.asSuperuser("GRANT UPDATE ON holdfast_control.runs TO PUBLIC", place.database.name);
    const found = await examineStore(config, {});
    assert.match(found[0]?.text ?? "", /1 gateway lives: host one, process 7/);
    assert.match(found.find(({ id }) => id === "store-writers")?.text ?? "", /PUBLIC may change/);
    await store.close();
    const away = await examineStore(configOf(place, 1), {});
    assert.deepEqual(
      away.map(({ id, state }) => [id, state]),
      [["store-unreachable", "bad"]],
    );
    assert.match(away[0]?.text ?? "", /cannot be used: connect ECONNREFUSED/);
    assert.deepEqual(await examineStore({ ...config, store: { kind: "sqlite" } }, {}), []);
  } finally {
    await server.stop();
  }
});

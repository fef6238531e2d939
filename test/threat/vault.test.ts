import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { readEvents } from "../../src/audit/events.ts";
import { closeScenes, Scene, until } from "./scene.ts";

describe("an agent of the gateway's account that touches the vault", () => {
  after(closeScenes);

  const add = (scene: Scene, name: string) =>
    scene.run(["vault", "add", name, "--from-fd", "4"], { key: scene.secrets.vault, secret: "synthetic-later" });

  test("puts an older version back while the gateway is stopped: the log knows a later one", async () => {
    const scene = await Scene.open();
    const older = readFileSync(scene.vaultFile);
    assert.equal((await add(scene, "later")).code, 0);
    scene.write(scene.vaultFile, older);
    await assert.rejects(scene.up(), /is version \d+, and the audit log knows version \d+: an older one was put back/);
    assert.match((await add(scene, "hides-it")).err, /an older one was put back/);
    const doctor = await scene.run(["doctor", "--json"], { key: scene.secrets.vault });
    assert.match(doctor.out, /an older one was put back/);
    assert.equal((await scene.run(["vault", "accept"], { key: scene.secrets.vault })).code, 0);
    await (await scene.up()).stop();
  });

  test("puts its own in its place: the passphrase does not open it, and up does not start", async () => {
    const scene = await Scene.open();
    const other = await Scene.open();
    scene.write(scene.vaultFile, readFileSync(other.vaultFile));
    await assert.rejects(scene.up(), /wrong passphrase, or the vault is damaged/);
  });

  test("removes it, with whatever names it in the configuration: up does not start without the log's key", async () => {
    const scene = await Scene.open();
    await (await scene.up()).stop();
    rmSync(join(scene.state, "vault"), { recursive: true });
    scene.write(
      scene.config,
      scene.configText("observe").replace("{ url: { vault: shop-url } }", "{ host: 127.0.0.1, role: x, tls: disable }"),
    );
    await assert.rejects(scene.up(), /signing key .* is gone/);
    assert.ok(!existsSync(join(scene.state, "keys", "audit.key")));
  });

  test("weakens the parameters in its header: nobody's passphrase is tried with them", async () => {
    const scene = await Scene.open();
    scene.write(scene.vaultFile, readFileSync(scene.vaultFile, "utf8").replace('"cost":131072', '"cost":1024'));
    await assert.rejects(scene.up(), /weaker than Holdfast accepts/);
  });

  test("is noticed while the gateway runs, which goes on with what it had", async () => {
    const scene = await Scene.open();
    const up = await scene.up();
    const older = readFileSync(scene.vaultFile);
    assert.equal((await add(scene, "later")).code, 0);
    await until("the gateway takes the new version over", async () => {
      const { vault } = await up.now();
      return (vault?.problem === undefined && (vault?.generation ?? 0) > (up.status.vault?.generation ?? 0)) || undefined;
    });
    scene.write(scene.vaultFile, older);
    await until("the gateway sees it", async () => (await up.now()).vault?.problem?.includes("an older one was put back"));
    rmSync(scene.vaultFile);
    await until("the gateway sees it", async () => (await up.now()).vault?.problem?.includes("is not there"));
    const client = await up.connect();
    assert.equal((await client.query("SELECT count(*)::int AS n FROM orders")).rows[0].n, 20);
    const doctor = await scene.run(["doctor", "--json"]);
    assert.match(doctor.out, /its vault was touched/);
    await up.stop();
    const told = [];
    for await (const { event } of readEvents({ directory: scene.auditDirectory }))
      if (event.kind === "vault_changed" || event.kind === "tampering_noticed")
        told.push(event.kind === "tampering_noticed" ? event.about : event.because);
    assert.ok(told.includes("added the secret later") && told.filter((about) => about === "vault").length === 2, told.join("; "));
  });
});

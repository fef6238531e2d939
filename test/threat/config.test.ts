import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readEvents } from "../../src/audit/events.ts";
import { closeScenes, Scene, until, type Up } from "./scene.ts";

describe("an agent of the gateway's account that edits the policy", () => {
  let scene: Scene;
  let up: Up;
  before(async () => {
    scene = await Scene.open();
    up = await scene.up();
  });
  after(closeScenes);

  const kinds = async (): Promise<readonly string[]> => {
    const found = [];
    for await (const { event } of readEvents({ directory: scene.auditDirectory }))
      found.push(event.kind === "tampering_noticed" ? `${event.kind} ${event.about}` : event.kind);
    return found;
  };

  test("is seen at once, and the running gateway refuses to load it", async () => {
    const client = await up.connect();
    const digest = up.status.config?.digest;
    assert.deepEqual([up.status.config?.accepted, up.status.config?.onDisk], [true, "as loaded"]);
    scene.write(scene.config, scene.configText("observe"));
    await until("the gateway sees the file", async () => (await up.now()).config?.onDisk === "changed" || undefined);
    assert.match(up.err(), /the configuration that a person accepted was touched/);
    process.kill(up.pid, "SIGHUP");
    await until(
      "the reload is refused",
      () => /policies are not reloaded, the former ones hold: .*not the configuration that a person accepted/s.test(up.err()) || undefined,
    );
    const now = await up.now();
    assert.deepEqual([now.config?.digest, now.config?.onDisk, now.targets[0]?.policy.mode], [digest, "changed", "enforce"]);
    await assert.rejects(client.query("DELETE FROM orders"), /holdfast/i);
    assert.equal((await client.query("SELECT count(*)::int AS n FROM orders")).rows[0].n, 20);
    await until("it is told in the log", async () => {
      const told = await kinds();
      return (told.includes("config_refused") && told.includes("tampering_noticed config")) || undefined;
    });
  });

  test("is told by status and doctor", async () => {
    const status = await scene.run(["status"]);
    assert.match(status.out, /the file is changed since it was loaded/);
    const doctor = await scene.run(["doctor", "--json"], { key: scene.secrets.vault });
    const { findings } = JSON.parse(doctor.out) as { findings: { topic: string; state: string; text: string }[] };
    assert.ok(
      findings.some(({ topic, state, text }) => topic === "config" && state === "bad" && /not the one that a person accepted/.test(text)),
    );
    assert.equal(doctor.code, 1);
  });

  test("cannot accept it itself", async () => {
    assert.match((await scene.run(["vault", "accept"])).err, /nobody can be asked/);
    assert.match((await scene.run(["vault", "accept"], { key: "a passphrase of the agent's own" })).err, /wrong passphrase/);
  });

  test("does not get it loaded by a restart either, until a person accepts it", async () => {
    await up.stop();
    await assert.rejects(scene.up(), /not the configuration that a person accepted/);
    const accepted = await scene.run(["vault", "accept"], { key: scene.secrets.vault });
    assert.equal(accepted.code, 0, accepted.err);
    assert.match(accepted.out, /^- {5}policy: read-only\n\+ {5}policy: observe\n/);
    up = await scene.up();
    assert.deepEqual([up.status.config?.accepted, up.status.targets[0]?.policy.mode], [true, "observe"]);
    // A comment is no change.
    scene.write(scene.config, `# a comment\n${scene.configText("observe")}`);
    process.kill(up.pid, "SIGHUP");
    await until("it is reloaded", () => up.err().includes("policies are reloaded") || undefined);
  });

  test("and what a person accepts while it runs is taken at the next SIGHUP", async () => {
    scene.write(scene.config, scene.configText("read-only"));
    const accepted = await scene.run(["vault", "accept"], { key: scene.secrets.vault });
    assert.equal(accepted.code, 0, accepted.err);
    const before = up.err().split("policies are reloaded").length;
    process.kill(up.pid, "SIGHUP");
    await until("it is reloaded", () => up.err().split("policies are reloaded").length > before || undefined);
    assert.equal((await up.now()).targets[0]?.policy.mode, "enforce");
  });
});

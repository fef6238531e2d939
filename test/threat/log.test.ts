import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { closeScenes, Scene, until, type Up } from "./scene.ts";

/** What an agent of the account can do to the log's newest file; `PATH` stands for it. `src/audit/files.test.ts` has more of them. */
const touches: readonly (readonly [what: string, text: string])[] = [
  ["removes", "fs.rmSync(PATH)"],
  ["cuts", "fs.truncateSync(PATH, fs.statSync(PATH).size - 10)"],
];

const segment = (scene: Scene): string => {
  const newest = readdirSync(scene.auditDirectory)
    .filter((name) => name.startsWith("events-"))
    .sort()
    .at(-1);
  return join(scene.auditDirectory, newest ?? "");
};

/** Copies a folder so that it belongs to whom the first belonged to. */
function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

describe("an agent of the gateway's account that touches the log while the gateway runs", () => {
  after(closeScenes);
  for (const [what, text] of touches) {
    test(`${what} its file: from then on nothing that changes data passes, and status says so`, async () => {
      const scene = await Scene.open();
      scene.write(scene.config, scene.configText("observe"));
      await scene.run(["vault", "accept"], { key: scene.secrets.vault });
      const up: Up = await scene.up();
      const client = await up.connect();
      assert.equal((await client.query("DELETE FROM orders WHERE id = 1")).rowCount, 1);
      await scene.agent(`import fs from "node:fs"; ${text.replaceAll("PATH", JSON.stringify(segment(scene)))}`);
      await assert.rejects(client.query("DELETE FROM orders WHERE id = 2"));
      const again = await up.connect().catch(() => undefined);
      await assert.rejects(async () =>
        again === undefined ? Promise.reject(new Error("no login")) : again.query("DELETE FROM orders WHERE id = 3"),
      );
      await until("status says so", async () => (await up.now()).audit.writable === false || undefined);
      assert.equal(await scene.rows(), 19);
      await up.stop();
    });
  }
});

describe("an agent of the gateway's account that touches the log while the gateway is stopped", () => {
  after(closeScenes);

  /** Two starts with acts of their own, and a copy of the state between them. */
  async function twoLives(): Promise<{ scene: Scene; earlier: string }> {
    const scene = await Scene.open();
    const earlier = `${scene.folder}-earlier`;
    for (const round of [0, 1]) {
      const up = await scene.up();
      await (await up.connect()).query("SELECT * FROM orders");
      await up.stop();
      if (round === 0) copy(scene.state, earlier);
    }
    return { scene, earlier };
  }

  test("puts an earlier state of it back: the vault remembers a longer one, until a person accepts it", async () => {
    const { scene, earlier } = await twoLives();
    copy(join(earlier, "audit"), scene.auditDirectory);
    scene.own(scene.auditDirectory);
    await assert.rejects(scene.up(), /was cut or replaced: \d+ of its records are signed, and the vault remembers \d+/);
    const changed = await scene.run(["vault", "add", "x", "--from-fd", "4"], { key: scene.secrets.vault, secret: "synthetic" });
    assert.match(changed.err, /was cut or replaced/);
    const doctor = await scene.run(["doctor", "--json"], { key: scene.secrets.vault });
    assert.match(doctor.out, /was cut or replaced/);
    assert.equal((await scene.run(["vault", "accept"], { key: scene.secrets.vault })).code, 0);
    await (await scene.up()).stop();
    rmSync(earlier, { recursive: true });
  });

  test("removes it altogether, public key included: the same", async () => {
    const { scene, earlier } = await twoLives();
    rmSync(scene.auditDirectory, { recursive: true });
    rmSync(join(scene.state, "keys"), { recursive: true });
    await assert.rejects(scene.up(), /0 of its records are signed, and the vault remembers/);
    rmSync(earlier, { recursive: true });
  });

  test("rewrites a record: neither up nor verify takes it", async () => {
    const { scene, earlier } = await twoLives();
    const path = segment(scene);
    const text = readFileSync(path, "utf8");
    const rewritten = text.replace('"kind":"session_opened"', '"kind":"session_openeD"');
    assert.notEqual(rewritten, text);
    scene.write(path, rewritten);
    const verified = await scene.run(["audit", "verify"]);
    assert.equal(verified.code, 1, verified.out);
    // The frontier would spare the start from reading it: without it everything is read again.
    renameSync(join(scene.auditDirectory, "frontier"), join(scene.folder, "frontier"));
    await assert.rejects(scene.up(), /broken|damaged|not those that|chain/);
    rmSync(earlier, { recursive: true });
  });

  test("writes a log of its own with a key of its own: it is not the sealed key's", async () => {
    const { scene, earlier } = await twoLives();
    // A second installation of the agent's, whose log and public key are put in the place of the first one's.
    const other = await Scene.open();
    const up = await other.up();
    for (let i = 0; i < 40; i += 1) await (await up.connect()).end();
    await up.stop();
    copy(other.auditDirectory, scene.auditDirectory);
    scene.own(scene.auditDirectory);
    await assert.rejects(scene.up(), /was cut or replaced/);
    copy(join(other.state, "keys"), join(scene.state, "keys"));
    scene.own(join(scene.state, "keys"));
    await assert.rejects(scene.up(), /is not the public half of the key in the vault/);
    rmSync(earlier, { recursive: true });
  });

  test("puts log and vault back together: only a copy elsewhere tells, as SECURITY.md says", async () => {
    const { scene, earlier } = await twoLives();
    const size = statSync(segment(scene)).size;
    copy(earlier, scene.state);
    scene.own(scene.state);
    const up = await scene.up();
    await up.stop();
    assert.ok(existsSync(segment(scene)) && statSync(segment(scene)).size !== size);
    rmSync(earlier, { recursive: true });
  });
});

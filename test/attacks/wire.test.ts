import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverVersions } from "../support/servers.ts";
import { differences, type Fingerprint } from "./fingerprint.ts";
import { Gate } from "./gate.ts";
import { Scene } from "./scene.ts";
import type { WireGround } from "./wire/ground.ts";
import { wireCases } from "./wire-cases.ts";

for (const version of serverVersions) {
  describe(`frames that no driver sends, before PostgreSQL ${version}`, () => {
    const database = "prize";
    let ground: WireGround;
    let state: Fingerprint;
    before(async () => {
      const scene = await Scene.open(version);
      await scene.fresh(database);
      ground = { scene, gate: await Gate.open(scene, { database }), database };
      state = await scene.fingerprint(database);
    });
    after(async () => {
      await ground?.gate.close();
      await ground?.scene.close();
    });
    for (const { name, run } of wireCases) {
      test(name, async () => {
        await run(ground);
        const found = await ground.scene.fingerprint(database);
        const changes = differences(state, found);
        state = found;
        assert.deepEqual(changes, []);
      });
    }
  });
}

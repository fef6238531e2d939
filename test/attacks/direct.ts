/**
 * Proves that the attacks are real: each one is run straight against a server and must change, leak or switch something there.
 * It does not involve Holdfast at all; without it a test could pass because the attack was harmless.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ServerVersion } from "../support/servers.ts";
import { type Attempt, attempt, attemptAlone, cleared } from "./attempt.ts";
import { differences, type Fingerprint } from "./fingerprint.ts";
import { type AttackCase, loadCases } from "./load-cases.ts";
import { type Attacker, clusterDiffers, Scene } from "./scene.ts";
import { WireClient, type WireLogin } from "./wire/client.ts";

/** Declares the tests of one server version. */
export function proveDirectly(version: ServerVersion, letters?: string): void {
  describe(`each attack harms PostgreSQL ${version} when nothing stands before it`, () => {
    let ground: Ground;
    before(async () => {
      ground = await Ground.open(version);
    });
    after(() => ground?.close());
    for (const { name, from, until } of loadCases({}, letters)) {
      if (version >= from && version <= until) test(name, () => ground.prove(name));
    }
  });
}

const database = "ground";

/** One database that is attacked again and again, and put back to what it was after each harm. */
class Ground {
  readonly #scene: Scene;
  readonly #cases: ReadonlyMap<string, AttackCase>;
  readonly #clients = new Map<Attacker, WireClient>();
  #state: Fingerprint | undefined;

  private constructor(scene: Scene) {
    this.#scene = scene;
    this.#cases = new Map(loadCases(scene.values).map((attack, at) => [loadCases({})[at]?.name ?? "", attack]));
  }

  static async open(version: ServerVersion): Promise<Ground> {
    return new Ground(await Scene.open(version));
  }

  async prove(name: string): Promise<void> {
    const attack = this.#cases.get(name);
    assert(attack !== undefined, "the case is there");
    if (this.#state === undefined) await this.#renew();
    for (const given of attack.given?.split("; ") ?? []) await (await this.#scene.admin(database)).query(given);
    const before = attack.given === undefined ? (this.#state as Fingerprint) : await this.#scene.fingerprint(database);
    const result = await this.#attempt(attack);
    const after = await this.#scene.fingerprint(database);
    const changes = differences(before, after);
    await this.#putBack(before, after, attack.given !== undefined);
    const leaked = attack.leak !== undefined && result.said.includes(attack.leak);
    const switched = attack.probe !== undefined && result.before !== result.after;
    const harmed = attack.leak !== undefined ? leaked : attack.probe !== undefined ? switched : changes.length > 0;
    assert(harmed, `nothing was harmed: ${JSON.stringify(result.errors)} ${result.said.slice(0, 300)}`);
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    await this.#scene.close();
  }

  async #attempt(attack: AttackCase): Promise<Attempt> {
    const attacker: Attacker = attack.as === "superuser" ? "superuser" : "ordinary";
    const { host, port } = this.#scene.server;
    const login: WireLogin = { host, port, database, ...this.#scene.login(attacker) };
    if (attack.given !== undefined || attack.startup !== undefined) return attemptAlone(login, attack, "simple");
    const known = this.#clients.get(attacker);
    const client = known !== undefined && !known.closed ? known : await WireClient.login(login);
    this.#clients.set(attacker, client);
    const result = await attempt(client, attack, "simple");
    await cleared(client);
    return result;
  }

  async #putBack(before: Fingerprint, after: Fingerprint, given: boolean): Promise<void> {
    const changes = differences(before, after);
    if (changes.length === 0 && !given) return;
    const refilled = !given && changes.length === 1 && changes[0]?.startsWith(`${database}: rows public.prizes:`);
    if (refilled) {
      await this.#scene.refill(database);
      return;
    }
    this.#state = undefined;
    const cluster = given || clusterDiffers(database, before, after);
    if (cluster) {
      await this.#scene.drop(database);
      await this.#scene.resetCluster();
    }
    await this.#renew();
  }

  async #renew(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
    await this.#scene.fresh(database);
    await this.#scene.standBy(database);
    this.#state = await this.#scene.fingerprint(database);
  }
}

/**
 * Every attack through the real gateway, as an ordinary role and as a superuser, under both presets and both doors: the server judges.
 * What is asserted is the server's state and what the client got to read; never what our own analysis thought.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ServerVersion } from "../support/servers.ts";
import { type Attempt, attempt, attemptAlone, cleared, type Door } from "./attempt.ts";
import { differences, type Fingerprint } from "./fingerprint.ts";
import { Gate, type Preset, presets } from "./gate.ts";
import { type AttackCase, loadCases } from "./load-cases.ts";
import { type Attacker, attackers, Scene } from "./scene.ts";
import { errorsOf, rowsOf, WireClient } from "./wire/client.ts";

export function attackThroughGateway(version: ServerVersion, letters?: string): void {
  describe(`no attack gets past Holdfast before PostgreSQL ${version}`, () => {
    let siege: Siege;
    before(async () => {
      siege = await Siege.open(version);
    });
    after(() => siege?.close());
    for (const { name, from, until } of loadCases({}, letters)) {
      if (version >= from && version <= until) test(name, () => siege.run(name));
    }
  });
}

const database = "prize";
const doors: readonly Door[] = ["simple", "extended"];

interface Way {
  readonly attacker: Attacker;
  readonly preset: Preset;
  readonly door: Door;
}

class Siege {
  readonly #scene: Scene;
  readonly #gate: Gate;
  readonly #cases: ReadonlyMap<string, AttackCase>;
  readonly #clients = new Map<string, WireClient>();
  #state: Fingerprint | undefined;

  private constructor(scene: Scene, gate: Gate) {
    this.#scene = scene;
    this.#gate = gate;
    const names = loadCases({});
    this.#cases = new Map(loadCases(scene.values).map((attack, at) => [names[at]?.name ?? "", attack]));
  }

  static async open(version: ServerVersion): Promise<Siege> {
    const scene = await Scene.open(version);
    try {
      await scene.fresh(database);
      return new Siege(scene, await Gate.open(scene, { database }));
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    await this.#gate.close();
    await this.#scene.close();
  }

  async run(name: string): Promise<void> {
    const attack = this.#cases.get(name);
    assert(attack !== undefined, "the case is there");
    if (this.#state === undefined) await this.#renew();
    for (const given of attack.given?.split("; ") ?? []) await (await this.#scene.admin(database)).query(given);
    const before = attack.given === undefined ? (this.#state as Fingerprint) : await this.#scene.fingerprint(database);
    const complaints: string[] = [];
    for (const way of waysOf(attack)) {
      const result = await this.#attempt(attack, way);
      complaints.push(...complaintsOf(attack, result).map((complaint) => `${way.attacker}, ${way.preset}, ${way.door}: ${complaint}`));
    }
    const changes = differences(before, await this.#scene.fingerprint(database));
    if (changes.length > 0 || attack.given !== undefined) await this.#putBack();
    assert.deepEqual({ changes, complaints }, { changes: [], complaints: [] });
  }

  async #attempt(attack: AttackCase, way: Way): Promise<Attempt & { readonly carriesOn: boolean }> {
    const login = this.#gate.login(way.attacker, way.preset);
    if (attack.given !== undefined || attack.startup !== undefined)
      return { ...(await attemptAlone(login, attack, way.door)), carriesOn: true };
    const key = `${way.attacker} ${way.preset}`;
    const known = this.#clients.get(key);
    const client = known !== undefined && !known.closed ? known : await WireClient.login(login);
    this.#clients.set(key, client);
    const result = await attempt(client, attack, way.door);
    if (client.closed) return { ...result, carriesOn: false };
    await cleared(client);
    const answer = await client.simple("SELECT 40 + 2");
    return { ...result, carriesOn: errorsOf(answer).length === 0 && rowsOf(answer)[0]?.[0] === "42" };
  }

  async #putBack(): Promise<void> {
    this.#state = undefined;
    await this.#scene.drop(database);
    await this.#scene.resetCluster();
  }

  async #renew(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
    await this.#scene.fresh(database);
    await this.#scene.standBy(database);
    this.#state = await this.#scene.fingerprint(database);
  }
}

function waysOf(attack: AttackCase): readonly Way[] {
  const wanted = presets.filter((preset) => preset === "read-only" || !attack.guardedAllows);
  return attackers.flatMap((attacker) => wanted.flatMap((preset) => doors.map((door) => ({ attacker, preset, door }))));
}

/** What is wrong with how an attempt went, as far as the client saw it. */
function complaintsOf(attack: AttackCase, result: Attempt & { readonly carriesOn: boolean }): readonly string[] {
  const complaints: string[] = [];
  if (attack.leak !== undefined && result.said.includes(attack.leak)) complaints.push("it leaked");
  if (attack.probe !== undefined && result.before !== result.after) complaints.push(`it switched: ${result.before} -> ${result.after}`);
  if (!result.carriesOn) complaints.push(`the connection cannot carry on: ${JSON.stringify(result.errors)}`);
  const told = result.errors.some(({ code, message }) => /^[0-9A-Z]{5}$/.test(code) && message.length > 0);
  if (!told && !attack.answered && attack.startup === undefined && attack.given === undefined) complaints.push("nothing was refused");
  return complaints;
}

/**
 * The protocol with a replica behind it: conversations drawn at random are held with a target that has one and with a target of the same
 * server that has none, and must be answered alike, message by message. A failure names its seed.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { serverVersions } from "../../support/servers.ts";
import { Wire } from "../postgres-session/wire.ts";
import { others, Scene } from "./scene.ts";

const CONVERSATIONS = 100;
const NAMES = ["", "", "", "a", "b"];
/** Each returns a number of rows of its own. */
const READS = [
  "select id from orders where id < 4",
  "select id, note from orders where id < 6",
  "select count(*) from orders",
  // By OFFSET 0 it divides after it has sorted, whatever the server has learnt of the table meanwhile: one row comes before the error.
  "select 1 / (o.id - 2) from (select id from orders where id < 5 order by id offset 0) o",
  "select id from passing",
  "select id, pg_backend_pid() from orders where id < 8",
  "select generate_series(1, 6)",
  "select nothing from orders",
];
const OTHERS = [
  "begin",
  "commit",
  "rollback",
  "begin read only",
  "set intervalstyle = 'postgres'",
  "set local extra_float_digits = 1",
  "delete from passing where id > 100",
  "update orders set note = note where id = 1",
  "show timezone",
  "prepare p as select id from orders where id < 3",
  "execute p",
  "deallocate all",
];

/** Draws of a linear congruential generator: the same seed gives the same conversation. */
function draws(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) % 2 ** 32;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Batches of messages, one write each. */
function conversation(seed: number): readonly (readonly string[])[] {
  const draw = draws(seed);
  const pick = (from: readonly string[]): string => from[draw(from.length)] ?? "";
  const text = (): string => (draw(20) === 0 ? pick(OTHERS) : pick(READS));
  // An unnamed statement is used again only behind a batch that certainly made it: after an error the gateway may have forgotten one
  // that the server still has, as the messages behind the error came before or after it.
  let made = false;
  const batch = (): string[] => {
    const again = made;
    made = false;
    if (draw(3) === 0) return [`Q ${draw(10) === 0 ? `${text()}; ${text()}` : text()}`];
    if (draw(4) === 0) {
      made = true;
      return [...(again && draw(2) === 0 ? [] : [`P |${READS[draw(3)]}`]), "B |", "E ", "S"];
    }
    const lines: string[] = [];
    for (let i = draw(3) === 0 ? 1 + draw(3) : 1; i > 0; i--) {
      const name = pick(NAMES);
      if (name === "" || draw(4) > 0) lines.push(`P ${name}|${text()}`);
      if (draw(5) === 0) lines.push(`DS ${name}`);
      lines.push(`B |${name}`);
      if (draw(2) === 0) lines.push("DP ");
      lines.push(draw(6) === 0 ? "E |1" : "E ");
      if (draw(10) === 0) lines.push("H ");
      if (draw(12) === 0) lines.push(`CS ${name}`);
    }
    return [...lines, "S"];
  };
  return Array.from({ length: 4 + draw(8) }, batch);
}

async function answers(url: string, batches: readonly (readonly string[])[], together: boolean): Promise<string> {
  const wire = await Wire.connect(url);
  try {
    if (together) wire.send(...batches.flat());
    const said: string[] = [];
    for (const batch of batches) {
      if (!together) wire.send(...batch);
      said.push(await wire.until("Z"));
    }
    await delay(1);
    return `${said.join("\n")}\n${wire.pending}`;
  } finally {
    wire.close();
  }
}

for (const version of serverVersions) {
  describe(`conversations with a replica of PostgreSQL ${version}`, () => {
    let scene: Scene;
    before(async () => {
      const setup = `
        CREATE UNLOGGED TABLE passing (id int);
        INSERT INTO passing VALUES (1), (2);
        GRANT SELECT, DELETE ON passing TO :role;`;
      scene = await Scene.open({ version, setup });
      await scene.warm();
    });
    after(() => scene.close());

    for (const together of [false, true]) {
      test(`are answered as without it, ${together ? "sent as one" : "batch by batch"}`, async () => {
        const readsBefore = scene.replica.reads;
        for (let seed = 1; seed <= CONVERSATIONS; seed++) {
          const batches = conversation(seed + (together ? 10_000 : 0));
          const user = others[seed % others.length];
          const there = await answers(scene.url(user), batches, together);
          const without = await answers(scene.url(user, "plain"), batches, together);
          assert.equal(there, without, `seed ${seed}:\n${batches.map((batch) => batch.join(" / ")).join("\n")}`);
        }
        assert.ok(
          scene.replica.reads - readsBefore > CONVERSATIONS / 2,
          `${scene.replica.reads - readsBefore} reads were answered by the replica`,
        );
      });
    }
  });
}

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serverVersions } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { cleared } from "./attempt.ts";
import { Gate } from "./gate.ts";
import { attackers, Scene } from "./scene.ts";
import { type Answer, errorsOf, WireClient } from "./wire/client.ts";

const [statements = [], commands = []] = readFileSync(join(import.meta.dirname, "cases", "must-pass.txt"), "utf8")
  .split("## psql\n")
  .map((part) => part.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#")));

/** Texts, and the data for a COPY. */
const writes = readFileSync(join(import.meta.dirname, "cases", "must-pass-writes.txt"), "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .map((line) => {
    const [, copy, rest = line] = /^\[copy ([^\]]*)\]\s*(.*)$/.exec(line) ?? [];
    return { copy, texts: rest.split(" ---- ") };
  });

/** What a pooler-like man in the middle cannot keep equal: the session's own process, its address, its limits. */
const ownToSession = /^SHOW ALL/;

function shown({ messages }: Answer): readonly string[] {
  return messages
    .filter(({ type }) => "TDdCEN".includes(type))
    .map(({ type, body }) => type + (type === "T" ? body.length : body.toString("utf8")));
}

for (const version of serverVersions) {
  describe(`what must pass under read-only, PostgreSQL ${version}`, () => {
    const database = "prize";
    let scene: Scene;
    let gate: Gate;
    const pairs = new Map<string, readonly [WireClient, WireClient]>();
    before(async () => {
      scene = await Scene.open(version);
      await scene.fresh(database);
      gate = await Gate.open(scene, { database });
      for (const attacker of attackers) {
        const { host, port } = scene.server;
        const direct = await WireClient.login({ host, port, database, ...scene.login(attacker) });
        pairs.set(attacker, [direct, await WireClient.login(gate.login(attacker, "read-only"))]);
      }
    });
    after(async () => {
      for (const client of [...pairs.values()].flat()) client.destroy();
      await gate?.close();
      await scene?.close();
    });

    for (const line of statements) {
      test(line, async () => {
        for (const [direct, through] of pairs.values()) {
          for (const text of line.split(" ---- ")) {
            const answers = [await direct.simple(text), await through.simple(text)] as const;
            assert.deepEqual(errorsOf(answers[1]), errorsOf(answers[0]));
            if (!ownToSession.test(text)) assert.deepEqual(shown(answers[1]), shown(answers[0]));
            if (text.includes(";")) continue;
            const extended = [await direct.extended(text), await through.extended(text)] as const;
            assert.deepEqual(
              errorsOf(extended[1]).map(({ code }) => code),
              errorsOf(extended[0]).map(({ code }) => code),
            );
            if (!ownToSession.test(text)) assert.deepEqual(shown(extended[1]), shown(extended[0]));
          }
          for (const client of [direct, through]) await cleared(client);
        }
      });
    }

    test("psql's own commands", async () => {
      const psql = await tool("psql");
      const input = commands.join("\n");
      const say = (url: string): Promise<string> =>
        new Promise((resolve) => {
          const child = execFile(
            psql,
            ["-X", "-q", "-e", url],
            { env: { ...process.env, PGAPPNAME: "psql" }, timeout: 60_000 },
            (_error, out, err) => resolve(out + err),
          );
          child.stdin?.end(`${input}\n`);
        });
      const neutral = (text: string): string =>
        text
          .replaceAll(/^You are (now )?connected to database.*$/gm, "connected")
          .replaceAll(/port "?\d+"?/g, "port")
          .replaceAll(/psql \(.*\)/g, "");
      const [direct, through] = [
        await say(scene.server.url(database, scene.login("ordinary"))),
        await say(gate.url("ordinary", "read-only")),
      ].map(neutral);
      assert.doesNotMatch(String(through), /holdfast/);
      assert.equal(through, direct);
    });
  });

  describe(`what must pass under guarded-writes, PostgreSQL ${version}`, () => {
    const database = "prize";
    let scene: Scene;
    let gate: Gate;
    let client: WireClient;
    before(async () => {
      scene = await Scene.open(version);
      await scene.fresh(database);
      gate = await Gate.open(scene, { database });
      client = await WireClient.login(gate.login("ordinary", "guarded-writes"));
    });
    after(async () => {
      client?.destroy();
      await gate?.close();
      await scene?.close();
    });
    for (const { texts, copy } of writes) {
      test(texts.join(" ---- "), async () => {
        for (const text of texts) assert.deepEqual(errorsOf(await client.simple(text, copy)), [], text);
        await cleared(client);
      });
    }
  });
}

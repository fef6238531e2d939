/**
 * A migration of more than thirty statements, as drizzle-kit writes it, through the command line: planned, kept as a file, reviewed,
 * approved, applied; and the same with one statement altered refused, whoever alters it and however well.
 */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readPlanFile, textDigest } from "../../../src/approvals/plan-file.ts";
import { planDigest } from "../../../src/approvals/plan-digest.ts";
import { digestOf } from "../../../src/base/canonical.ts";
import { holdfast, scratchFolder } from "../../cli/holdfast.ts";
import { personPassphrase } from "../../grants/scene.ts";
import { testServer } from "../../support/servers.ts";
import { afterwards, before as schema, drizzleFolder, generate } from "./drizzle.ts";
import { openPlanScene, type PlanScene } from "./scene.ts";

describe("a migration by drizzle-kit", () => {
  let scene: PlanScene;
  let migration = "";
  const folder = scratchFolder();
  const at = (name: string) => join(folder, name);
  const command = (...words: string[]) => holdfast([...words, "--socket", scene.socket], { cwd: folder, input: personPassphrase() });
  const as = (person: string) => ["--as", person, "--passphrase-fd", "0"];
  before(async () => {
    scene = await openPlanScene(await testServer(18), { policy: "migrations" });
    const first = generate(schema, "first");
    migration = generate(afterwards, "second");
    const rows = Array.from({ length: 8 }, (_, n) => `INSERT INTO t${n + 1} (b, c) SELECT 'b', 'c' FROM generate_series(1, 50);`).join("");
    await scene.shop.server.asSuperuser(`SET ROLE ${scene.shop.owner.user}; ${first}; ${rows}`, scene.shop.database);
    writeFileSync(at("migration.sql"), migration);
  });
  after(async () => {
    rmSync(drizzleFolder, { recursive: true, force: true });
    await scene.stop();
  });
  const columns = () => scene.count("SELECT count(*) FROM information_schema.columns WHERE table_name ~ '^t[1-8]$' AND column_name = 'b'");

  test("is planned, kept, shown, approved and applied, and the same with one statement altered is refused", async () => {
    assert.equal(migration.split("--> statement-breakpoint").length, 32);
    const planned = await command("plan", "migration.sql", "--out", "plan.json", "--purpose", "drop what nothing reads", ...as("ada"));
    assert.equal(planned.code, 3, planned.err + planned.out);
    assert.match(planned.out, /the act, 32 statements/);
    assert.match(planned.out, /purpose, in its own words: drop what nothing reads/);
    assert.match(planned.out, /Written: plan\.json, plan\.txt/);
    assert.ok(Math.max(...planned.out.split("\n").map((line) => line.length)) <= 100);
    assert.equal(await columns(), 8, "a plan changes nothing");
    const id = /holdfast approve (q_\w+)/.exec(planned.out)?.[1] ?? "";

    const early = await command("apply", "plan.json", ...as("ada"));
    assert.equal(early.code, 3, early.err);
    assert.match(early.out, /nobody has approved it yet/);

    const file = readFileSync(at("plan.json"), "utf8");
    const { plan, text } = readPlanFile(file);
    assert.equal(text, migration, "the file holds the migration to the byte");
    const shown = await holdfast(["apply", "--show", "plan.json"], { cwd: folder });
    assert.deepEqual(
      [shown.code, shown.out],
      [0, readFileSync(at("plan.txt"), "utf8")],
      "what is reviewed can be made again from the file",
    );
    assert.match(shown.out, /ALTER TABLE "t8" DROP COLUMN "b"/);

    const confirm = (await scene.approval(id)).confirm ?? "";
    const agreed = await command("approve", id, "--confirm", confirm, ...as("ben"));
    assert.equal(agreed.code, 0, agreed.err);
    assert.match(agreed.out + agreed.err, /ALTER TABLE "t1" DROP COLUMN "b"/, "who agrees has seen all of it");

    // One statement altered: by an editor, by a liar who computes the file's digest again, and by one who computes every digest again.
    const other = migration.replace('DROP COLUMN "b"', 'DROP COLUMN "c"');
    writeFileSync(at("edited.json"), file.replaceAll(JSON.stringify(migration).slice(1, -1), JSON.stringify(other).slice(1, -1)));
    const edited = await command("apply", "edited.json", ...as("ada"));
    assert.deepEqual([edited.code, /it was altered: its digest is of another content/.test(edited.err)], [1, true], edited.err);
    const written = JSON.parse(file) as Record<string, unknown>;
    const altered = { ...plan, act: { ...plan.act, digest: textDigest(other), shown: other } };
    for (const [lie, because] of [
      [{ ...written, text: other }, /its text is not the one that was planned/],
      [
        { ...written, text: other, plan: { ...altered, digest: planDigest(altered) } },
        /this is not the plan that was made: `act\.digest` is another/,
      ],
    ] as const) {
      const { digest: _, ...content } = lie as Record<string, unknown>;
      writeFileSync(at("lie.json"), `${JSON.stringify(ordered({ ...content, digest: digestOf(content) }), null, 2)}\n`);
      const lied = await command("apply", "lie.json", ...as("ada"));
      assert.deepEqual([lied.code, because.test(lied.err)], [1, true], lied.err + lied.out);
    }
    assert.equal(await columns(), 8);

    const applied = await command("apply", "plan.json", ...as("ada"));
    assert.equal(applied.code, 0, applied.err + applied.out);
    assert.match(applied.out, /^applied \(q_/);
    assert.equal(await columns(), 0);
    assert.equal(await scene.count("SELECT count(*) FROM t3 WHERE c = 'c'"), 50, "and nothing else is lost");
    const again = await command("apply", "plan.json", ...as("ada"));
    assert.deepEqual([again.code, /applied already, and is applied once/.test(again.err)], [1, true], again.err);
  });

  test("that is already applied is refused as the server refuses it", async () => {
    const planned = await command("plan", "migration.sql", ...as("ada"));
    assert.equal(planned.code, 1);
    assert.match(planned.err, /t1|does not exist|already exists/);
  });

  test("is wrong use without a file, with an empty one, and with one that is no plan", async () => {
    writeFileSync(at("empty.sql"), "\n");
    assert.equal((await command("plan", ...as("ada"))).code, 2);
    assert.equal((await command("plan", "empty.sql", ...as("ada"))).code, 2);
    const none = await command("apply", "migration.sql", ...as("ada"));
    assert.deepEqual([none.code, /no plan that can be used: it is no JSON/.test(none.err)], [1, true], none.err);
    assert.equal((await command("apply", "nowhere.json", ...as("ada"))).code, 1);
  });
});

/** As a file has to be written to be read at all. */
function ordered(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return Array.isArray(value) ? value.map(ordered) : value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, ordered(child)]));
}

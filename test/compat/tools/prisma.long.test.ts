/**
 * Prisma as an agent runs it. Its schema engine runs as the WebAssembly that its npm package holds, because the native one is no npm
 * package; npm brings Prisma (100 MB) when this test is asked for.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { npmPackages } from "../../support/npm-packages.ts";
import { first, packages, prismaCommand, rows, schema, settings } from "./prisma-parts.ts";
import { demandRefused, type Ground, openGround, type Preset } from "./ground.ts";

describe("Prisma under holdfast run, PostgreSQL 15", () => {
  let ground: Ground;
  const put = (name: string, text: string) => writeFileSync(join(ground.folder, name), text);
  const migration = (name: string, text: string) => {
    mkdirSync(join(ground.folder, "prisma/migrations", name), { recursive: true });
    put(`prisma/migrations/${name}/migration.sql`, text);
  };
  const prisma = (...words: string[]) => prismaCommand(ground.folder, words);

  before(async () => {
    ground = await openGround(15, npmPackages(packages));
    mkdirSync(join(ground.folder, "prisma"));
    put("prisma.config.ts", settings);
    put("prisma/schema.prisma", schema());
  });

  test("guarded-writes: migrate status answers before the first migration as it does directly", async () => {
    migration("20260101000000_first", first);
    put("prisma/migrations/migration_lock.toml", 'provider = "postgresql"\n');
    const [expected] = await ground.direct([prisma("migrate", "status")]);
    assert.match(expected?.text ?? "", /20260101000000_first/);
    assert.deepEqual(await ground.run("guarded-writes", [prisma("migrate", "status")]), [expected]);
  });

  const resets = async (preset: Preset) => {
    const before = await ground.state();
    const said = await ground.run(preset, [prisma("migrate", "reset", "--force"), prisma("db", "push", "--force-reset")]);
    for (const each of said) demandRefused(each, /holdfast: would .*drop `public\.\w+`.*it needs a person's approval/s);
    assert.deepEqual(await ground.state(), before);
  };

  test("guarded-writes: its reports are those of a direct run, and what resets destroys nothing", async () => {
    const [deployed] = await ground.direct([prisma("migrate", "deploy")]);
    assert.equal(deployed?.code, 0, deployed?.text);
    await ground.sql(rows);
    const reads = [prisma("migrate", "status"), prisma("db", "pull", "--print")];
    const expected = await ground.direct(reads);
    assert.match(expected[0]?.text ?? "", /up to date/);
    assert.deepEqual(await ground.run("guarded-writes", reads), expected);
    await resets("guarded-writes");
  });

  test("migrations: a migration that adds goes through, and what resets destroys nothing", async () => {
    put("prisma/schema.prisma", schema("  note       String?\n"));
    migration("20260102000000_second", 'ALTER TABLE "Order" ADD COLUMN "note" TEXT;\n');
    const [deployed] = await ground.run("migrations", [prisma("migrate", "deploy")]);
    assert.equal(deployed?.code, 0, deployed?.text);
    assert.ok((await ground.state()).some((line) => line.startsWith('column "Order".note text')));
    await resets("migrations");
  });
});

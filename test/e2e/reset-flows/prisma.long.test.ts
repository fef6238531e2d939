/**
 * `prisma migrate reset --force` and `prisma db push --force-reset --accept-data-loss`, to their ends, and one command brings all back. Its
 * schema engine runs as the WebAssembly that its npm package holds; npm brings Prisma (100 MB) when this test is asked for.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { npmPackages } from "../../support/npm-packages.ts";
import { first, packages, prismaCommand, rows, schema, settings } from "../../compat/tools/prisma-parts.ts";
import { openResetGround, type ResetGround } from "./ground.ts";

describe("Prisma through the bin, PostgreSQL 15", () => {
  let ground: ResetGround;
  const put = (name: string, text: string) => writeFileSync(join(ground.folder, name), text);
  const prisma = (...words: string[]) => prismaCommand(ground.folder, words);

  before(async () => {
    ground = await openResetGround(15, { modules: npmPackages(packages) });
    mkdirSync(join(ground.folder, "prisma/migrations/20260101000000_first"), { recursive: true });
    put("prisma.config.ts", settings);
    put("prisma/schema.prisma", schema());
    put("prisma/migrations/20260101000000_first/migration.sql", first);
    put("prisma/migrations/migration_lock.toml", 'provider = "postgresql"\n');
    await ground.direct(...prisma("migrate", "deploy"));
    const client = await ground.scene.direct();
    await client.query(rows);
    await client.end();
  });
  after(() => ground?.stop());

  for (const command of [
    ["migrate", "reset", "--force"],
    ["db", "push", "--force-reset"],
    ["db", "push", "--accept-data-loss"],
  ]) {
    test(`prisma ${command.join(" ")} runs to its end, and everything comes back`, async () => {
      const [state, definitions] = [await ground.state(), await ground.definitions()];
      const since = new Date().toISOString();
      // What the push of a smaller schema loses.
      if (command.includes("--accept-data-loss"))
        put(
          "prisma/schema.prisma",
          schema()
            .replace(/model Order [\s\S]*?\n}\n/, "")
            .replace(/ {2}orders .*\n/, ""),
        );
      await ground.run(...prisma(...command));
      assert(
        (await ground.state()).every((line) => !/^"?(?:Customer|Order)"?: rows 20 /.test(line) || command.includes("--accept-data-loss")),
      );
      assert.notDeepEqual(await ground.state(), state);
      await ground.restore("--since", since, "--replace");
      assert.deepEqual(await ground.state(), state);
      assert.equal(await ground.definitions(), definitions);
    });
  }
});

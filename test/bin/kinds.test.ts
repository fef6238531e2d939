/**
 * Every kind that can be dropped, with what goes along: through the bin and back, next to a server that really drops. By 15 and 18.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { testServer } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { columnCases, truncateCases } from "./cases-emptied.ts";
import { otherCases } from "./cases-others.ts";
import { tableCases } from "./cases-tables.ts";
import { build, comeBack, drop, openTwins } from "./equality.ts";
import { inventory } from "./inventory.ts";

for (const version of [15, 18] as const)
  describe(`the bin by kinds, PostgreSQL ${version}`, async () => {
    const server = await testServer(version);
    const twins = await openTwins(server);
    after(() => twins.close());
    const cases = [...tableCases, ...otherCases, ...truncateCases, ...columnCases].map((each, index) => ({
      each,
      schema: `c${String(index).padStart(2, "0")}`,
      before: [] as string[],
    }));
    let whole = "";
    // What the bin refuses is still there, and what cannot come back quite as it was is compared by its inventory alone.
    const left = ["holdfast*", ...cases.filter(({ each }) => each.refused ?? each.except).map(({ schema }) => schema)].map(
      (name) => `--exclude-schema=${name}`,
    );
    const dump = async (database: string): Promise<string> =>
      version !== 15
        ? ""
        : sorted(execFileSync(await tool("pg_dump"), [...left, server.url(database)], { maxBuffer: 2 ** 30, encoding: "utf8" }));

    test("are built twice alike", async () => {
      for (const one of cases) {
        await build(twins, one.each, one.schema).catch((error: Error) => assert.fail(`${one.each.name}: ${error.message}`));
        one.before = await inventory(twins.bin.builder, `^${one.schema}(_|$)`);
      }
      whole = await dump(twins.bin.database);
    });
    for (const { each, schema } of cases) test(`goes: ${each.name}`, () => drop(twins, each, schema));
    test("with all of them gone, pg_dump sees what it sees of the twin", async () => {
      assert.equal(await dump(twins.bin.database), await dump(twins.twinDatabase));
    });
    for (const one of [...cases].reverse()) test(`comes back: ${one.each.name}`, () => comeBack(twins, one.each, one.schema, one.before));
    test("with all of them back, pg_dump sees what it saw", async () => assert.equal(await dump(twins.bin.database), whole));
  });

/** Rows of a table have no order, and the dump's own password changes each time. */
function sorted(dump: string): string {
  return dump
    .replaceAll(/^\\(un)?restrict .*$/gm, "")
    .replaceAll(
      /^(COPY .* FROM stdin;\n)([\s\S]*?)(^\\\.$)/gm,
      (_, head: string, rows: string, tail: string) => head + rows.split("\n").sort().join("\n") + tail,
    );
}

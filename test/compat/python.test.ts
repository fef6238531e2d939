import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { library } from "../support/tools.ts";
import { run } from "./run.ts";
import { shop } from "./shop.ts";
import { startTwoSides, type TwoSides } from "./two-sides.ts";

describe("Python's drivers and PostgreSQL 15, under observe", () => {
  let sides: TwoSides;
  before(async () => {
    sides = await startTwoSides({ version: 15, policy: "observe" });
    await sides.database("shop", shop);
  });
  after(() => sides.stop());

  for (const name of ["psycopg2", "psycopg", "asyncpg"] as const) {
    test(name, async () => {
      await library(name);
      const script = join(import.meta.dirname, "python", `${name}_session.py`);
      // What a cancelled query and several connections say on the wire depends on when; what the program sees does not.
      const said = await sides.same((side) => run(side, "/usr/bin/python3", [script, side.url("shop")]), { wire: name !== "asyncpg" });
      assert.equal(said.code, 0, said.err);
    });
  }
});

/** PostgreSQL's JDBC driver, direct and through Holdfast. It needs a Java compiler, which is why it is not part of every run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { library } from "../support/tools.ts";
import { run } from "./run.ts";
import { shop } from "./shop.ts";
import { type Side, startTwoSides, type TwoSides } from "./two-sides.ts";

describe("JDBC and PostgreSQL 15, under observe", () => {
  let sides: TwoSides;
  before(async () => {
    await library("javac");
    sides = await startTwoSides({ version: 15, policy: "observe" });
    await sides.database("shop", shop);
  });
  after(() => sides.stop());

  for (const mode of ["extended", "simple", "extendedForPrepared", "extendedCacheEverything"]) {
    test(`metadata, statements and changes, preferQueryMode=${mode}`, async () => {
      const jar = await library("jdbc");
      const session = join(import.meta.dirname, "java", "JdbcSession.java");
      const address = (side: Side) => `jdbc:postgresql://${side.host}:${side.port}/shop?preferQueryMode=${mode}`;
      const said = await sides.same((side) => run(side, "java", ["-cp", jar, session, address(side), side.user, side.password]));
      assert.equal(said.code, 0, said.err);
      assert.match(said.out, /orders_customer_id_fkey/);
    });
  }
});

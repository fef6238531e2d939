import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serverVersions } from "../support/servers.ts";
import { clientCases } from "./psql-cases.ts";
import { serverCases } from "./psql-server-cases.ts";
import { psql } from "./run.ts";
import { shop } from "./shop.ts";
import { startTwoSides, type TwoSides } from "./two-sides.ts";

for (const version of serverVersions) {
  describe(`psql and PostgreSQL ${version}, under observe`, () => {
    let sides: TwoSides;
    const folder = mkdtempSync(join(tmpdir(), "holdfast-psql-"));
    before(async () => {
      sides = await startTwoSides({ version, policy: "observe" });
      await sides.database("other", "CREATE TABLE elsewhere (a int)");
      await sides.database("shop", shop);
    });
    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      await sides.stop();
    });

    for (const { title, script, args = [], options, wire, shows } of [...clientCases, ...serverCases]) {
      test(title, async () => {
        const text = script.replaceAll("FOLDER", folder);
        const said = await sides.same((side) => psql(side, text, ["-d", "shop", ...args], options), { wire: wire ?? true });
        assert.match(said.out + said.err, shows);
      });
    }

    test("\\lo_import, \\lo_export, \\lo_list, \\lo_unlink", async () => {
      const bytes = Buffer.alloc(300_000, "large object ");
      writeFileSync(join(folder, "in.bin"), bytes);
      const script = [
        `\\lo_import '${folder}/in.bin' 'a comment'`,
        `\\set id :LASTOID`,
        `\\lo_list`,
        `\\lo_export :id '${folder}/out.bin'`,
        `select length(lo_get(:id));`,
        `select loread(lo_open(:id, 262144), 13);`,
        `\\lo_unlink :id`,
        `\\lo_list`,
      ].join("\n");
      const said = await sides.same((side) => psql(side, script, ["-d", "shop"]));
      assert.match(said.out, /lo_unlink/);
      assert.deepEqual(readFileSync(join(folder, "out.bin")), bytes);
    });

    // What cannot be the same: the parser reads UTF-8 with standard strings, whatever the policy. The session goes on.
    test("what the parser rests on stays, and the session goes on", async () => {
      const script = [
        "set client_encoding to latin1;",
        "set standard_conforming_strings to off;",
        "select set_config('client_encoding', 'SJIS', false);",
        "set client_encoding to 'UTF8';",
        "reset client_encoding;",
        "reset standard_conforming_strings;",
        "select 'still here' as said;",
      ];
      const { out, err, code } = await psql(sides.holdfast, script.join("\n"), ["-d", "shop"]);
      assert.equal(err.match(/cannot be changed in a session that goes through this gateway/g)?.length, 3);
      assert.match(out, /still here/);
      assert.equal(code, 0);
    });
  });
}

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serverVersions } from "../support/servers.ts";
import { tool } from "../support/tools.ts";
import { psql, run } from "./run.ts";
import { shop } from "./shop.ts";
import { type Side, startTwoSides, type TwoSides } from "./two-sides.ts";

const readScript = "\\set id random(1, 20)\nSELECT name FROM customers WHERE id = :id;\n";
const writeScript = `\\set id random(1, 20)
BEGIN;
UPDATE orders SET total = total + 1 WHERE customer_id = :id;
SELECT sum(total) FROM orders WHERE customer_id = :id;
INSERT INTO events VALUES ('2026-09-09', 'bench :id');
END;
`;
const pipelineScript = `\\startpipeline
SELECT 1;
UPDATE orders SET total = total + 1 WHERE id = 5;
SELECT 2;
\\endpipeline
`;

for (const version of serverVersions) {
  describe(`PostgreSQL's own programs and PostgreSQL ${version}, under observe`, () => {
    let sides: TwoSides;
    const folder = mkdtempSync(join(tmpdir(), "holdfast-programs-"));
    before(async () => {
      sides = await startTwoSides({ version, policy: "observe" });
      await sides.database("shop", shop);
      await sides.database("bench");
      for (const [name, text] of Object.entries({ read: readScript, write: writeScript, pipeline: pipelineScript })) {
        writeFileSync(join(folder, `${name}.sql`), text);
      }
    });
    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      await sides.stop();
    });

    /** What it says without the figures of time. */
    const pgbench = async (side: Side, args: readonly string[]) => {
      const { out, err, code } = await run(side, await tool("pgbench"), args);
      const plain = (text: string) =>
        text.replaceAll(/[0-9.]+ (ms|s)\b|tps = [0-9.]+|[0-9.]+ s\b/g, "TIME").replaceAll(/vacuum [0-9.]+ s.*/g, "");
      return { out: plain(out), err: plain(err), code };
    };

    test("pgbench makes its tables", async () => {
      await sides.same((side) => pgbench(side, ["-i", "-s", "1", "-q", "bench"]), { wire: false });
      const count = await sides.same((side) =>
        psql(side, "select count(*), sum(abalance) from pgbench_accounts;\n\\d pgbench_accounts", ["-d", "bench"]),
      );
      assert.match(count.out, /100000/);
    });

    for (const mode of ["simple", "extended", "prepared"]) {
      test(`pgbench, ${mode}: -S, TPC-B and scripts, with equal random numbers`, async () => {
        const args = ["-M", mode, "-n", "--random-seed=42", "-c", "1", "-t", "40"];
        const reads = await sides.same((side) => pgbench(side, [...args, "-S", "bench"]));
        assert.match(reads.out, /number of transactions actually processed: 40\/40/);
        // TPC-B writes the time of day into a table, and shows none of it.
        await sides.same((side) => pgbench(side, [...args, "bench"]));
        for (const script of ["read", "write"])
          await sides.same((side) => pgbench(side, [...args, "-f", join(folder, `${script}.sql`), "shop"]));
        const after_ = "select sum(total) from orders; select count(*) from events;";
        await sides.same((side) => psql(side, after_, ["-d", "shop"]));
        await sides.same((side) =>
          psql(side, "select sum(abalance) from pgbench_accounts; select count(*) from pgbench_history;", ["-d", "bench"]),
        );
      });
    }

    test("pgbench pipelines", async () => {
      for (const mode of ["extended", "prepared"]) {
        const args = ["-M", mode, "-n", "-c", "1", "-t", "50", "-f", join(folder, "pipeline.sql"), "shop"];
        const said = await sides.same((side) => pgbench(side, args));
        assert.match(said.out, /actually processed: 50\/50/);
      }
    });

    test("pgbench with 8 clients loses nothing", async () => {
      const args = ["-M", "prepared", "-n", "-c", "8", "-j", "2", "-t", "25", "bench"];
      const said = await sides.same((side) => pgbench(side, args), { wire: false });
      assert.match(said.out, /actually processed: 200\/200/);
      await sides.same((side) => psql(side, "select count(*) from pgbench_history;", ["-d", "bench"]));
    });

    // pg_dump refuses a server newer than itself, before it has asked for anything.
    test("pg_dump and pg_restore: schema and data equal", async () => {
      const dump = await tool("pg_dump");
      const own = Number(/ (\d+)/.exec((await run(sides.direct, dump, ["--version"])).out)?.[1]);
      // Where updated rows come to lie hangs on who else looked at the table meanwhile, and a dump shows it.
      const script =
        "cluster orders using orders_pkey; select lo_from_bytea(4711, 'large object'); comment on large object 4711 is 'kept';";
      await sides.same((side) => psql(side, script, ["-d", "shop"]));
      const text = await sides.same((side) => run(side, dump, ["--blobs", "shop"]));
      if (own < version) {
        assert.match(text.err, /server version mismatch/);
        return;
      }
      assert.match(text.out, /COPY public\.orders/);
      assert.equal(text.code, 0);
      await sides.same((side) => run(side, dump, ["--inserts", "--serializable-deferrable", "-t", "customers", "shop"]));
      await sides.database("restored");
      await sides.same(
        async (side) => {
          const file = join(folder, `${side.name}.dump`);
          const dumped = await run(side, dump, ["-Fc", "--blobs", "-f", file, "shop"]);
          const restored = await run(side, join(dirname(dump), "pg_restore"), ["-j", "2", "-d", "restored", file]);
          const again = await run(side, dump, ["--blobs", "restored"]);
          assert.equal(restored.code, 0, restored.err);
          return { dumped, restored, again };
        },
        { wire: false },
      );
      const [original, copy] = await Promise.all(["shop", "restored"].map((database) => run(sides.direct, dump, ["--blobs", database])));
      assert.equal(copy?.out, original?.out);
    });
  });
}

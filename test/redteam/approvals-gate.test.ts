/** The whole way: an agent on a real gateway with session roles guesses a hidden value, and reads nothing of it from what it is told. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ApprovalScene, openApprovalScene, refusal } from "../approvals/scene.ts";
import { serverVersions, testServer } from "../support/servers.ts";

const guesses: readonly (readonly [title: string, sql: string])[] = [
  ["statistics", "DELETE FROM orders WHERE 1 = 1 OR EXISTS (SELECT FROM pg_stats WHERE most_common_vals::text LIKE '%GUESS%')"],
  ["an error of a division", "DELETE FROM orders; CREATE INDEX ON secrets ((1 / (note NOT LIKE 'GUESS%')::int))"],
  ["another name", "ALTER TABLE secrets RENAME TO known; UPDATE orders SET note = 'x' WHERE (SELECT max(note) FROM known) LIKE 'GUESS%'"],
];

for (const version of serverVersions)
  describe(`an agent that guesses, PostgreSQL ${version}`, () => {
    let scene: ApprovalScene;
    before(async () => {
      scene = await openApprovalScene(await testServer(version));
      const { server, database } = scene.shop;
      await server.asSuperuser("INSERT INTO secrets SELECT n, 'hidden' FROM generate_series(1, 200) n; ANALYZE secrets", database);
    });
    after(() => scene.stop());

    for (const [title, sql] of guesses)
      test(title, async () => {
        const client = await scene.agent();
        try {
          const told: string[] = [];
          for (const guess of ["hidden", "absent"]) {
            const { code, message } = await refusal(client, sql.replaceAll("GUESS", guess));
            told.push(`${code} ${message.replaceAll(/q_[0-9a-z]+/g, "q")}`);
          }
          assert.equal(told[0], told[1]);
          assert.match(told[0] ?? "", /held until a person has answered/);
          assert.doesNotMatch(told[0] ?? "", /measured: |rows/);
          for (const { plan } of await scene.approvals()) assert.equal(plan.measured, null);
        } finally {
          await client.end();
        }
      });

    test("what it may read is measured for it", async () => {
      const client = await scene.agent();
      try {
        await refusal(client, "DELETE FROM orders");
        const view = (await scene.approvals()).find(({ plan }) => plan.act.shown === "DELETE FROM orders");
        assert.equal(view?.plan.measured?.tables[0]?.direct.deleted, 10);
        assert.equal(await scene.orders(), 10);
      } finally {
        await client.end();
      }
    });
  });

/** DROP and TRUNCATE of 64 MiB write what they write for a small table. The 2 GiB of it are in `large.long.test.ts`. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startServer } from "../support/servers.ts";
import { putLarge } from "./large.ts";

for (const version of [15, 18] as const)
  describe(`a large table in the bin, PostgreSQL ${version}`, async () => {
    // Whatever else would write stays away.
    const server = await startServer({ version, settings: { autovacuum: false, checkpoint_timeout: "1d", max_wal_size: "8GB" } });
    after(() => server.stop());
    test("DROP writes no more for 64 MiB than for 1 MiB", async () => {
      const small = await putLarge(server, 1, () => "DROP TABLE t CASCADE");
      const large = await putLarge(server, 64, () => "DROP TABLE t CASCADE");
      assert.ok(large.tableBytes > 60 * small.tableBytes - 2 ** 20);
      assert.ok(large.walBytes < small.walBytes + 2 ** 20, `${large.walBytes} next to ${small.walBytes} bytes of WAL`);
    });

    test("TRUNCATE writes no more for 64 MiB than for 20 MiB", async () => {
      const small = await putLarge(server, 20, () => "TRUNCATE t RESTART IDENTITY");
      const large = await putLarge(server, 64, () => "TRUNCATE t RESTART IDENTITY");
      assert.ok(large.walBytes < small.walBytes + 2 ** 20, `${large.walBytes} next to ${small.walBytes} bytes of WAL`);
    });
  });

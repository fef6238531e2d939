/** DROP and TRUNCATE of a table of 2 GiB: the same file, no more WAL than for a small one. Some 7 GiB of disk, a few minutes. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startServer } from "../support/servers.ts";
import { putLarge } from "./large.ts";

for (const version of [15, 18] as const)
  describe(`a table of 2 GiB in the bin, PostgreSQL ${version}`, async () => {
    // Whatever else would write stays away.
    const server = await startServer({ version, settings: { autovacuum: false, checkpoint_timeout: "1d", max_wal_size: "8GB" } });
    after(() => server.stop());
    for (const statement of ["DROP TABLE t CASCADE", "TRUNCATE t RESTART IDENTITY"])
      test(statement, async () => {
        const small = await putLarge(server, 20, () => statement);
        const large = await putLarge(server, 2048, () => statement);
        const shown = ({ tableBytes, walBytes, ms }: typeof small): string =>
          `${Math.round(tableBytes / 2 ** 20)} MiB: ${Math.round(walBytes / 1024)} KiB of WAL, ${Math.round(ms)} ms`;
        console.log(`${statement}, PostgreSQL ${version}: ${shown(small)}; ${shown(large)}`);
        assert.ok(large.walBytes < small.walBytes + 2 ** 20, shown(large));
      });
  });

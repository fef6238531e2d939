import { describe, test } from "node:test";
import { storeContract } from "../../test/store/contract.ts";
import { storePlace } from "../../test/store/postgres-place.ts";
import { serverVersions, testServer } from "../../test/support/servers.ts";

for (const version of serverVersions) {
  describe(`the PostgreSQL store fulfils the contract, on PostgreSQL ${version}`, () => {
    for (const [promise, check] of Object.entries(storeContract)) {
      test(promise, async () => {
        const place = await storePlace(await testServer(version));
        const { server, database, login } = place;
        const rights = (verb: string): Promise<unknown> =>
          server.asSuperuser(
            `${verb.replace("*", "INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA holdfast_control")} ${login.user}`,
            database.name,
          );
        await check({
          open: () => place.open(),
          // The server itself refuses each write.
          failWrites: async () => {
            await rights("REVOKE * FROM");
            return async () => void (await rights("GRANT * TO"));
          },
        });
        await database.drop();
      });
    }
  });
}

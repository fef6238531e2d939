/** A role that may back a test server up, as the configuration names it. It makes no backup. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "../provision/shop.ts";
import type { TestServer } from "../support/servers.ts";

/** The text behind `login:`; the password lies in a file of its own. */
export async function backupLogin(server: TestServer): Promise<string> {
  const [role, password] = [`backup_${randomBytes(4).toString("hex")}`, randomBytes(12).toString("hex")];
  await server.asSuperuser(
    `CREATE ROLE ${role} LOGIN REPLICATION PASSWORD '${password}'; GRANT pg_read_all_settings, pg_read_all_data TO ${role}`,
  );
  const file = join(newFolder(), "password");
  writeFileSync(file, password, { mode: 0o600 });
  return `{ role: ${role}, password: { file: ${file} } }`;
}

/** Supabase's Management API. SQL in its bodies is PostgreSQL's, and is judged as on the wire. */
import { supabaseLookups } from "./lookups/supabase.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { plainRefusals } from "./refusals.ts";

const op = operationsAt("https://api.supabase.com");
const P = "/v1/projects/{ref}";

const everyday = everydayAt("https://api.supabase.com", [
  {
    class: "write",
    thing: "functions",
    doors: ["POST /v1/projects/{ref}/branches", "POST /v1/projects/{ref}/functions", "PATCH /v1/projects/{ref}/functions/{f}"],
    misses: ["DELETE /v1/projects/abc/functions/f"],
    look: ["body", "query"].map((where) => ({
      at: `${where as "body" | "query"} verify_jwt` as const,
      is: [false],
      class: "disarm" as const,
      because: "whoever calls it is no longer asked who it is",
    })),
  },
]);

export const supabase: Pack = {
  provider: "supabase",
  hosts: ["api.supabase.com"],
  listed: ["services"],
  authSlots: ["authorization"],
  refusals: plainRefusals,
  tokenEndpoints: ["https://api.supabase.com/v1/oauth/token"],
  lookups: supabaseLookups,
  operations: [
    op(
      ["project", "destroy", "project"],
      [`DELETE ${P}`],
      { matches: ["DELETE /v1/projects/abc"], misses: ["GET /v1/projects/abc"] },
      { many: true },
    ),
    op(
      ["sql", "exec", "database"],
      [`POST ${P}/database/query`, `POST ${P}/database/query/read-only`],
      {
        matches: ['POST /v1/projects/abc/database/query {"query":"CREATE TABLE t (id int)"}'],
        misses: ["GET /v1/projects/abc/database/backups"],
      },
      { sql: { at: ["query"], project: "{ref}", rows: [""] } },
    ),
    op(
      ["migrate", "exec", "database"],
      [`POST+PUT ${P}/database/migrations`],
      {
        matches: ['POST /v1/projects/abc/database/migrations {"query":"CREATE TABLE t (id int)"}'],
        misses: ["GET /v1/projects/abc/database/migrations"],
      },
      { sql: { at: ["query", "rollback"], project: "{ref}" } },
    ),
    op(["migrate-back", "restore", "database"], [`DELETE ${P}/database/migrations/**`, `PATCH ${P}/database/migrations/{v}`], {
      matches: ["DELETE /v1/projects/abc/database/migrations?gte=2026", "PATCH /v1/projects/abc/database/migrations/1 {}"],
      misses: ["GET /v1/projects/abc/database/migrations"],
    }),
    op(
      ["branch", "destroy", "branch"],
      ["DELETE /v1/branches/{b}", "POST /v1/branches/{b}/reset", "POST /v1/branches/{b}/merge", `DELETE ${P}/branches`],
      {
        matches: ["DELETE /v1/branches/b", "POST /v1/branches/b/reset", "POST /v1/branches/b/merge"],
        misses: ["GET /v1/branches/b"],
      },
    ),
    op(
      ["restore", "restore", "database"],
      [`POST ${P}/database/backups/restore-pitr`, `POST ${P}/database/backups/restore`, `POST ${P}/database/backups/undo`],
      {
        matches: ["POST /v1/projects/abc/database/backups/restore-pitr {}", "POST /v1/projects/abc/database/backups/undo {}"],
        misses: ["GET /v1/projects/abc/database/backups"],
      },
    ),
    op(["pause", "outage", "project"], [`POST ${P}/pause`], {
      matches: ["POST /v1/projects/abc/pause"],
      misses: ["POST /v1/projects/abc/restore"],
    }),
    op(
      ["secrets", "credential", "secret"],
      [
        `DELETE+POST ${P}/secrets`,
        `PATCH ${P}/database/password`,
        `DELETE+POST+PATCH ${P}/api-keys/**`,
        `GET ${P}/api-keys/**`,
        `GET+PUT ${P}/pgsodium`,
        `GET ${P}/postgrest`,
        `GET ${P}/config/auth/**`,
        `POST ${P}/cli/login-role`,
      ],
      {
        matches: [
          "DELETE /v1/projects/abc/secrets []",
          'PATCH /v1/projects/abc/database/password {"password":"x"}',
          "DELETE /v1/projects/abc/api-keys/k",
        ],
        misses: ["GET /v1/projects/abc"],
      },
    ),
    op(
      ["net", "disarm", "network"],
      [`PATCH ${P}/network-restrictions`, `POST ${P}/network-restrictions/apply`, `DELETE ${P}/network-bans`],
      {
        matches: [
          'POST /v1/projects/abc/network-restrictions/apply {"dbAllowedCidrs":["0.0.0.0/0"]}',
          "DELETE /v1/projects/abc/network-bans {}",
        ],
        misses: ["GET /v1/projects/abc/network-restrictions"],
      },
    ),
    op(["function", "destroy", "function"], [`DELETE ${P}/functions/{slug}`], {
      matches: ["DELETE /v1/projects/abc/functions/f"],
      misses: ["GET /v1/projects/abc/functions/f"],
    }),
    op(["deploy", "write", "function"], [`POST ${P}/functions/deploy`], {
      matches: ["POST /v1/projects/abc/functions/deploy?slug=f"],
      misses: ["DELETE /v1/projects/abc/functions/f"],
    }),
    ...everyday,
  ],
};

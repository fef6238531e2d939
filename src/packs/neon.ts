/** Neon: the console's API, and the SQL endpoint that its driver posts to. */
import { neonLookups } from "./lookups/neon.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { wordRefusals } from "./refusals.ts";

const op = operationsAt("https://console.neon.tech");
const P = "/api/v2/projects/{p}";
const B = `${P}/branches/{b}`;

const everyday = everydayAt("https://console.neon.tech", [
  {
    class: "write",
    thing: "projects",
    doors: ["POST /api/v2/projects", "POST /api/v2/projects/{p}/endpoints", "POST /api/v2/projects/{p}/branches/{b}/databases"],
    misses: ["DELETE /api/v2/projects/p", "POST /api/v2/projects/p/branches/b/restore {}"],
  },
]);

export const neon: Pack = {
  provider: "neon",
  hosts: ["console.neon.tech", "*.neon.tech"],
  authSlots: ["authorization", "neon-connection-string"],
  refusals: wordRefusals,
  lookups: neonLookups,
  operations: [
    op(
      ["project", "destroy", "project"],
      [`DELETE ${P}`],
      { matches: ["DELETE /api/v2/projects/p"], misses: ["GET /api/v2/projects/p"] },
      { many: true, undo: "7 days" },
    ),
    op(
      ["branch", "destroy", "branch"],
      [`DELETE ${B}`],
      {
        matches: ["DELETE /api/v2/projects/p/branches/b", "DELETE /api/v2/projects/p/branches/b?hard_delete=true"],
        misses: ["GET /api/v2/projects/p/branches/b"],
      },
      {
        undo: "7 days",
        look: [
          { at: "query hard_delete", is: [true, "1"], class: "destroy", reversibility: "irreversible", because: "it asks for no way back" },
        ],
      },
    ),
    op(
      ["database", "destroy", "database"],
      [`DELETE ${B}/databases/{db}`],
      { matches: ["DELETE /api/v2/projects/p/branches/b/databases/d"], misses: ["DELETE /api/v2/projects/p/branches/b"] },
      { undo: "the branch's history" },
    ),
    op(
      ["role", "credential", "role"],
      [
        `DELETE ${B}/roles/{r}`,
        `POST ${B}/roles/{r}/reset_password`,
        `GET ${B}/roles/{r}/reveal_password`,
        `POST ${B}/roles`,
        `GET ${P}/connection_uri`,
      ],
      {
        matches: [
          "POST /api/v2/projects/p/branches/b/roles/r/reset_password",
          "GET /api/v2/projects/p/branches/b/roles/r/reveal_password",
          "GET /api/v2/projects/p/connection_uri?role_name=r",
        ],
        misses: ["GET /api/v2/projects/p/branches/b/roles"],
      },
    ),
    op(["keys", "credential", "key"], ["POST /api/v2/api_keys", "DELETE /api/v2/api_keys/{id}"], {
      matches: ["POST /api/v2/api_keys {}"],
      misses: ["GET /api/v2/api_keys"],
    }),
    op(["snapshot", "destroy", "snapshot"], [`DELETE ${P}/snapshots/{s}`], {
      matches: ["DELETE /api/v2/projects/p/snapshots/s"],
      misses: ["GET /api/v2/projects/p/snapshots"],
    }),
    op(["restore", "restore", "branch"], [`POST ${B}/restore`, `POST ${P}/snapshots/{s}/restore`, `POST ${B}/finalize_restore`], {
      matches: ['POST /api/v2/projects/p/branches/b/restore {"source_branch_id":"x"}', "POST /api/v2/projects/p/snapshots/s/restore {}"],
      misses: ["GET /api/v2/projects/p/branches/b"],
    }),
    op(
      ["bucket", "destroy", "bucket"],
      [`DELETE ${B}/buckets/{b}`, `DELETE ${B}/buckets/{b}/objects/{k*}`, `DELETE ${B}/buckets/{b}/objects-by-prefix`],
      {
        matches: [
          "DELETE /api/v2/projects/p/branches/b/buckets/x",
          "DELETE /api/v2/projects/p/branches/b/buckets/x/objects-by-prefix?prefix=",
        ],
        misses: ["GET /api/v2/projects/p/branches/b/buckets/x"],
      },
    ),
    op(["endpoint", "outage", "endpoint"], [`DELETE ${P}/endpoints/{e}`, `POST ${P}/endpoints/{e}/suspend`, `POST ${B}/set_as_default`], {
      matches: [
        "DELETE /api/v2/projects/p/endpoints/e",
        "POST /api/v2/projects/p/endpoints/e/suspend",
        "POST /api/v2/projects/p/branches/b/set_as_default",
      ],
      misses: ["POST /api/v2/projects/p/endpoints/e/start"],
    }),
    op(
      ["transfer", "transfer", "project"],
      ["POST /api/v2/users/me/projects/transfer", "POST /api/v2/organizations/{o}/projects/transfer"],
      {
        matches: ['POST /api/v2/users/me/projects/transfer {"project_ids":["p"]}'],
        misses: ["GET /api/v2/users/me"],
      },
    ),
    op(["new-branch", "write", "branch"], [`POST ${P}/branches`, `POST ${P}/endpoints/{e}/start`], {
      matches: ["POST /api/v2/projects/p/branches {}"],
      misses: ["POST /api/v2/projects/p/branches/b/restore {}"],
    }),
    op(
      ["sql", "exec", "database"],
      ["POST /sql"],
      {
        matches: ['POST https://ep-x.eu.aws.neon.tech/sql {"query":"SELECT 1","params":[]}'],
        misses: ["GET https://ep-x.eu.aws.neon.tech/sql"],
      },
      { sql: { at: ["query", "queries.query"], project: "host", rows: ["rows", "results.rows"] } },
    ),
    ...everyday,
  ],
};

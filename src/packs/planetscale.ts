/** PlanetScale: the API, and the endpoint its driver posts MySQL's SQL to, which is not read here: it counts as code that runs. */
import { planetscaleLookups } from "./lookups/planetscale.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { wordRefusals } from "./refusals.ts";

const op = operationsAt("https://api.planetscale.com");
const D = "/v1/organizations/{o}/databases/{d}";
const B = `${D}/branches/{b}`;
const d = "/v1/organizations/o/databases/shop";

const everyday = everydayAt("https://api.planetscale.com", [
  {
    class: "write",
    thing: "request",
    doors: ["POST /v1/organizations/{o}/databases/{d}/deploy-requests"],
    misses: ["POST /v1/organizations/o/databases/d/deploy-requests/7/deploy {}"],
  },
]);

export const planetscale: Pack = {
  provider: "planetscale",
  hosts: ["api.planetscale.com", "*.connect.psdb.cloud", "*.psdb.cloud"],
  authSlots: ["authorization"],
  refusals: wordRefusals,
  lookups: planetscaleLookups,
  operations: [
    op(["database", "destroy", "database"], [`DELETE ${D}`], { matches: [`DELETE ${d}`], misses: [`GET ${d}`] }, { many: true }),
    op(["branch", "destroy", "branch"], [`DELETE ${B}`], {
      matches: [`DELETE ${d}/branches/main?delete_descendants=true`],
      misses: [`GET ${d}/branches/main`],
    }),
    op(["backup", "destroy", "backup"], [`DELETE ${B}/backups/{id}`], {
      matches: [`DELETE ${d}/branches/main/backups/x`],
      misses: [`GET ${d}/branches/main/backups`],
    }),
    op(["backup-policy", "disarm", "policy"], [`DELETE+PATCH ${D}/backup-policies/{p}`], {
      matches: [`DELETE ${d}/backup-policies/p`],
      misses: [`GET ${d}/backup-policies`],
    }),
    op(["disarm", "disarm", "protection"], [`DELETE ${B}/safe-migrations`, `PATCH ${D}`, `PATCH ${B}`], {
      matches: [`PATCH ${d} {"deletion_protected":false}`, `DELETE ${d}/branches/main/safe-migrations`],
      misses: [`GET ${d}`],
    }),
    op(["demote", "outage", "branch"], [`POST ${B}/demote`, `POST ${B}/promote`], {
      matches: [`POST ${d}/branches/main/demote`],
      misses: [`GET ${d}/branches/main`],
    }),
    op(["keyspace", "destroy", "keyspace"], [`DELETE ${B}/keyspaces/{k}`, `PATCH ${B}/keyspaces/{k}/vschema`, `PATCH ${B}/routing-rules`], {
      matches: [`DELETE ${d}/branches/main/keyspaces/k`, `PATCH ${d}/branches/main/keyspaces/k/vschema {}`],
      misses: [`GET ${d}/branches/main/keyspaces`],
    }),
    op(["deploy-request", "outage", "database"], [`POST ${D}/deploy-requests/{n}/deploy`], {
      matches: [`POST ${d}/deploy-requests/7/deploy`],
      misses: [`GET ${d}/deploy-requests/7/diff`],
    }),
    op(["creds", "credential", "password"], [`POST+DELETE ${B}/passwords/**`, `POST ${B}/roles/reset-default`, `POST ${B}/roles`], {
      matches: [
        `POST ${d}/branches/main/passwords {}`,
        `POST ${d}/branches/main/passwords/p/renew`,
        `POST ${d}/branches/main/roles/reset-default`,
      ],
      misses: [`GET ${d}/branches/main/passwords`],
    }),
    op(["sql", "exec", "database"], ["POST /psdb.v1alpha1.Database/{call}"], {
      matches: ['POST https://aws.connect.psdb.cloud/psdb.v1alpha1.Database/Execute {"query":"DELETE FROM t"}'],
      misses: ["GET https://aws.connect.psdb.cloud/"],
    }),
    op(["new-branch", "write", "branch"], [`POST ${D}/branches`, `POST ${B}/backups`], {
      matches: [`POST ${d}/branches {"name":"x"}`],
      misses: [`POST ${d}/branches/main/demote`],
    }),
    ...everyday,
  ],
};

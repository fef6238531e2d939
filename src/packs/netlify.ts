/** Netlify. */
import { netlifyLookups } from "./lookups/netlify.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { plainRefusals } from "./refusals.ts";

const op = operationsAt("https://api.netlify.com");

const everyday = everydayAt("https://api.netlify.com", [
  {
    class: "write",
    thing: "upload",
    doors: [
      "POST /api/v1/sites",
      "POST /api/v1/{account}/sites",
      "PUT /api/v1/deploys/{d}/files/{p*}",
      "PUT /api/v1/deploys/{d}/functions/{f}",
      "PUT /api/v1/sites/{s}/deploys/{d}",
      "POST /api/v1/deploys/{d}/cancel",
    ],
    misses: ["DELETE /api/v1/sites/s", "PUT /api/v1/sites/s {}"],
  },
]);

export const netlify: Pack = {
  provider: "netlify",
  hosts: ["api.netlify.com"],
  slashedNames: ["/api/v1/deploys/{d}/files/{p%}"],
  authSlots: ["authorization"],
  refusals: plainRefusals,
  lookups: netlifyLookups,
  tokenEndpoints: ["https://api.netlify.com/oauth/token"],
  operations: [
    op(
      ["site", "destroy", "site"],
      ["DELETE /api/v1/sites/{id}"],
      { matches: ["DELETE /api/v1/sites/s"], misses: ["GET /api/v1/sites/s"] },
      { many: true },
    ),
    op(
      ["db", "destroy", "database"],
      [
        "DELETE /api/v1/sites/{id}/database",
        "DELETE /api/v1/sites/{id}/database/branch/{b}",
        "DELETE /api/v1/sites/{id}/database/snapshot/{s}",
      ],
      {
        matches: ["DELETE /api/v1/sites/s/database", "DELETE /api/v1/sites/s/database/snapshot/x"],
        misses: ["GET /api/v1/sites/s/database"],
      },
    ),
    op(["dbrestore", "restore", "database"], ["POST /api/v1/sites/{id}/database/snapshot/{s}/restore"], {
      matches: ["POST /api/v1/sites/s/database/snapshot/x/restore"],
      misses: ["GET /api/v1/sites/s/database"],
    }),
    op(
      ["dns", "outage", "dns"],
      ["DELETE /api/v1/dns_zones/{z}", "DELETE /api/v1/dns_zones/{z}/dns_records/{r}", "PUT /api/v1/dns_zones/{z}/transfer"],
      {
        matches: ["DELETE /api/v1/dns_zones/z", "PUT /api/v1/dns_zones/z/transfer"],
        misses: ["GET /api/v1/dns_zones"],
      },
    ),
    op(["env", "outage", "env"], ["DELETE+PUT+PATCH /api/v1/accounts/{a}/env/{key}", "POST /api/v1/accounts/{a}/env"], {
      matches: ["DELETE /api/v1/accounts/a/env/K"],
      misses: ["DELETE /api/v1/accounts/a"],
    }),
    op(["readEnv", "credential", "env"], ["GET+HEAD /api/v1/accounts/{a}/env/**"], {
      matches: ["GET /api/v1/accounts/a/env", "GET /api/v1/accounts/a/env/K"],
      misses: ["GET /api/v1/accounts/a"],
    }),
    op(
      ["deploy", "outage", "deploy"],
      [
        "DELETE /api/v1/deploys/{d}",
        "PUT /api/v1/sites/{id}/rollback",
        "PUT /api/v1/sites/{id}/disable",
        "POST /api/v1/sites/{id}/deploys/{d}/restore",
      ],
      {
        matches: ["DELETE /api/v1/deploys/d", "PUT /api/v1/sites/s/rollback", "PUT /api/v1/sites/s/disable"],
        misses: ["POST /api/v1/sites/s/deploys {}"],
      },
    ),
    op(
      ["account", "destroy", "account"],
      ["DELETE /api/v1/accounts/{a}"],
      { matches: ["DELETE /api/v1/accounts/a"], misses: ["GET /api/v1/accounts/a"] },
      { many: true },
    ),
    op(["build", "write", "deploy"], ["POST /api/v1/sites/{id}/deploys", "POST /api/v1/sites/{id}/builds"], {
      matches: ["POST /api/v1/sites/s/builds {}"],
      misses: ["PUT /api/v1/sites/s/rollback"],
    }),
    ...everyday,
  ],
};

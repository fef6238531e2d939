/** Heroku: the Platform API and the data API of its databases. Add-ons are the databases. */
import { herokuLookups } from "./lookups/heroku.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { plainRefusals } from "./refusals.ts";

const op = operationsAt("https://api.heroku.com");
const data = "https://api.data.heroku.com";
const reads = ["GET /apps/shop"];

const everyday = everydayAt("https://api.heroku.com", [
  {
    class: "write",
    thing: "source",
    doors: [
      "POST /sources",
      "POST /apps",
      "POST /teams/apps",
      "POST /apps/{app}/sources",
      "POST /apps/{app}/slugs",
      "POST /pipelines",
      "POST /pipeline-couplings",
    ],
    misses: ["DELETE /apps/shop", "POST /apps/shop/releases {}"],
  },
  {
    class: "read",
    thing: "filter",
    doors: ["POST /filters/apps"],
    misses: ["POST /apps {}"],
  },
]);

export const heroku: Pack = {
  provider: "heroku",
  hosts: ["api.heroku.com", "api.data.heroku.com", "postgres-api.heroku.com"],
  authSlots: ["authorization"],
  refusals: plainRefusals,
  lookups: herokuLookups,
  operations: [
    op(
      ["app", "destroy", "app"],
      ["DELETE /apps/{app}"],
      { matches: ["DELETE /apps/shop"], misses: ["DELETE /apps/shop/dynos"] },
      { many: true },
    ),
    op(["addon", "destroy", "addon"], ["DELETE /apps/{app}/addons/{addon}", "DELETE /addons/{addon}"], {
      matches: ["DELETE /apps/shop/addons/postgresql-1"],
      misses: reads,
    }),
    op(["pgreset", "wipe", "database"], ["PUT /client/v11/databases/{id}/reset"], {
      matches: [`PUT ${data}/client/v11/databases/db-1/reset`],
      misses: [`GET ${data}/client/v11/databases/db-1`],
    }),
    op(["pgbackupdel", "destroy", "backup"], ["DELETE /client/v11/apps/{app}/transfers/{n}"], {
      matches: [`DELETE ${data}/client/v11/apps/shop/transfers/7`],
      misses: [`GET ${data}/client/v11/apps/shop/transfers`],
    }),
    op(["pgrestore", "restore", "database"], ["POST /client/v11/databases/{id}/restores", "POST /client/v11/databases/{id}/transfers"], {
      matches: [`POST ${data}/client/v11/databases/db-1/restores {"backup_url":"u"}`],
      misses: [`POST ${data}/client/v11/databases/db-1/backups`],
    }),
    op(
      ["pgunschedule", "disarm", "schedule"],
      ["DELETE /client/v11/databases/{id}/transfer-schedules/{s}", "DELETE /client/v11/apps/{app}/transfer-schedules/{s}"],
      { matches: [`DELETE ${data}/client/v11/databases/db-1/transfer-schedules/s1`], misses: [`GET ${data}/client/v11/databases/db-1`] },
    ),
    op(
      ["pgcred", "credential", "credential"],
      [
        "DELETE+POST /postgres/v0/databases/{db}/credentials/**",
        "DELETE+POST /data/postgres/v1/{db}/credentials/**",
        "GET /postgres/v0/databases/{db}/credentials/**",
      ],
      {
        matches: [
          `POST ${data}/postgres/v0/databases/db-1/credentials/default/credentials_rotation`,
          `GET ${data}/postgres/v0/databases/d/credentials`,
        ],
        misses: [`GET ${data}/postgres/v0/databases/db-1`],
      },
    ),
    op(["pgupgrade", "outage", "database"], ["POST /client/v11/databases/{id}/upgrade", "POST /client/v11/databases/{id}/upgrade/run"], {
      matches: [`POST ${data}/client/v11/databases/db-1/upgrade {}`],
      misses: [`POST ${data}/client/v11/databases/db-1/upgrade/dry_run {}`],
    }),
    op(["pgupgrade-trial", "read", "database"], ["POST /client/v11/databases/{id}/upgrade/dry_run"], {
      matches: [`POST ${data}/client/v11/databases/db-1/upgrade/dry_run {}`],
      misses: [`POST ${data}/client/v11/databases/db-1/upgrade {}`],
    }),
    op(["config", "outage", "config"], ["PATCH /apps/{app}/config-vars"], {
      matches: ['PATCH /apps/shop/config-vars {"A":null}'],
      misses: reads,
    }),
    op(
      ["readConfig", "credential", "config"],
      [
        "GET+HEAD /apps/{app}/config-vars",
        "GET /apps/{app}/releases/{r}/config-vars",
        "GET /pipelines/{p}/stage/{s}/config-vars",
        "GET /addons/{a}/config",
        "GET /apps/{app}/addons/{a}/config",
        "GET /addons/{a}/sso",
        "GET /apps/{app}/addons/{a}/sso",
        "GET /oauth/authorizations/**",
        "GET /oauth/clients/**",
      ],
      {
        matches: ["GET /apps/shop/config-vars", "GET /addons/a/config", "GET /oauth/authorizations"],
        misses: reads,
      },
    ),
    op(["rollback", "outage", "app"], ["POST /apps/{app}/releases"], {
      matches: ['POST /apps/shop/releases {"release":"r"}'],
      misses: ["GET /apps/shop/releases"],
    }),
    op(
      ["space", "destroy", "account"],
      ["DELETE /spaces/{space}", "DELETE /teams/{team}", "DELETE /account", "DELETE /users/{id}"],
      { matches: ["DELETE /spaces/s", "DELETE /teams/t", "DELETE /account"], misses: ["GET /account"] },
      { many: true },
    ),
    op(["transfer", "transfer", "app"], ["POST /account/app-transfers", "POST /teams/apps/{app}", "POST /spaces/{s}/transfer"], {
      matches: ['POST /account/app-transfers {"app":"shop","recipient":"r"}', "POST /spaces/s/transfer"],
      misses: ["GET /account/app-transfers"],
    }),
    op(
      ["NOT-destroy", "outage", "dynos"],
      ["DELETE /apps/{app}/dynos/**", "DELETE /apps/{app}/formations/{type}", "PATCH /apps/{app}/formation/**"],
      {
        matches: ["DELETE /apps/shop/dynos", "DELETE /apps/shop/dynos/web.1"],
        misses: ["DELETE /apps/shop", "GET /apps/shop/dynos"],
      },
    ),
    op(["build", "write", "build"], ["POST /apps/{app}/builds", "POST /apps/{app}/log-sessions"], {
      matches: ["POST /apps/shop/builds {}"],
      misses: ["POST /apps/shop/releases {}"],
    }),
    ...everyday,
  ],
};

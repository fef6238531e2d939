/** Cloudflare. D1 speaks SQLite's SQL, which is not read here: it counts as code that runs. */
import { cloudflareLookups } from "./lookups/cloudflare.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { cloudflareRefusals } from "./refusals.ts";

const op = operationsAt("https://api.cloudflare.com");
const A = "/client/v4/accounts/{a}";
const Z = "/client/v4/zones/{z}";
const a = "/client/v4/accounts/a1";
const z = "/client/v4/zones/z1";

const everyday = everydayAt("https://api.cloudflare.com", [
  {
    class: "write",
    thing: "upload",
    doors: [
      "POST /client/v4/accounts/{a}/workers/scripts/{s}/versions",
      "POST /client/v4/accounts/{a}/workers/scripts/{s}/deployments",
      "POST /client/v4/accounts/{a}/workers/scripts/{s}/assets-upload-session",
      "POST /client/v4/accounts/{a}/workers/assets/upload",
      "POST /client/v4/accounts/{a}/workers/scripts/{s}/tails",
      "DELETE /client/v4/accounts/{a}/workers/scripts/{s}/tails/{t}",
      "POST /client/v4/accounts/{a}/pages/projects",
      "POST /client/v4/pages/assets/upload",
      "POST /client/v4/pages/assets/upsert-hashes",
      "POST /client/v4/zones/{z}/dns_records",
      "POST /client/v4/accounts/{a}/ai/run/{m*}",
      "POST /client/v4/accounts/{a}/queues",
      "POST /client/v4/accounts/{a}/queues/{q}/messages",
      "POST /client/v4/accounts/{a}/queues/{q}/messages/batch",
      "POST /client/v4/accounts/{a}/storage/kv/namespaces",
      "POST /client/v4/accounts/{a}/d1/database",
      "POST /client/v4/accounts/{a}/r2/buckets",
      "POST /client/v4/accounts/{a}/vectorize/v2/indexes/{i}/insert",
    ],
    misses: [
      "DELETE /client/v4/accounts/a1/workers/scripts/s",
      "POST /client/v4/zones/z1/dns_records/batch {}",
      "POST /client/v4/accounts/a1/queues/q/messages/ack {}",
      "POST /client/v4/accounts/a1/vectorize/v2/indexes/i/upsert",
    ],
  },
  {
    class: "read",
    thing: "assets",
    doors: [
      "POST /client/v4/pages/assets/check-missing",
      "POST /client/v4/accounts/{a}/storage/kv/namespaces/{n}/bulk/get",
      "POST /client/v4/accounts/{a}/vectorize/v2/indexes/{i}/query",
      "POST /client/v4/accounts/{a}/vectorize/v2/indexes/{i}/get_by_ids",
      "POST /client/v4/accounts/{a}/workers/observability/telemetry/query",
    ],
    misses: ["POST /client/v4/pages/assets/upload", "POST /client/v4/accounts/a1/storage/kv/namespaces/n/bulk/delete []"],
  },
]);

export const cloudflare: Pack = {
  provider: "cloudflare",
  hosts: ["api.cloudflare.com"],
  slashedNames: [
    "/client/v4/accounts/{a}/storage/kv/namespaces/{n}/values/{k%}",
    "/client/v4/accounts/{a}/storage/kv/namespaces/{n}/metadata/{k%}",
    "/client/v4/accounts/{a}/r2/buckets/{b}/objects/{k%}",
  ],
  authSlots: ["authorization", "x-auth-key", "x-auth-email", "x-auth-user-service-key"],
  refusals: cloudflareRefusals,
  lookups: cloudflareLookups,
  graphql: ["/client/v4/graphql"],
  operations: [
    op(["zone", "destroy", "zone"], [`DELETE ${Z}`], { matches: [`DELETE ${z}`], misses: [`GET ${z}`] }, { many: true }),
    op(["dns", "outage", "dns"], [`DELETE+PUT+PATCH ${Z}/dns_records/{r}`, `POST ${Z}/dns_records/batch`, `POST ${Z}/dns_records/import`], {
      matches: [`DELETE ${z}/dns_records/r`, `POST ${z}/dns_records/batch {"deletes":[{"id":"r"}]}`, `POST ${z}/dns_records/import {}`],
      misses: [`GET ${z}/dns_records`],
    }),
    op(["r2", "destroy", "bucket"], [`DELETE ${A}/r2/buckets/{b}`, `DELETE ${A}/r2/buckets/{b}/objects/{k*}`], {
      matches: [`DELETE ${a}/r2/buckets/b`, `DELETE ${a}/r2/buckets/b/objects/k/l`],
      misses: [`GET ${a}/r2/buckets`],
    }),
    op(["d1", "destroy", "d1"], [`DELETE ${A}/d1/database/{id}`], {
      matches: [`DELETE ${a}/d1/database/x`],
      misses: [`GET ${a}/d1/database/x`],
    }),
    op(
      ["d1sql", "exec", "d1"],
      [`POST ${A}/d1/database/{id}/query`, `POST ${A}/d1/database/{id}/raw`, `POST ${A}/d1/database/{id}/import`],
      {
        matches: [`POST ${a}/d1/database/x/query {"sql":"DROP TABLE t"}`, `POST ${a}/d1/database/x/import {}`],
        misses: [`GET ${a}/d1/database/x`],
      },
    ),
    op(["d1restore", "restore", "d1"], [`POST ${A}/d1/database/{id}/time_travel/restore`], {
      matches: [`POST ${a}/d1/database/x/time_travel/restore`],
      misses: [`GET ${a}/d1/database/x/time_travel/bookmark`],
    }),
    op(
      ["kv", "destroy", "kv"],
      [
        `DELETE ${A}/storage/kv/namespaces/{n}`,
        `POST ${A}/storage/kv/namespaces/{n}/bulk/delete`,
        `DELETE ${A}/storage/kv/namespaces/{n}/bulk`,
        `DELETE ${A}/storage/kv/namespaces/{n}/values/{k}`,
      ],
      {
        matches: [`DELETE ${a}/storage/kv/namespaces/n`, `POST ${a}/storage/kv/namespaces/n/bulk/delete ["k"]`],
        misses: [`GET ${a}/storage/kv/namespaces`],
      },
    ),
    op(
      ["worker", "destroy", "worker"],
      [
        `DELETE ${A}/workers/scripts/{s}`,
        `DELETE ${A}/workers/dispatch/namespaces/{n}`,
        `DELETE ${A}/dispatch/namespaces/{n}`,
        `DELETE ${A}/pages/projects/{p}`,
      ],
      {
        matches: [`DELETE ${a}/workers/scripts/s`, `DELETE ${a}/pages/projects/p`],
        misses: [`GET ${a}/workers/scripts`],
      },
    ),
    op(["queue", "wipe", "queue"], [`DELETE ${A}/queues/{q}`, `POST ${A}/queues/{q}/purge`], {
      matches: [`DELETE ${a}/queues/q`, `POST ${a}/queues/q/purge {}`],
      misses: [`GET ${a}/queues/q`],
    }),
    op(["tunnel", "outage", "tunnel"], [`DELETE ${A}/cfd_tunnel/{t}`, `DELETE ${A}/hyperdrive/configs/{h}`], {
      matches: [`DELETE ${a}/cfd_tunnel/t`, `DELETE ${a}/hyperdrive/configs/h`],
      misses: [`GET ${a}/cfd_tunnel`],
    }),
    op(
      ["account", "credential", "account"],
      [
        `DELETE ${A}`,
        `DELETE ${A}/secrets_store/stores/{s}`,
        `PUT ${A}/tokens/{t}/value`,
        `POST+PUT+DELETE ${A}/tokens/**`,
        "POST+PUT+DELETE /client/v4/user/tokens/**",
        `GET ${A}/{kind}/{t}/token`,
        `GET ${A}/challenges/widgets/**`,
        "GET /client/v4/user/api_key",
        "GET /client/v4/user/service_keys/**",
      ],
      {
        matches: [`DELETE ${a}`, `PUT ${a}/tokens/t/value {}`, `DELETE ${a}/secrets_store/stores/s`, "POST /client/v4/user/tokens {}"],
        misses: [`GET ${a}/tokens`],
      },
    ),
    op(
      ["account-delete", "destroy", "account"],
      [`DELETE ${A}`, `DELETE ${A}/secrets_store/stores/{s}`],
      { matches: [`DELETE ${a}`], misses: [`GET ${a}`] },
      { many: true },
    ),
    op(["purge", "outage", "cache"], [`POST ${Z}/purge_cache`], {
      matches: [`POST ${z}/purge_cache {"purge_everything":true}`],
      misses: [`GET ${z}`],
    }),
    op(["deploy", "write", "deploy"], [`POST ${A}/pages/projects/{p}/deployments`], {
      matches: [`POST ${a}/pages/projects/p/deployments`],
      misses: [`DELETE ${a}/pages/projects/p`],
    }),
    ...everyday,
  ],
};

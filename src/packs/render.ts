/** Render: services, PostgreSQL, key-value stores, disks. */
import { renderLookups } from "./lookups/render.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { plainRefusals } from "./refusals.ts";

const op = operationsAt("https://api.render.com");
const reads = ["GET /v1/services/srv-1"];

export const render: Pack = {
  provider: "render",
  hosts: ["api.render.com"],
  listed: ["name", "type", "environmentId", "region", "suspended", "ownerId", "resource", "instance", "level", "status"],
  authSlots: ["authorization"],
  refusals: plainRefusals,
  lookups: renderLookups,
  operations: [
    op(["postgres", "destroy", "postgres"], ["DELETE /v1/postgres/{id}"], {
      matches: ["DELETE /v1/postgres/dpg-1"],
      misses: ["GET /v1/postgres/dpg-1"],
    }),
    op(["keyvalue", "destroy", "keyvalue"], ["DELETE /v1/key-value/{id}", "DELETE /v1/redis/{id}"], {
      matches: ["DELETE /v1/key-value/red-1", "DELETE /v1/redis/red-1"],
      misses: reads,
    }),
    op(["disk", "destroy", "disk"], ["DELETE /v1/disks/{id}"], { matches: ["DELETE /v1/disks/dsk-1"], misses: ["GET /v1/disks/dsk-1"] }),
    op(["diskrestore", "restore", "disk"], ["POST /v1/disks/{id}/snapshots/restore"], {
      matches: ['POST /v1/disks/dsk-1/snapshots/restore {"snapshotKey":"k"}'],
      misses: ["GET /v1/disks/dsk-1/snapshots"],
    }),
    op(["service", "destroy", "service"], ["DELETE /v1/services/{id}"], { matches: ["DELETE /v1/services/srv-1"], misses: reads }),
    op(["suspend", "outage", "service"], ["POST /v1/*/{id}/suspend"], {
      matches: ["POST /v1/services/srv-1/suspend", "POST /v1/postgres/dpg-1/suspend", "POST /v1/redis/r/suspend"],
      misses: ["POST /v1/services/srv-1/deploys {}"],
    }),
    op(
      ["envgroup", "outage", "env"],
      ["PUT /v1/services/{id}/env-vars", "PUT+DELETE /v1/services/{id}/env-vars/{key}", "DELETE /v1/env-groups/{id}"],
      {
        matches: ["PUT /v1/services/srv-1/env-vars []", "DELETE /v1/env-groups/evg-1"],
        misses: reads,
      },
    ),
    op(
      ["project", "destroy", "project"],
      ["DELETE /v1/projects/{id}", "DELETE /v1/environments/{id}"],
      {
        matches: ["DELETE /v1/projects/prj-1", "DELETE /v1/environments/evm-1"],
        misses: ["GET /v1/projects"],
      },
      { many: true },
    ),
    op(["pguser", "credential", "credential"], ["DELETE /v1/postgres/{id}/credentials/{name}", "POST /v1/postgres/{id}/credentials"], {
      matches: ["DELETE /v1/postgres/dpg-1/credentials/app"],
      misses: ["GET /v1/postgres/dpg-1"],
    }),
    op(
      ["connstr", "credential", "connection"],
      [
        "GET+HEAD /v1/postgres/{id}/connection-info",
        "GET+HEAD /v1/redis/{id}/connection-info",
        "GET+HEAD /v1/key-value/{id}/connection-info",
        "GET /v1/services/{id}/env-vars/**",
        "GET /v1/services/{id}/secret-files/**",
        "GET /v1/env-groups/**",
      ],
      { matches: ["GET /v1/postgres/dpg-1/connection-info", "GET /v1/redis/r/connection-info"], misses: ["GET /v1/postgres/dpg-1"] },
    ),
    op(["deploy", "write", "deploy"], ["POST /v1/services/{id}/deploys", "POST /v1/services/{id}/restart"], {
      matches: ["POST /v1/services/srv-1/deploys {}"],
      misses: ["POST /v1/services/srv-1/suspend"],
    }),
  ],
};

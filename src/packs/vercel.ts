/** Vercel. The version in a path differs from route to route and changes with time, so any is read. */
import { vercelLookups } from "./lookups/vercel.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { errorRefusals } from "./refusals.ts";

const op = operationsAt("https://api.vercel.com");
const reads = ["GET /v9/projects/shop"];

const everyday = everydayAt("https://api.vercel.com", [
  {
    class: "write",
    thing: "project",
    doors: ["POST /v*/projects", "PATCH /v*/projects/{p}", "POST /v*/projects/{p}/domains", "PATCH /v*/deployments/{d}/cancel"],
    misses: ["DELETE /v9/projects/shop"],
    look: [
      { at: "body passwordProtection", is: "present", class: "disarm", because: "its password changes" },
      { at: "body ssoProtection", is: "present", class: "disarm", because: "who may see it changes" },
      { at: "body trustedIps", is: "present", class: "disarm", because: "which addresses get in changes" },
      { at: "body gitForkProtection", is: [false], class: "disarm", because: "forks build without leave" },
      { at: "body protectionBypass", is: "present", class: "disarm", because: "it makes a way past the protection" },
      { at: "body publicSource", is: [true], class: "publish", because: "its source can be seen" },
      { at: "body directoryListing", is: [true], class: "publish", because: "its folders can be seen" },
      { at: "body environmentVariables", is: "present", class: "outage", because: "it sets variables" },
    ],
  },
  {
    class: "write",
    thing: "artifact",
    doors: ["PUT /v*/artifacts/{h}", "POST /v*/artifacts/events"],
    misses: ["GET /v8/artifacts/x"],
  },
  {
    class: "read",
    thing: "artifacts",
    doors: ["POST /v*/artifacts", "POST /v*/artifacts/status"],
    misses: ["PUT /v8/artifacts/x"],
  },
]);

export const vercel: Pack = {
  provider: "vercel",
  hosts: ["api.vercel.com"],
  authSlots: ["authorization"],
  refusals: errorRefusals,
  lookups: vercelLookups,
  operations: [
    op(
      ["project", "destroy", "project"],
      ["DELETE /v*/projects/{p}"],
      { matches: ["DELETE /v9/projects/shop"], misses: reads },
      { many: true },
    ),
    op(["deployment", "destroy", "deployment"], ["DELETE /v*/deployments/{id}"], {
      matches: ["DELETE /v13/deployments/d"],
      misses: ["GET /v13/deployments/d"],
    }),
    op(
      ["env", "outage", "env"],
      ["DELETE+PATCH /v*/projects/{p}/env/{id}", "DELETE /v*/projects/{p}/env", "DELETE /v*/env", "POST /v*/projects/{p}/env"],
      {
        matches: ["DELETE /v9/projects/shop/env/e", "DELETE /v1/env"],
        misses: reads,
      },
    ),
    op(["blob", "destroy", "blob"], ["DELETE /v*/storage/stores/blob/{id}", "DELETE /storage/stores/blob/{id}"], {
      matches: ["DELETE /storage/stores/blob/b", "DELETE /v1/storage/stores/blob/b"],
      misses: ["GET /v1/storage/stores"],
    }),
    op(["edgeconfig", "destroy", "edgeconfig"], ["DELETE /v*/global-config/{id}", "DELETE /v*/edge-config/{id}"], {
      matches: ["DELETE /v1/global-config/e", "DELETE /v1/edge-config/e"],
      misses: ["GET /v1/edge-config/e"],
    }),
    op(
      ["domain", "outage", "domain"],
      ["DELETE /v*/domains/{d}", "DELETE /v*/domains/{d}/records/{r}", "DELETE /v*/projects/{p}/domains/{d}"],
      {
        matches: ["DELETE /v6/domains/example.com", "DELETE /v2/domains/example.com/records/r", "DELETE /v9/projects/p/domains/d"],
        misses: ["GET /v5/domains"],
      },
    ),
    op(
      ["integration", "destroy", "integration"],
      ["DELETE /v*/integrations/configuration/{id}", "DELETE /v*/installations/{i}/resources/{r}"],
      {
        matches: ["DELETE /v1/integrations/configuration/i"],
        misses: ["GET /v1/integrations/configurations"],
      },
      { many: true },
    ),
    op(
      ["team", "destroy", "team"],
      ["DELETE /v*/teams/{id}", "DELETE /v*/user"],
      { matches: ["DELETE /v1/teams/t", "DELETE /v1/user"], misses: ["GET /v2/teams/t"] },
      { many: true },
    ),
    op(
      ["traffic", "outage", "project"],
      ["POST /v*/projects/{p}/promote/{d}", "POST /v*/projects/{p}/rollback/{d}", "POST /v*/projects/{p}/pause"],
      {
        matches: ["POST /v10/projects/p/promote/d", "POST /v1/projects/p/rollback/d", "POST /v1/projects/p/pause"],
        misses: ["POST /v1/projects/p/unpause"],
      },
    ),
    op(["transfer", "transfer", "project"], ["POST /v*/projects/{p}/transfer-request", "POST /projects/{p}/transfer-request"], {
      matches: ["POST /projects/p/transfer-request {}"],
      misses: reads,
    }),
    op(["tokens", "credential", "token"], ["POST /v*/user/tokens", "DELETE /v*/user/tokens/{id}"], {
      matches: ["POST /v3/user/tokens {}"],
      misses: ["GET /v5/user/tokens"],
    }),
    op(
      ["readEnv", "credential", "variable"],
      [
        "GET /v*/projects/{p}/env/**",
        "GET /v*/env/**",
        "GET /v*/storage/stores/**/secrets",
        "GET /v*/edge-config/{e}/tokens",
        "GET /v*/edge-config/{e}/token/{t}",
      ],
      {
        matches: ["GET /v9/projects/shop/env?decrypt=true", "GET /v1/projects/shop/env/e1"],
        misses: ["GET /v9/projects/shop"],
      },
    ),
    op(["deploy", "write", "deployment"], ["POST /v*/deployments", "POST /v*/files"], {
      matches: ['POST /v13/deployments {"name":"shop"}'],
      misses: ["DELETE /v13/deployments/d"],
    }),
    ...everyday,
  ],
};

/** Fly.io: the Machines API and the GraphQL API beside it. */
import { flyLookups } from "./lookups/fly.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { flyRefusals } from "./refusals.ts";

const op = operationsAt("https://api.machines.dev");
const gql = (query: string): string => `POST https://api.fly.io/graphql ${JSON.stringify({ query })}`;

const everyday = everydayAt("https://api.fly.io", [
  {
    class: "write",
    thing: "deployment",
    doors: [
      "POST api.machines.dev/v1/apps",
      "POST api.machines.dev/v1/apps/{app}/machines",
      "POST+DELETE api.machines.dev/v1/apps/{app}/machines/{id}/lease",
      "POST api.machines.dev/v1/apps/{app}/volumes",
      "POST api.machines.dev/v1/apps/{app}/volumes/{id}/snapshots",
      "GQL createApp",
      "GQL createBuild",
      "GQL finishBuild",
      "GQL createRelease",
      "GQL updateRelease",
      "GQL ensureMachineRemoteBuilder",
      "GQL ensureDepotRemoteBuilder",
    ],
    misses: ["DELETE https://api.machines.dev/v1/apps/shop", "POST https://api.machines.dev/v1/apps/shop/machines/m1 {}"],
  },
]);

export const fly: Pack = {
  provider: "fly",
  hosts: ["api.machines.dev", "api.fly.io"],
  authSlots: ["authorization"],
  refusals: flyRefusals,
  lookups: flyLookups,
  graphql: ["/graphql"],
  operations: [
    op(
      ["volume", "destroy", "volume"],
      ["DELETE /v1/apps/{app}/volumes/{id}", "GQL deleteVolume"],
      {
        matches: ["DELETE /v1/apps/shop/volumes/vol_1", gql('mutation { deleteVolume(input: {volumeId: "v"}) { app { id } } }')],
        misses: ["GET /v1/apps/shop/volumes/vol_1"],
      },
      { undo: "snapshots of 5 days by default" },
    ),
    op(
      ["app", "destroy", "app"],
      ["DELETE /v1/apps/{app}", "GQL deleteApp"],
      {
        matches: ["DELETE /v1/apps/shop?force=true", gql('mutation { deleteApp(appId: "shop") { organization { id } } }')],
        misses: ["GET /v1/apps/shop"],
      },
      { many: true },
    ),
    op(["machine", "destroy", "machine"], ["DELETE /v1/apps/{app}/machines/{id}"], {
      matches: ["DELETE /v1/apps/shop/machines/m1?force=true"],
      misses: ["POST /v1/apps/shop/machines/m1/stop"],
    }),
    op(["exec", "exec", "machine"], ["POST /v1/apps/{app}/machines/{id}/exec"], {
      matches: ['POST /v1/apps/shop/machines/m1/exec {"cmd":"ls"}'],
      misses: ["GET /v1/apps/shop/machines/m1"],
    }),
    op(
      ["org", "destroy", "organization"],
      ["GQL deleteOrganization", "GQL deleteAddOn", "GQL deleteRemoteBuilder"],
      {
        matches: [
          gql('mutation { deleteAddOn(input: {addOnId: "a"}) { deletedAddOnName } }'),
          gql("mutation { deleteOrganization(input: {}) { x } }"),
        ],
        misses: [gql("query { viewer { id } }")],
      },
      { many: true },
    ),
    op(["secrets", "outage", "secrets"], ["GQL setSecrets", "GQL unsetSecrets"], {
      matches: [gql('mutation { unsetSecrets(input: {appId: "a", keys: ["K"]}) { app { id } } }')],
      misses: [gql("query { app(name: 1) { secrets { name } } }")],
    }),
    op(["creds", "credential", "credential"], ["GQL createLimitedAccessToken", "GQL deleteLimitedAccessToken", "GQL resetAddOnPassword"], {
      matches: [gql("mutation { createLimitedAccessToken(input: {}) { limitedAccessToken { id } } }")],
      misses: [gql("query { viewer { id } }")],
    }),
    op(
      ["show-secrets", "read", "secrets"],
      ["GET /v1/apps/{app}/secrets/**"],
      { matches: ["GET /v1/apps/shop/secrets"], misses: ["GET /v1/apps/shop/machines"] },
      { look: [{ at: "query show_secrets", is: [true], class: "credential", because: "it shows values of secrets" }] },
    ),
    op(["update", "disarm", "machine"], ["POST /v1/apps/{app}/machines/{id}", "PUT /v1/apps/{app}/volumes/{id}"], {
      matches: ['PUT /v1/apps/shop/volumes/vol_1 {"auto_backup_enabled":false}'],
      misses: ["POST /v1/apps/shop/machines/m1/exec {}"],
    }),
    op(["scale", "outage", "app"], ["GQL scaleApp", "GQL setVmCount", "GQL killMachine", "POST /v1/apps/{app}/machines/{id}/stop"], {
      matches: [gql("mutation { scaleApp(input: {}) { app { id } } }"), "POST /v1/apps/shop/machines/m1/stop"],
      misses: ["POST /v1/apps/shop/machines/m1/start"],
    }),
    op(["start", "write", "machine"], ["POST /v1/apps/{app}/machines/{id}/start"], {
      matches: ["POST /v1/apps/shop/machines/m1/start"],
      misses: ["POST /v1/apps/shop/machines/m1/stop"],
    }),
    ...everyday,
  ],
};

/** DigitalOcean. `GET .../destroy_with_associated_resources` is its own preview of what goes along. */
import { digitaloceanLookups } from "./lookups/digitalocean.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { plainRefusals } from "./refusals.ts";

const op = operationsAt("https://api.digitalocean.com");

const everyday = everydayAt("https://api.digitalocean.com", [
  {
    class: "write",
    thing: "tag",
    doors: ["POST /v2/tags", "POST /v2/tags/{t}/resources"],
    misses: ["DELETE /v2/tags/t"],
  },
  {
    class: "read",
    thing: "proposal",
    doors: ["POST /v2/apps/propose", "POST /v2/registry/validate-name"],
    misses: ["POST /v2/apps {}"],
  },
]);

export const digitalocean: Pack = {
  provider: "digitalocean",
  hosts: ["api.digitalocean.com"],
  authSlots: ["authorization"],
  refusals: plainRefusals,
  lookups: digitaloceanLookups,
  operations: [
    op(
      ["db", "destroy", "database"],
      [
        "DELETE /v2/databases/{id}",
        "DELETE /v2/databases/{id}/dbs/{name}",
        "DELETE /v2/databases/{id}/users/{u}",
        "DELETE /v2/databases/{id}/replicas/{r}",
      ],
      {
        matches: ["DELETE /v2/databases/x", "DELETE /v2/databases/x/dbs/shop", "DELETE /v2/databases/x/replicas/r"],
        misses: ["GET /v2/databases/x/dbs"],
      },
    ),
    op(
      ["dbcred", "credential", "credential"],
      ["POST /v2/databases/{id}/users/**", "GET /v2/databases/{id}/users/**", "GET /v2/databases/**"],
      {
        matches: ["POST /v2/databases/x/users/u/reset_auth {}", "GET /v2/databases/x/users"],
        misses: ["GET /v2/account"],
      },
    ),
    op(
      ["volume", "destroy", "volume"],
      ["DELETE /v2/volumes/{id}", "DELETE /v2/volumes", "DELETE /v2/volumes/snapshots/{s}", "DELETE /v2/snapshots/{s}"],
      {
        matches: [
          "DELETE /v2/volumes/v",
          "DELETE /v2/volumes?name=data&region=fra1",
          "DELETE /v2/volumes/snapshots/s",
          "DELETE /v2/snapshots/s",
        ],
        misses: ["GET /v2/volumes"],
      },
    ),
    op(["droplet", "destroy", "droplet"], ["DELETE /v2/droplets/{id}"], {
      matches: ["DELETE /v2/droplets/1"],
      misses: ["GET /v2/droplets/1"],
    }),
    op(
      ["droplet-tag", "destroy", "droplets"],
      ["DELETE /v2/droplets"],
      { matches: ["DELETE /v2/droplets?tag_name=all"], misses: ["DELETE /v2/droplets/1"] },
      { many: true },
    ),
    op(
      ["dangerous", "destroy", "all"],
      [
        "DELETE /v2/*/{id}/destroy_with_associated_resources/**",
        "DELETE /v2/kubernetes/clusters/{id}/destroy_with_associated_resources/**",
        "DELETE /v2/*/**/autoscale/{id}/dangerous",
      ],
      {
        matches: [
          "DELETE /v2/droplets/1/destroy_with_associated_resources/dangerous",
          "DELETE /v2/kubernetes/clusters/k/destroy_with_associated_resources/dangerous",
          "DELETE /v2/droplets/autoscale/a/dangerous",
        ],
        misses: ["GET /v2/droplets/1/destroy_with_associated_resources"],
      },
      { many: true },
    ),
    op(
      ["k8s", "destroy", "cluster"],
      ["DELETE /v2/kubernetes/clusters/{id}"],
      { matches: ["DELETE /v2/kubernetes/clusters/k"], misses: ["GET /v2/kubernetes/clusters/k"] },
      { many: true },
    ),
    op(
      ["kubeconfig", "credential", "kubeconfig"],
      [
        "GET /v2/kubernetes/clusters/{id}/kubeconfig",
        "GET /v2/kubernetes/clusters/{id}/credentials",
        "GET /v2/registry/docker-credentials",
        "GET /v2/registries/{r}/docker-credentials",
      ],
      {
        matches: ["GET /v2/kubernetes/clusters/k/kubeconfig", "GET /v2/registry/docker-credentials"],
        misses: ["GET /v2/kubernetes/clusters/k"],
      },
    ),
    op(
      ["misc", "destroy", "thing"],
      [
        "DELETE /v2/apps/{id}",
        "DELETE /v2/domains/{d}",
        "DELETE /v2/registries/{r}",
        "DELETE /v2/registry",
        "DELETE /v2/vpcs/{id}",
        "DELETE /v2/spaces/keys/{k}",
      ],
      {
        matches: [
          "DELETE /v2/apps/a",
          "DELETE /v2/domains/example.com",
          "DELETE /v2/registries/r",
          "DELETE /v2/vpcs/v",
          "DELETE /v2/spaces/keys/k",
        ],
        misses: ["GET /v2/apps"],
      },
    ),
    op(["deploy", "write", "app"], ["POST /v2/apps/{id}/deployments"], {
      matches: ["POST /v2/apps/a/deployments {}"],
      misses: ["DELETE /v2/apps/a"],
    }),
    ...everyday,
  ],
};

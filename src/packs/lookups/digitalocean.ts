/** What DigitalOcean says of its things. A project has an environment of its own; tags tell it for the rest. */
import type { PackLookups, ProviderPreview } from "../lookup.ts";

const associated = (place: string): ProviderPreview => ({
  called: "destroy_with_associated_resources",
  how: { read: `GET ${place}/destroy_with_associated_resources` },
  shown: ["volumes", "snapshots", "volume_snapshots", "load_balancers"].map((kind) => `preview.${kind}.name`),
});

export const digitaloceanLookups: PackLookups = {
  things: {
    database: {
      reads: [
        { as: "one", ask: "GET /v2/databases/{id}" },
        { as: "project", ask: "GET /v2/projects/{one.database.project_id}", optional: true },
        { as: "backups", ask: "GET /v2/databases/{id}/backups", optional: true },
      ],
      name: ["one.database.name"],
      within: [["project.project.name"]],
      ids: ["one.database.project_id"],
      environment: ["project.project.environment", "one.database.tags"],
      size: { at: "one.database.storage_size_mib", unit: "MB" },
      notes: [{ at: "one.database.engine", what: "engine" }],
      backups: { at: "backups.backups", time: "backups.backups.created_at", lives: "with the cluster" },
    },
    volume: {
      reads: [
        { as: "one", ask: "GET /v2/volumes/{id}" },
        { as: "backups", ask: "GET /v2/volumes/{id}/snapshots", optional: true },
      ],
      name: ["one.volume.name"],
      environment: ["one.volume.tags"],
      size: { at: "one.volume.size_gigabytes", unit: "GB" },
      dependants: [{ at: "one.volume.droplet_ids", what: "droplet" }],
      backups: { at: "backups.snapshots", time: "backups.snapshots.created_at" },
    },
    droplet: {
      reads: [
        { as: "one", ask: "GET /v2/droplets/{id}" },
        { as: "backups", ask: "GET /v2/droplets/{id}/backups", optional: true },
      ],
      name: ["one.droplet.name"],
      environment: ["one.droplet.tags"],
      size: { at: "one.droplet.disk", unit: "GB" },
      dependants: [{ at: "one.droplet.volume_ids", what: "volume" }],
      backups: { at: "backups.backups", time: "backups.backups.created_at" },
    },
    cluster: {
      reads: [{ as: "one", ask: "GET /v2/kubernetes/clusters/{id}" }],
      name: ["one.kubernetes_cluster.name"],
      environment: ["one.kubernetes_cluster.tags"],
      dependants: [{ at: "one.kubernetes_cluster.node_pools.nodes", what: "node" }],
    },
    app: {
      reads: [
        { as: "one", ask: "GET /v2/apps/{id}" },
        { as: "project", ask: "GET /v2/projects/{one.app.project_id}", optional: true },
      ],
      name: ["one.app.spec.name"],
      within: [["project.project.name"]],
      environment: ["project.project.environment"],
    },
  },
  operations: {
    db: { names: [{ thing: "database", at: ["path id"] }], backupCoupling: "same_blast_radius" },
    volume: { names: [{ thing: "volume", at: ["path id"] }], backupCoupling: "independent" },
    droplet: { names: [{ thing: "droplet", at: ["path id"] }], backupCoupling: "unknown", preview: associated("/v2/droplets/{id}") },
    k8s: {
      names: [{ thing: "cluster", at: ["path id"] }],
      backupCoupling: "independent",
      preview: associated("/v2/kubernetes/clusters/{id}"),
    },
    deploy: { names: [{ thing: "app", at: ["path id"] }] },
  },
};

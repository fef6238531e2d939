/** What Fly says of its things. An app has no environment but by its name, and by that of its organization. */
import type { PackLookups } from "../lookup.ts";

export const flyLookups: PackLookups = {
  things: {
    app: {
      reads: [
        { as: "one", ask: "GET api.machines.dev/v1/apps/{id}" },
        { as: "volumes", ask: "GET api.machines.dev/v1/apps/{id}/volumes", optional: true },
        { as: "machines", ask: "GET api.machines.dev/v1/apps/{id}/machines", optional: true },
      ],
      name: ["one.name"],
      within: [["one.organization.slug"]],
      dependants: [
        { at: "volumes", what: "volume" },
        { at: "machines", what: "machine" },
      ],
    },
    volume: {
      reads: [
        { as: "one", ask: "GET api.machines.dev/v1/apps/{app}/volumes/{id}" },
        { as: "app", ask: "GET api.machines.dev/v1/apps/{app}", optional: true },
        { as: "backups", ask: "GET api.machines.dev/v1/apps/{app}/volumes/{id}/snapshots", optional: true },
      ],
      name: ["one.name"],
      within: [["app.organization.slug"], ["app.name"]],
      size: { at: "one.size_gb", unit: "GB" },
      notes: [{ at: "one.attached_machine_id", what: "attached to machine" }],
      backups: { at: "backups", time: "backups.created_at" },
    },
    machine: {
      reads: [
        { as: "one", ask: "GET api.machines.dev/v1/apps/{app}/machines/{id}" },
        { as: "app", ask: "GET api.machines.dev/v1/apps/{app}", optional: true },
      ],
      name: ["one.name"],
      within: [["app.organization.slug"], ["app.name"]],
      environment: ["one.config.metadata.environment", "one.config.env.NODE_ENV"],
      dependants: [{ at: "one.config.mounts", what: "mounted volume" }],
    },
  },
  operations: {
    volume: { names: [{ thing: "volume", at: ["path id"] }], backupCoupling: "unknown" },
    app: { names: [{ thing: "app", at: ["path app"] }], backupCoupling: "same_blast_radius" },
    machine: { names: [{ thing: "machine", at: ["path id"] }], backupCoupling: "independent" },
    exec: { names: [{ thing: "machine", at: ["path id"] }] },
    update: { names: [{ thing: "app", at: ["path app"] }] },
    start: { names: [{ thing: "machine", at: ["path id"] }] },
  },
};

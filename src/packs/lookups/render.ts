/** What Render says of its things: services and databases are in an environment of a project, which has a name and may be protected. */
import type { LookupRead, PackLookups, PackThing } from "../lookup.ts";

const placed = (id: string): readonly LookupRead[] => [
  { as: "environment", ask: `GET /v1/environments/{${id}}`, optional: true },
  { as: "project", ask: "GET /v1/projects/{environment.projectId}", optional: true },
];
const place: Pick<PackThing, "within" | "environment" | "flags"> = {
  within: [["project.name"], ["environment.name"]],
  environment: ["environment.name"],
  flags: [{ at: "environment.protectedStatus", is: "protected", environment: "production" }],
};

export const renderLookups: PackLookups = {
  things: {
    postgres: {
      reads: [{ as: "one", ask: "GET /v1/postgres/{id}" }, ...placed("one.environmentId")],
      name: ["one.name"],
      ...place,
      size: { at: "one.diskSizeGB", unit: "GB" },
      dependants: [{ at: "one.readReplicas", what: "replica" }],
    },
    keyvalue: {
      reads: [{ as: "one", ask: "GET /v1/key-value/{id}" }, ...placed("one.environmentId")],
      name: ["one.name"],
      ...place,
    },
    service: {
      reads: [{ as: "one", ask: "GET /v1/services/{id}" }, ...placed("one.environmentId")],
      name: ["one.name"],
      ...place,
      notes: [{ at: "one.type", what: "type" }],
    },
    disk: {
      reads: [
        { as: "disk", ask: "GET /v1/disks/{id}" },
        { as: "one", ask: "GET /v1/services/{disk.serviceId}", optional: true },
        ...placed("one.environmentId"),
        { as: "backups", ask: "GET /v1/disks/{id}/snapshots", optional: true },
      ],
      name: ["disk.name"],
      ...place,
      size: { at: "disk.sizeGB", unit: "GB" },
      backups: { at: "backups", time: "backups.createdAt", lives: "with the disk" },
    },
    // A project, or one environment of it: the operation's routes call both by `{id}`.
    project: {
      reads: [
        { as: "project", ask: "GET /v1/projects/{id}", optional: true },
        { as: "environment", ask: "GET /v1/environments/{id}", optional: true },
      ],
      name: ["project.name", "environment.name"],
      environment: ["environment.name", "project.name"],
      flags: [{ at: "environment.protectedStatus", is: "protected", environment: "production" }],
      dependants: [
        { at: "project.environmentIds", what: "environment" },
        { at: "environment.serviceIds", what: "service" },
        { at: "environment.databaseIds", what: "database" },
      ],
    },
  },
  operations: {
    postgres: { names: [{ thing: "postgres", at: ["path id"] }], backupCoupling: "same_blast_radius" },
    keyvalue: { names: [{ thing: "keyvalue", at: ["path id"] }], backupCoupling: "unknown" },
    disk: { names: [{ thing: "disk", at: ["path id"] }], backupCoupling: "same_blast_radius" },
    diskrestore: { names: [{ thing: "disk", at: ["path id"] }], backupCoupling: "independent" },
    service: { names: [{ thing: "service", at: ["path id"] }], backupCoupling: "unknown" },
    project: { names: [{ thing: "project", at: ["path id"] }], backupCoupling: "same_blast_radius" },
    deploy: { names: [{ thing: "service", at: ["path id"] }] },
  },
};

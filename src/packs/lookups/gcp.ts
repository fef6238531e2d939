/** What Google Cloud says of its things. A label tells the environment; a project's name and labels tell it for what is in it. */
import type { PackLookups } from "../lookup.ts";

const SQL = "GET sqladmin.googleapis.com/v1/projects/{p}/instances/{id}";
const labels = (where: string): readonly string[] => ["environment", "env", "stage"].map((label) => `${where}.${label}`);
const instance = [{ thing: "instance", at: ["path i"] as const }];

export const gcpLookups: PackLookups = {
  things: {
    instance: {
      reads: [
        { as: "one", ask: SQL },
        { as: "backups", ask: `${SQL}/backupRuns`, optional: true },
      ],
      name: ["one.name"],
      within: [["one.project"]],
      environment: labels("one.settings.userLabels"),
      size: { at: "one.settings.dataDiskSizeGb", unit: "GB" },
      dependants: [{ at: "one.replicaNames", what: "replica" }],
      notes: [{ at: "one.settings.deletionProtectionEnabled", what: "deletion protection" }],
      backups: { at: "backups.items", time: "backups.items.endTime", lives: "with the instance" },
    },
    project: {
      reads: [{ as: "one", ask: "GET cloudresourcemanager.googleapis.com/v1/projects/{id}" }],
      name: ["one.name"],
      same: ["one.projectId", "one.projectNumber"],
      environment: labels("one.labels"),
    },
    bucket: {
      reads: [{ as: "one", ask: "GET storage.googleapis.com/storage/v1/b/{id}" }],
      name: ["one.name"],
      environment: labels("one.labels"),
      notes: [
        { at: "one.versioning.enabled", what: "versioning" },
        { at: "one.softDeletePolicy.retentionDurationSeconds", what: "seconds that what is deleted is kept" },
      ],
    },
  },
  operations: {
    project: { names: [{ thing: "project", at: ["path p"] }], backupCoupling: "same_blast_radius" },
    sql: { names: instance, backupCoupling: "same_blast_radius" },
    "sql-change": { names: instance },
    sqldb: { names: instance, backupCoupling: "independent" },
    sqlrestore: { names: instance, backupCoupling: "independent" },
    gcs: { names: [{ thing: "bucket", at: ["path b"] }], backupCoupling: "unknown" },
    "gcs-change": { names: [{ thing: "bucket", at: ["path b"] }] },
  },
};

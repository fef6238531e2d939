/** What PlanetScale says of its things: a branch is of production, or it is not; a deploy request shows what it would change. */
import type { PackLookups } from "../lookup.ts";

const D = "/v1/organizations/{o}/databases/{d}";
const branch = [{ thing: "branch", at: ["path b"] as const }];

export const planetscaleLookups: PackLookups = {
  things: {
    database: {
      reads: [
        { as: "one", ask: "GET /v1/organizations/{o}/databases/{id}" },
        { as: "branches", ask: "GET /v1/organizations/{o}/databases/{id}/branches", optional: true },
      ],
      name: ["one.name"],
      flags: [{ at: "branches.data.production", is: true, environment: "production" }],
      dependants: [{ at: "branches.data", what: "branch" }],
    },
    branch: {
      reads: [
        { as: "one", ask: `GET ${D}/branches/{id}` },
        { as: "backups", ask: `GET ${D}/branches/{id}/backups`, optional: true },
      ],
      name: ["one.name"],
      flags: [
        { at: "one.production", is: true, environment: "production" },
        { at: "one.production", is: false, environment: "development" },
      ],
      backups: { at: "backups.data", time: "backups.data.completed_at", lives: "with the branch" },
    },
  },
  operations: {
    database: { names: [{ thing: "database", at: ["path d"] }], backupCoupling: "same_blast_radius" },
    branch: { names: branch, backupCoupling: "same_blast_radius" },
    backup: { names: branch, backupCoupling: "unknown" },
    "backup-policy": { names: [{ thing: "database", at: ["path d"] }] },
    disarm: { names: [...branch, { thing: "database", at: ["path d"] }] },
    demote: { names: branch },
    keyspace: { names: branch, backupCoupling: "same_blast_radius" },
    "deploy-request": {
      names: [{ thing: "database", at: ["path d"] }],
      preview: {
        called: "deploy request diff",
        how: { read: `GET ${D}/deploy-requests/{n}/diff` },
        shown: ["preview.data.name"],
      },
    },
  },
};

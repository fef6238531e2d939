/** What Supabase says of its projects: each has one database, and its backups are the project's. Branches are projects of their own. */
import type { PackLookups } from "../lookup.ts";

const ref = [{ thing: "project", at: ["path ref"] as const }];

export const supabaseLookups: PackLookups = {
  things: {
    project: {
      reads: [
        { as: "one", ask: "GET /v1/projects/{id}" },
        { as: "backups", ask: "GET /v1/projects/{id}/database/backups", optional: true },
        { as: "branches", ask: "GET /v1/projects/{id}/branches", optional: true },
      ],
      name: ["one.name"],
      ids: ["one.organization_id"],
      environment: ["one.name"],
      flags: [{ at: "branches[project_ref].is_default", is: true, environment: "production" }],
      dependants: [{ at: "branches", what: "branch" }],
      notes: [{ at: "backups.pitr_enabled", what: "point-in-time recovery" }],
      backups: { at: "backups.backups", time: "backups.backups.inserted_at", lives: "with the project" },
    },
    branch: {
      reads: [{ as: "one", ask: "GET /v1/branches/{id}" }],
      name: ["one.ref"],
      environment: ["one.name", "one.git_branch"],
    },
  },
  operations: {
    project: { names: ref, backupCoupling: "same_blast_radius" },
    "migrate-back": { names: ref, backupCoupling: "independent" },
    branch: { names: [{ thing: "branch", at: ["path b"] }, ...ref], backupCoupling: "unknown" },
    restore: { names: ref, backupCoupling: "independent" },
    pause: { names: ref },
    net: { names: ref },
    function: { names: ref, backupCoupling: "unknown" },
    deploy: { names: ref },
  },
};

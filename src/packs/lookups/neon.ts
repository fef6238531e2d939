/** What Neon says of its things. The default branch of a project, and a protected one, is production. */
import type { PackLookups } from "../lookup.ts";

const P = "/api/v2/projects/{p}";
const branchNames = [{ thing: "branch", at: ["path b"] as const }];

export const neonLookups: PackLookups = {
  things: {
    project: {
      reads: [
        { as: "one", ask: "GET /api/v2/projects/{id}" },
        { as: "branches", ask: "GET /api/v2/projects/{id}/branches", optional: true },
      ],
      name: ["one.project.name"],
      // Its name tells more than its branches: a project of staging has a default branch, too.
      environment: ["one.project.name"],
      flags: [{ at: "branches.branches.protected", is: true, environment: "production" }],
      size: { at: "one.project.synthetic_storage_size", unit: "B" },
      dependants: [{ at: "branches.branches", what: "branch" }],
    },
    branch: {
      reads: [
        { as: "one", ask: `GET ${P}/branches/{id}` },
        { as: "project", ask: `GET ${P}`, optional: true },
      ],
      name: ["one.branch.name"],
      within: [["project.project.name"]],
      ids: ["one.branch.project_id"],
      flags: [
        { at: "one.branch.protected", is: true, environment: "production" },
        { at: "one.branch.default", is: true, environment: "production" },
        { at: "one.branch.primary", is: true, environment: "production" },
      ],
      environment: ["one.branch.name"],
      size: { at: "one.branch.logical_size", unit: "B" },
    },
    endpoint: {
      reads: [
        { as: "endpoint", ask: `GET ${P}/endpoints/{id}` },
        { as: "one", ask: `GET ${P}/branches/{endpoint.endpoint.branch_id}`, optional: true },
      ],
      name: ["endpoint.endpoint.id"],
      within: [["one.branch.name"]],
      flags: [
        { at: "one.branch.protected", is: true, environment: "production" },
        { at: "one.branch.default", is: true, environment: "production" },
      ],
      environment: ["one.branch.name"],
    },
  },
  operations: {
    project: { names: [{ thing: "project", at: ["path p"] }], backupCoupling: "same_blast_radius" },
    branch: { names: branchNames, backupCoupling: "same_blast_radius" },
    database: { names: branchNames, backupCoupling: "independent" },
    role: { names: branchNames },
    snapshot: { names: [{ thing: "project", at: ["path p"] }], backupCoupling: "unknown" },
    restore: { names: [...branchNames, { thing: "project", at: ["path p"] }], backupCoupling: "independent" },
    bucket: { names: [{ thing: "project", at: ["path p"] }], backupCoupling: "unknown" },
    endpoint: { names: [{ thing: "endpoint", at: ["path e"] }, ...branchNames] },
  },
};

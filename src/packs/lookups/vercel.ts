/** What Vercel says of its things. A deployment says its own target; a project that serves one to production is production. */
import type { PackLookups } from "../lookup.ts";

export const vercelLookups: PackLookups = {
  things: {
    project: {
      reads: [{ as: "one", ask: "GET /v9/projects/{id}" }],
      name: ["one.name"],
      same: ["one.id", "one.name"],
      ids: ["one.accountId"],
      environment: ["one.targets.production.target", "one.name"],
      notes: [{ at: "one.link.repo", what: "repository" }],
    },
    deployment: {
      reads: [{ as: "one", ask: "GET /v13/deployments/{id}" }],
      name: ["one.name"],
      same: ["one.id", "one.url"],
      environment: ["one.target"],
      flags: [{ at: "one.target", is: null, environment: "staging" }],
      notes: [{ at: "one.url", what: "address" }],
    },
  },
  operations: {
    project: { names: [{ thing: "project", at: ["path p"] }], backupCoupling: "same_blast_radius" },
    deployment: { names: [{ thing: "deployment", at: ["path id"] }], backupCoupling: "independent" },
    env: { names: [{ thing: "project", at: ["path p"] }] },
    traffic: { names: [{ thing: "project", at: ["path p"] }] },
    transfer: { names: [{ thing: "project", at: ["path p"] }] },
  },
};

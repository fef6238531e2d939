/** What GitHub says of a repository. One repository serves every environment: it belongs to none. */
import type { PackLookups } from "../lookup.ts";

const repository = { thing: "repository", at: ["path r"] as const };

export const githubLookups: PackLookups = {
  things: {
    repository: {
      reads: [{ as: "repository", ask: "GET api.github.com/repos/{o}/{r}" }],
      name: ["repository.full_name"],
      same: ["repository.id", "repository.full_name"],
      size: { at: "repository.size", unit: "kB" },
      notes: [
        { at: "repository.visibility", what: "visibility" },
        { at: "repository.default_branch", what: "default branch" },
        { at: "repository.forks_count", what: "forks" },
        { at: "repository.pushed_at", what: "last push" },
      ],
      unplaced: true,
    },
  },
  operations: {
    repo: { names: [repository], backupCoupling: "same_blast_radius" },
    ref: { names: [repository], backupCoupling: "independent" },
    protect: { names: [repository] },
    visibility: { names: [repository] },
    transfer: { names: [repository] },
    release: { names: [repository], backupCoupling: "unknown" },
  },
};

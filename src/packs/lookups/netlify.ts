/** What Netlify says of a site: what it publishes is of the context production, where it publishes anything. */
import type { PackLookups } from "../lookup.ts";

const site = [{ thing: "site", at: ["path id"] as const }];

export const netlifyLookups: PackLookups = {
  things: {
    site: {
      reads: [{ as: "one", ask: "GET /api/v1/sites/{id}" }],
      name: ["one.name"],
      within: [["one.account_slug"]],
      same: ["one.id", "one.site_id"],
      environment: ["one.published_deploy.context"],
      notes: [{ at: "one.custom_domain", what: "address" }],
    },
  },
  operations: {
    site: { names: site, backupCoupling: "same_blast_radius" },
    db: { names: site, backupCoupling: "same_blast_radius" },
    dbrestore: { names: site, backupCoupling: "independent" },
  },
};

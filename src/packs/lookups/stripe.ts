/** What Stripe says of its things: whether they are of live mode, which is production, or of test mode. */
import type { PackLookups, PackThing } from "../lookup.ts";

const kinds = ["customers", "subscriptions", "invoices"] as const;

const thing = (kind: (typeof kinds)[number]): PackThing => ({
  reads: [{ as: "one", ask: `GET /v1/${kind}/{id}` }],
  name: ["one.id"],
  flags: [
    { at: "one.livemode", is: true, environment: "production" },
    { at: "one.livemode", is: false, environment: "development" },
  ],
});

export const stripeLookups: PackLookups = {
  things: Object.fromEntries(kinds.map((kind) => [kind, thing(kind)])),
  operations: {
    customer: { names: [{ thing: "customers", at: ["path id"] }], backupCoupling: "same_blast_radius" },
    subscription: { names: [{ thing: "subscriptions", at: ["path id"] }], backupCoupling: "unknown" },
    invoice: { names: [{ thing: "invoices", at: ["path id"] }], backupCoupling: "unknown" },
  },
};

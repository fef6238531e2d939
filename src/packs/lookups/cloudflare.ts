/** What Cloudflare says of its things: names alone tell the environment. */
import type { PackLookups, PackThing } from "../lookup.ts";

const A = "/client/v4/accounts/{a}";
const one = (ask: string, name = "name"): PackThing => ({ reads: [{ as: "one", ask: `GET ${ask}` }], name: [`one.result.${name}`] });

export const cloudflareLookups: PackLookups = {
  things: {
    zone: { ...one("/client/v4/zones/{id}"), within: [["one.result.account.name"]], notes: [{ at: "one.result.plan.name", what: "plan" }] },
    d1: { ...one(`${A}/d1/database/{id}`), size: { at: "one.result.file_size", unit: "B" } },
    bucket: one(`${A}/r2/buckets/{id}`),
    kv: one(`${A}/storage/kv/namespaces/{id}`, "title"),
  },
  operations: {
    zone: { names: [{ thing: "zone", at: ["path z"] }], backupCoupling: "unknown" },
    dns: { names: [{ thing: "zone", at: ["path z"] }] },
    d1: { names: [{ thing: "d1", at: ["path id"] }], backupCoupling: "same_blast_radius" },
    d1restore: { names: [{ thing: "d1", at: ["path id"] }], backupCoupling: "independent" },
    r2: { names: [{ thing: "bucket", at: ["path b"] }], backupCoupling: "unknown" },
    kv: { names: [{ thing: "kv", at: ["path n"] }], backupCoupling: "unknown" },
  },
};

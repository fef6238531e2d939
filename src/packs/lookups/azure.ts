/** What Azure says of a resource group: its tags tell the environment. Its what-if answers only later, and is not asked. */
import type { PackLookups } from "../lookup.ts";

const GROUP = "GET /subscriptions/{s}/resourcegroups/{id}";
const version = "api-version=2021-04-01";

export const azureLookups: PackLookups = {
  things: {
    group: {
      reads: [
        { as: "one", ask: `${GROUP}?${version}` },
        { as: "all", ask: `${GROUP}/resources?${version}`, optional: true },
        { as: "locks", ask: `${GROUP}/providers/Microsoft.Authorization/locks?api-version=2016-09-01`, optional: true },
      ],
      name: ["one.name"],
      same: ["one.id"],
      environment: ["environment", "env", "stage"].map((tag) => `one.tags.${tag}`),
      dependants: [{ at: "all.value", what: "resource" }],
      notes: [{ at: "locks.value.properties.level", what: "lock" }],
    },
  },
  operations: {
    rg: { names: [{ thing: "group", at: ["path rg"] }], backupCoupling: "same_blast_radius" },
    move: { names: [{ thing: "group", at: ["path rg"] }] },
  },
};

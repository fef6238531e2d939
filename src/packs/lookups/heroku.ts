/** What Heroku says of its things. The stage of an app in its pipeline is its environment; databases are add-ons of an app. */
import type { LookupRead, PackLookups, PackThing } from "../lookup.ts";

const API = "GET api.heroku.com";
const coupling = (app: string): LookupRead => ({ as: "stage", ask: `${API}/apps/${app}/pipeline-couplings`, optional: true });
const ofAddon: Pick<PackThing, "within" | "environment"> = { within: [["addon.app.name"]], environment: ["stage.stage"] };
const transfers: LookupRead = {
  as: "backups",
  ask: "GET api.data.heroku.com/client/v11/apps/{addon.app.name}/transfers",
  optional: true,
};
const backups = { at: "backups", time: "backups.created_at" };

export const herokuLookups: PackLookups = {
  things: {
    app: {
      reads: [{ as: "app", ask: `${API}/apps/{id}` }, coupling("{id}"), { as: "addons", ask: `${API}/apps/{id}/addons`, optional: true }],
      name: ["app.name"],
      ids: ["app.id", "app.team.name", "app.space.name"],
      same: ["app.id", "app.name"],
      environment: ["stage.stage"],
      dependants: [{ at: "addons", what: "add-on" }],
    },
    addon: {
      reads: [{ as: "addon", ask: `${API}/addons/{id}` }, coupling("{addon.app.name}"), transfers],
      name: ["addon.name"],
      same: ["addon.id", "addon.name"],
      notes: [{ at: "addon.plan.name", what: "plan" }],
      backups,
      ...ofAddon,
    },
  },
  operations: {
    app: { names: [{ thing: "app", at: ["path app"] }], backupCoupling: "same_blast_radius" },
    addon: { names: [{ thing: "addon", at: ["path addon"] }], backupCoupling: "unknown" },
    pgreset: { names: [{ thing: "addon", at: ["path id"] }], backupCoupling: "independent" },
    pgbackupdel: { names: [{ thing: "app", at: ["path app"] }], backupCoupling: "unknown" },
    pgrestore: { names: [{ thing: "addon", at: ["path id"] }], backupCoupling: "independent" },
    pgunschedule: {
      names: [
        { thing: "addon", at: ["path id"] },
        { thing: "app", at: ["path app"] },
      ],
      backupCoupling: "unknown",
    },
    pgupgrade: {
      names: [{ thing: "addon", at: ["path id"] }],
      preview: {
        called: "upgrade dry run",
        how: { read: "POST /client/v11/databases/{id}/upgrade/dry_run" },
        shown: ["preview.message"],
      },
    },
    config: { names: [{ thing: "app", at: ["path app"] }] },
    rollback: { names: [{ thing: "app", at: ["path app"] }] },
    transfer: { names: [{ thing: "app", at: ["path app", "body app"] }] },
    "NOT-destroy": { names: [{ thing: "app", at: ["path app"] }] },
    build: { names: [{ thing: "app", at: ["path app"] }] },
  },
};

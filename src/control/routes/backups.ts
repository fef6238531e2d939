/**
 * `GET /v1/backups`: what there is. `POST /v1/backups`: begins one. `DELETE /v1/backups/ID` and `DELETE /v1/backup-slots/TARGET`: a person
 * removes one, or has the server keep no more WAL for us.
 */
import type { BackupControl } from "../backup-port.ts";
import { Fields } from "../fields.ts";
import { type ControlParts, ControlRefusal } from "../parts.ts";
import type { Route } from "../route.ts";

export const listBackups: Route = {
  method: "GET",
  path: "/v1/backups",
  signed: false,
  answer: async (_, parts) => ({ status: 200, body: { targets: await backupsOf(parts).view() } }),
};

export const makeBackup: Route = {
  method: "POST",
  path: "/v1/backups",
  signed: false,
  answer: async ({ body }, parts) => {
    const begun = await backupsOf(parts).now(new Fields(body, ["target"]).text("target"));
    return { status: 202, body: begun };
  },
};

export const removeBackup: Route = {
  method: "DELETE",
  path: "/v1/backups/",
  signed: true,
  answer: async ({ id }, parts, by) => {
    await backupsOf(parts).remove(id, by);
    return { status: 200, body: { backup: id, state: "removed" } };
  },
};

export const dropBackupSlot: Route = {
  method: "DELETE",
  path: "/v1/backup-slots/",
  signed: true,
  answer: async ({ id }, parts, by) => {
    await backupsOf(parts).dropSlot(id, by);
    return { status: 200, body: { target: id, state: "dropped" } };
  },
};

function backupsOf({ backups }: ControlParts): BackupControl {
  if (backups === undefined) throw new ControlRefusal("unavailable", "this gateway makes no backups");
  return backups;
}

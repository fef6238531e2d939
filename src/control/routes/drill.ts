/** `POST /v1/drills`: a person has a backup restored on trial. `POST /v1/restores`: a person is about to restore, and signs for it. */
import { Fields } from "../fields.ts";
import { type ControlParts, ControlRefusal } from "../parts.ts";
import type { DrillControl } from "../drill-port.ts";
import type { Route } from "../route.ts";

const TABLES_MAX = 1_000;
const bodyBytesMax = 256 * 1024;

export const drill: Route = {
  method: "POST",
  path: "/v1/drills",
  signed: true,
  answer: async ({ body }, parts, by) => {
    const fields = new Fields(body, ["target", "before"]);
    const wanted = { target: fields.text("target", 0), before: fields.text("before", 0) };
    return { status: 200, body: await drillsOf(parts).drill(wanted, by) };
  },
};

export const restored: Route = {
  method: "POST",
  path: "/v1/restores",
  signed: true,
  bodyBytesMax,
  answer: async ({ body }, parts, by) => {
    const fields = new Fields(body, ["target", "backup", "until", "what", "names"]);
    const names = fields.raw("names");
    if (!Array.isArray(names) || names.length > TABLES_MAX || !names.every((each) => typeof each === "string" && each.length <= 130))
      throw new ControlRefusal("bad_request", `\`names\` must be at most ${TABLES_MAX} names of tables`);
    const record = {
      target: fields.text("target"),
      backup: fields.text("backup"),
      until: fields.text("until"),
      what: fields.oneOf("what", ["scratch", "tables", "cluster"]),
      names: names as readonly string[],
    };
    await drillsOf(parts).restored(record, by);
    return { status: 201, body: {} };
  },
};

function drillsOf({ drills }: ControlParts): DrillControl {
  if (drills === undefined) throw new ControlRefusal("unavailable", "this gateway restores nothing");
  return drills;
}

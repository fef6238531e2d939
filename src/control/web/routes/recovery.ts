/**
 * `GET /api/recovery`: what the log tells of undo, the bin, backups and drills.
 * It shows; taking back and restoring is done at a terminal, where its plan is seen first.
 */
import { ControlRefusal } from "../../parts.ts";
import type { WebRoute } from "../route.ts";

export const recovery: WebRoute = {
  method: "GET",
  path: "/api/recovery",
  open: false,
  answer: async (_, { parts }) => {
    if (parts.log.recovery === undefined) throw new ControlRefusal("unavailable", "this gateway does not read its log for recovery");
    return { status: 200, body: await parts.log.recovery() };
  },
};

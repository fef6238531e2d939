/**
 * `POST /v1/sessions`: opens a session for a program and holds it for whoever asked: it ends when the answer's connection is closed, so
 * that a killed `holdfast run` leaves nothing behind. It gives no right beyond the target's reader, and no larger budget than the target's.
 */
import { Fields } from "../fields.ts";
import type { Route } from "../route.ts";

export const openSession: Route = {
  method: "POST",
  path: "/v1/sessions",
  signed: false,
  answer: async ({ body }, { sessions }) => {
    const fields = new Fields(body, ["target", "program", "programVersion", "actsFor", "purpose", "budget", "folders"]);
    const { opened, ended, letGo } = await sessions.open({
      target: fields.text("target"),
      program: fields.text("program"),
      programVersion: fields.text("programVersion", 0),
      actsFor: fields.text("actsFor", 0),
      purpose: fields.text("purpose", 0),
      budget: fields.budget(),
      folders: fields.folders(),
    });
    return { status: 201, body: opened, hold: { until: ended.then((because) => ({ ended: because })), gone: letGo } };
  },
};

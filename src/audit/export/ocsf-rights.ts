/**
 * Runs and grants as OCSF events: runs as Authentication (3002), rights given and taken as User Access Management (3005).
 * An ask has changed nothing: it is told with status unknown.
 */
import { assertNever } from "../../base/assert.ts";
import type { RightsEvent } from "../../model/event.ts";

type Json = { readonly [key: string]: unknown };

export function rightsBody(event: RightsEvent): Json {
  switch (event.kind) {
    case "run_started":
      return {
        ...authentication(1, event.principal, event.run),
        service: { name: event.target },
        ...(event.actsFor === "" ? {} : { actor: { user: { name: event.actsFor } } }),
        message: `session started: ${event.program}`,
      };
    case "run_ended":
      return { ...authentication(2, event.principal, event.run), status_detail: event.because, message: "session ended" };
    case "run_suspended":
    case "run_resumed":
      return {
        ...authentication(99, event.principal, event.run),
        severity_id: 3,
        actor: { user: { name: event.person } },
        status_detail: event.because,
        message: event.kind === "run_suspended" ? "session suspended" : "session resumed",
      };
    case "grant_asked":
      return {
        ...access(99, 0, event.principal, event.operations, event.relations),
        status_detail: event.purpose,
        message: "rights asked for",
      };
    case "grant_given":
      return {
        ...access(1, 1, event.principal, event.operations, event.relations),
        actor: { user: { name: event.person } },
        message: `rights granted on ${event.target}`,
      };
    case "grant_used":
      return { ...access(99, 1, event.action.split(".")[0] ?? "", [], []), message: `grant ${event.grant} used`, count: event.uses };
    case "grant_lapsed":
      return {
        ...access(2, event.revoked ? 1 : 2, event.run, [], []),
        severity_id: event.revoked ? 1 : 4,
        status_detail: event.because,
        message: `grant ${event.grant} lapsed`,
      };
    case "break_glass_opened":
      return {
        ...access(99, 1, event.principal, [], []),
        severity_id: 5,
        actor: { user: { name: event.persons.join(", ") } },
        status_detail: event.purpose,
        message: `break-glass ${event.breakGlass} opened on ${event.target}`,
      };
    case "break_glass_used":
      return {
        ...access(99, 1, event.action.split(".")[0] ?? "", [], []),
        severity_id: 4,
        message: `break-glass ${event.breakGlass} used`,
        count: event.uses,
      };
    case "break_glass_closed":
      return {
        ...access(99, 1, event.run, [], []),
        severity_id: 3,
        status_detail: event.because,
        message: `break-glass ${event.breakGlass} closed`,
        count: event.uses,
      };
    default:
      return assertNever(event, "ocsf export");
  }
}

function authentication(activity: number, principal: string, run: string): Json {
  return { class_uid: 3002, activity_id: activity, severity_id: 1, status_id: 1, user: { name: principal }, session: { uid: run } };
}

function access(activity: number, status: number, user: string, operations: readonly string[], tables: readonly string[]): Json {
  return {
    class_uid: 3005,
    activity_id: activity,
    severity_id: 2,
    status_id: status,
    user: { name: user },
    privileges: operations,
    resources: tables.map((name) => ({ name, type: "table" })),
  };
}

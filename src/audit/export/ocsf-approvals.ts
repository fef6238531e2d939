/**
 * Questions to persons about a plan as OCSF events: Application Lifecycle (6002) with the person as actor where one answered.
 * What proves an answer is in the native record alone, which the event names.
 */
import { assertNever } from "../../base/assert.ts";
import type { ApprovalEvent } from "../../model/event.ts";

type Json = { readonly [key: string]: unknown };

export function approvalBody(event: ApprovalEvent): Json {
  switch (event.kind) {
    case "approval_asked":
      return {
        ...lifecycle(3),
        status_id: 0,
        actor: { user: { name: event.principal } },
        resources: (event.tables ?? []).map(({ table }) => ({ name: table, type: "table" })),
        policy: { uid: event.policyDigest, name: event.rules.join(", ") },
        message: `approval ${event.approval} asked for on ${event.target} (${event.environment})`,
      };
    case "approval_answered":
      return {
        ...lifecycle(event.answer === "approve" ? 4 : 2),
        status_id: event.answer === "approve" ? 1 : 2,
        actor: { user: { name: event.person } },
        status_detail: event.reason,
        message: `approval ${event.approval}: ${event.answer === "approve" ? "approved" : "denied"} by ${event.person}`,
      };
    case "approval_closed":
      return { ...lifecycle(2), status_id: 2, status_detail: event.because, message: `approval ${event.approval} ${event.state}` };
    case "approval_used":
      return { ...lifecycle(4), status_id: 1, status_detail: event.attempt, message: `approval ${event.approval} used` };
    case "approval_settled":
      return {
        ...lifecycle(event.how === "unknown" ? 5 : 2),
        status_id: event.how === "used" ? 1 : event.how === "unknown" ? 0 : 2,
        status_detail: event.because,
        message: `approval ${event.approval} settled: ${event.how}`,
      };
    default:
      return assertNever(event, "ocsf export");
  }
}

function lifecycle(severity: number): Json {
  return { class_uid: 6002, activity_id: 99, severity_id: severity, app: { name: "Holdfast", vendor_name: "Holdfast" } };
}

/**
 * Says in a few words what a record about a question to persons says.
 * It shows nothing that is not in the record.
 */
import { figure } from "../../base/counted.ts";
import { assertNever } from "../../base/assert.ts";
import type { ApprovalEvent } from "../../model/event.ts";
import type { TableCount } from "../../model/outcome.ts";
import type { Described } from "./describe.ts";

export function describeApprovals(event: ApprovalEvent): Described {
  const about = event.approval;
  switch (event.kind) {
    case "approval_asked": {
      const who = `${event.principal} on ${event.target} (${event.environment})`;
      const persons = event.quorum === 1 ? "one person" : `${figure(event.quorum)} persons`;
      return { word: "asked", about, text: `${who}: ${measured(event.tables)}; ${persons}, by ${event.strength}`, tone: "warn" };
    }
    case "approval_answered": {
      const said = event.answer === "approve" ? "approved" : "denied";
      const proof = event.evidence.kind === "login" ? "logged in" : `${event.evidence.kind} held`;
      const reason = event.reason === "" ? "" : `: ${event.reason}`;
      const text = `${said} by ${event.person} through the ${event.channel}, ${proof}${reason}`;
      return { word: said, about, text, tone: event.answer === "approve" ? "good" : "bad" };
    }
    case "approval_closed":
      return { word: event.state, about, text: event.because, tone: "plain" };
    case "approval_used": {
      const transaction = event.transaction === null ? "outside a transaction" : `transaction ${event.transaction}`;
      return { word: "used", about, text: `plan ${event.planDigest.slice(0, 12)}, ${transaction}`, tone: "good" };
    }
    case "approval_settled": {
      const tone = event.how === "used" ? "plain" : event.how === "unknown" ? "bad" : "warn";
      return { word: "settled", about, text: `${event.how.replace("_", " ")}${event.because === "" ? "" : `: ${event.because}`}`, tone };
    }
    default:
      return assertNever(event, "describeApprovals");
  }
}

function measured(tables: readonly TableCount[] | null): string {
  if (tables === null) return "not measured";
  if (tables.length === 0) return "no rows changed";
  const [first, ...more] = [...tables].sort((a, b) => rows(b) - rows(a));
  const rest = more.length === 0 ? "" : ` and ${figure(more.length)} more ${more.length === 1 ? "table" : "tables"}`;
  return first === undefined ? "" : `${figure(rows(first))} rows of ${first.table}${rest}`;
}

function rows({ inserted, updated, deleted, truncated }: TableCount): number {
  return inserted + updated + deleted + truncated;
}

/**
 * Which held acts can be carried out in a session's place, in a transaction and on a connection of their own, and what to do about the
 * others. It does not decide whether they may.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { Refusal } from "./act.ts";
import { IDLE, type Core } from "./core.ts";
import type { HeldText } from "./held.ts";
import { refusal } from "./refusal.ts";

/** Effects on the session that sends them: elsewhere they would be lost. */
const OF_SESSION: ReadonlySet<string> = new Set([
  "set",
  "set_context",
  "set_pinned",
  "set_limited",
  "set_role",
  "set_session_authorization",
  "set_read_only",
  "set_read_write",
  "set_transaction",
  "discard",
  "listen",
  "two_phase",
  "create_temporary",
]);

/** Why this act cannot be brought before a person as it came. Says nothing of an open transaction. */
export function unfit({ admission, context }: HeldText): Refusal | undefined {
  const { statements } = admission;
  const alone = (because: string, next: string): Refusal => heldRefusal(admission.id, because, next);
  if (context.temporary.length > 0)
    return alone("an approved act cannot see this session's temporary objects", "drop them, or send it on a new connection");
  for (const statement of statements) {
    const why = unfitStatement(statement);
    if (why !== undefined) return alone(why.because, why.next);
    if (statement.immediate && statements.length > 1)
      return alone(`${statement.tag} cannot run in a transaction with others`, "send it in a text of its own");
  }
  return undefined;
}

function unfitStatement({ tag, transaction, copy, prepared, effects }: StatementSummary): { because: string; next: string } | undefined {
  if (transaction !== "none")
    return {
      because: "an approved act runs in a transaction of its own",
      next: "send the statements without BEGIN, COMMIT or ROLLBACK, in one text or one by one",
    };
  if (copy === "in") return { because: "rows of COPY FROM STDIN cannot wait for a person", next: "use INSERT, or ask for a grant" };
  if (copy === "out") return { because: "COPY TO STDOUT cannot be answered from elsewhere", next: "use SELECT" };
  if (prepared !== undefined)
    return { because: `${tag} runs or keeps what only this session has`, next: "send the statement itself, with its values" };
  const own = effects.find(({ detail, resource }) => OF_SESSION.has(detail) || resource.name.startsWith("pg_temp."));
  if (own !== undefined)
    return { because: "it changes this session, which an approved act does not run in", next: "send what needs approval without it" };
  if (effects.some(({ detail }) => detail === "cursor"))
    return { because: "a cursor stands in this session, which an approved act does not run in", next: "send the query itself" };
  return undefined;
}

/** Why it cannot be carried out now. `ran`: the batch has run something already. */
export function misplaced(core: Core, { admission }: HeldText, ran: boolean): Refusal | undefined {
  if (core.status !== IDLE)
    return heldRefusal(
      admission.id,
      "an approved act runs in a transaction of its own, and one is open here",
      "send COMMIT or ROLLBACK first, then the statement by itself",
    );
  if (!ran) return undefined;
  return heldRefusal(
    admission.id,
    "an approved act runs in a transaction of its own, and others stand before it in this batch",
    "send Sync first, then the statement by itself",
  );
}

/** The refusal of a message that cannot wait for a person. */
export function withoutWaiting(because: Refusal): Refusal {
  if (because.held === undefined) return because;
  const { admission, text } = because.held;
  if (text === "") return heldRefusal(admission.id, "a function called by its OID cannot wait for a person", "call it with SELECT");
  return heldRefusal(admission.id, "it did not come as a statement by itself", "send the statement itself, in a text of its own");
}

function heldRefusal(action: string, because: string, next: string): Refusal {
  return { ...refusal("approval_alone", `it needs a person's approval, and ${because}`, next), action };
}

/**
 * A grant that comes out of an approval, held against it: of the same session, given by one who approved it, and no wider than what was
 * approved, so many times.
 */
import { alsoNext, type NextRights } from "../approvals/also-next.ts";
import { type ApprovalControl, ControlRefusal, type Signer, type WantedRights } from "../control/parts.ts";
import type { ApprovalId } from "../base/ids.ts";
import type { Run } from "../model/run.ts";

/** The approval's id, or `undefined` where the grant comes from none. Rejects with {@link ControlRefusal}. */
export async function fromApproval(
  wanted: WantedRights,
  { run, by, approvals }: { readonly run: Run; readonly by: Signer; readonly approvals: Pick<ApprovalControl, "one"> | undefined },
): Promise<{ readonly approval?: ApprovalId }> {
  if (wanted.approval === undefined) return {};
  if (approvals === undefined) throw new ControlRefusal("unavailable", "this gateway knows no approvals");
  const { id, state, plan, answers } = await approvals.one(wanted.approval);
  if (state !== "approved" && state !== "running" && state !== "used")
    throw new ControlRefusal("conflict", `approval \`${id}\` is ${state}: nothing follows from it`);
  if (!answers.some(({ person, answer }) => person === by.person.name && answer === "approve"))
    throw new ControlRefusal("not_allowed", `\`${by.person.name}\` has not approved \`${id}\``);
  if (plan.asked.run !== run.id) throw new ControlRefusal("conflict", `approval \`${id}\` is another session's`);
  const rights = wanted.usesMax === null ? "it may be a number of times only" : alsoNext(plan, wanted.usesMax);
  if (typeof rights === "string") throw new ControlRefusal("not_allowed", `nothing follows from approval \`${id}\`: ${rights}`);
  if (!within(wanted, rights)) throw new ControlRefusal("not_allowed", `the grant is wider than what approval \`${id}\` was about`);
  return { approval: id };
}

function within({ tables, operations, rowsMax }: WantedRights, rights: NextRights): boolean {
  return (
    tables.every((table) => rights.tables.includes(table)) &&
    operations.every((operation) => rights.operations.includes(operation)) &&
    rowsMax <= rights.rowsMax
  );
}

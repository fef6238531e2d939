/**
 * A session without sockets whose guard holds what says `askfirst`, with stand-ins for persons and for the executor.
 * It holds no assertion.
 */
import { standInApprovals, type StandInApprovals, standInExecutor, type StandInExecutor } from "./stand-in-approvals.ts";
import { sessionTable, type Table } from "./wire-session.ts";

export interface HeldTable extends Table {
  readonly approvals: StandInApprovals;
  readonly executor: StandInExecutor;
}

export function heldTable(): HeldTable {
  const approvals = standInApprovals();
  const executor = standInExecutor();
  const table = sessionTable({ approvals, executor, settings: new Map([["TimeZone", "UTC"]]) });
  return { ...table, approvals, executor };
}

/**
 * The ordered list of routes: all that the control socket answers.
 * It answers nothing itself; each route is a file beside this one.
 */
import type { Route } from "../route.ts";
import { answerApproval } from "./answer-approval.ts";
import { applyPlan, signedApplyPlan } from "./apply-plan.ts";
import { agreeBreakGlass } from "./agree-break-glass.ts";
import { ask } from "./ask.ts";
import { dropBackupSlot, listBackups, makeBackup, removeBackup } from "./backups.ts";
import { binEmpty, binEntries, binRestore } from "./bin.ts";
import { breakGlass } from "./break-glass.ts";
import { challenges } from "./challenges.ts";
import { closeBreakGlass } from "./close-break-glass.ts";
import { drill, restored } from "./drill.ts";
import { endSession } from "./end-session.ts";
import { grant } from "./grant.ts";
import { listApprovals } from "./list-approvals.ts";
import { listAsks } from "./list-asks.ts";
import { listBreakGlass } from "./list-break-glass.ts";
import { listGrants } from "./list-grants.ts";
import { listSessions } from "./list-sessions.ts";
import { openSession } from "./open-session.ts";
import { plan, signedPlan } from "./plan.ts";
import { resumeSession } from "./resume-session.ts";
import { revokeGrant } from "./revoke-grant.ts";
import { showApproval } from "./show-approval.ts";
import { status } from "./status.ts";
import { suspendSession } from "./suspend-session.ts";
import { keptTransactions, undo, undoPlan } from "./undo.ts";
import { watchApprovals } from "./watch-approvals.ts";

export const routes: readonly Route[] = [
  status,
  challenges,
  listSessions,
  openSession,
  endSession,
  suspendSession,
  resumeSession,
  listAsks,
  ask,
  listGrants,
  grant,
  revokeGrant,
  listApprovals,
  watchApprovals,
  showApproval,
  answerApproval,
  breakGlass,
  agreeBreakGlass,
  closeBreakGlass,
  listBreakGlass,
  plan,
  signedPlan,
  applyPlan,
  signedApplyPlan,
  keptTransactions,
  undoPlan,
  undo,
  binEntries,
  binRestore,
  binEmpty,
  listBackups,
  makeBackup,
  removeBackup,
  dropBackupSlot,
  drill,
  restored,
];

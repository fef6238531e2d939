/**
 * The ordered list of routes: all that the console's API answers.
 * It answers nothing itself; the routes stand in the files beside this one.
 */
import type { WebRoute } from "../route.ts";
import { answerApproval, challengeOfApproval, listApprovals, oneApproval } from "./approvals.ts";
import { attention } from "./attention.ts";
import { audit } from "./audit.ts";
import { events } from "./events.ts";
import { listAsks, listGrants, status } from "./lists.ts";
import { login, logout, me } from "./login.ts";
import { addPasskey, passkeyChallenge, removePasskey } from "./passkeys.ts";
import { explain, policies } from "./policies.ts";
import { recovery } from "./recovery.ts";
import { endSession, listSessions, resumeSession, suspendSession } from "./sessions.ts";

export const webRoutes: readonly WebRoute[] = [
  login,
  logout,
  me,
  status,
  listApprovals,
  oneApproval,
  challengeOfApproval,
  answerApproval,
  listSessions,
  suspendSession,
  resumeSession,
  endSession,
  listGrants,
  listAsks,
  audit,
  attention,
  recovery,
  policies,
  explain,
  passkeyChallenge,
  addPasskey,
  removePasskey,
  events,
];

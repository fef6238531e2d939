/**
 * The ordered list of routes: all that the control socket answers.
 * It answers nothing itself; each route is a file beside this one.
 */
import type { Route } from "../route.ts";
import { ask } from "./ask.ts";
import { challenges } from "./challenges.ts";
import { endSession } from "./end-session.ts";
import { grant } from "./grant.ts";
import { listAsks } from "./list-asks.ts";
import { listGrants } from "./list-grants.ts";
import { listSessions } from "./list-sessions.ts";
import { openSession } from "./open-session.ts";
import { resumeSession } from "./resume-session.ts";
import { revokeGrant } from "./revoke-grant.ts";
import { status } from "./status.ts";
import { suspendSession } from "./suspend-session.ts";

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
];

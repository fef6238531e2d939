/**
 * What a listener is given by the composition root, and what all its logins share.
 * It holds no behaviour; it stands apart so that the files of the listener need not import each other.
 */
import type { SecureContext } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import type { RandomBytes } from "../../base/ids.ts";
import type { Guard } from "../../pipeline/guard.ts";
import type { CancelRegistry } from "./cancel.ts";
import type { TakeSession } from "./handover.ts";
import type { LoginThrottle } from "./login/login-throttle.ts";
import type { RunningSessions } from "./listener-sessions.ts";
import type { TargetOptions } from "./options.ts";
import type { ScramSubject } from "./scram-server.ts";

export interface ListenerParts {
  readonly target: TargetOptions;
  readonly guard: Pick<Guard, "sessionOpened" | "sessionClosed" | "loginRefused">;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly onSession: TakeSession;
  /** Sockets at once, logins under way included; `limits.connectionsMax` when absent. */
  readonly connectionsMax?: number;
}

export interface SharedParts extends ListenerParts {
  readonly sessions: RunningSessions;
  readonly cancels: CancelRegistry;
  readonly throttle: LoginThrottle;
  readonly secureContext: SecureContext | undefined;
  readonly subjectOf: (name: string) => ScramSubject;
}

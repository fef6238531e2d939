/**
 * What the console's server asks of the running gateway beside what the control socket asks. The composition root fulfils it.
 * It names no protocol; a person is in it by name, and a passkey by its public half.
 */
import type { Clock } from "../../base/clock.ts";
import type { RandomBytes } from "../../base/ids.ts";
import type { RegisteredPasskey, RegisteredPerson } from "../authority.ts";
import type { AttentionView, AuditLine, AuditPage, ExplainView, PolicyView, RecoveryView } from "../contract.ts";
import type { ControlParts } from "../parts.ts";
import type { Ceremonies } from "./ceremonies.ts";
import type { Guesses } from "./guesses.ts";
import type { Hook } from "./hook.ts";
import type { Logins } from "./logins.ts";
import type { Site } from "./site.ts";

export interface WebParts extends Pick<ControlParts, "status" | "authority" | "sessions" | "approvals"> {
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** The control socket's path. */
  readonly gateway: string;
  /** Asked each time: the vault may change while the gateway runs. */
  readonly persons: () => readonly RegisteredPerson[];
  readonly passkeys: PasskeyControl;
  readonly log: LogView;
  readonly policies: () => Promise<readonly PolicyView[]>;
  /** Takes clicks in chat; absent where none are wanted. */
  readonly hook?: Hook;
  /** Judges a text as an agent's at the target, and runs nothing. */
  readonly explain: (target: string, text: string) => Promise<ExplainView>;
}

/** Every method rejects with `ControlRefusal` where it is not to be; it is durable in the vault, and told in the log, when it resolves. */
export interface PasskeyControl {
  /** `nonce`: of the request that the person signed with the passphrase. */
  readonly add: (person: string, passkey: RegisteredPasskey, nonce: string) => Promise<void>;
  readonly remove: (person: string, credential: string, nonce: string) => Promise<void>;
  /** Notes how often an authenticator says it was used. */
  readonly used: (person: string, credential: string, counter: number) => Promise<void>;
}

export interface AuditQuery {
  /** Records before this place. */
  readonly before: number;
  readonly limit: number;
  /** Those of one session, run, act or approval alone. */
  readonly session: string;
  /** Those whose words hold it. */
  readonly text: string;
}

export interface LogView {
  readonly page: (query: AuditQuery) => Promise<AuditPage>;
  /** Figures of questions since a time, as far back as the log is read for it. */
  readonly attention?: (sinceMs: number) => Promise<AttentionView>;
  /** What the log tells of recovery, as far back as it is read for it. */
  readonly recovery?: () => Promise<RecoveryView>;
  /** Told of new records, some at a time; returns how to end that. */
  readonly follow: (take: (lines: readonly AuditLine[]) => void) => () => void;
}

/** What the routes have in their hands. */
export interface WebConsole {
  readonly parts: WebParts;
  readonly site: Site;
  readonly logins: Logins;
  readonly guesses: Guesses;
  readonly ceremonies: Ceremonies;
}

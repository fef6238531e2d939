/**
 * What the listener hands over once both sides are authenticated and the server's session is pinned, and what it gets back.
 * It does not relay anything: whoever takes the handover owns both sockets from then on.
 */
import type { Duplex } from "node:stream";
import type { ReasonCode } from "../../model/codes.ts";
import type { Session, Target } from "../../model/principal.ts";
import type { Account, TargetOptions } from "./options.ts";
import type { UpstreamFailure } from "./login/upstream-failure.ts";
import type { UpstreamSession } from "./upstream.ts";

/** Both sides stand behind a ReadyForQuery with status `I` (idle, no transaction) that the client has been sent. */
export interface Handover {
  readonly session: Session;
  readonly target: Target;
  readonly account: Account;
  readonly options: TargetOptions;
  /**
   * Sockets (plain or TLS), paused, without listeners of ours but an `error` one that swallows: an error is always followed by `close`.
   * The taker attaches its listeners before it returns and resumes them when ready.
   */
  readonly client: Duplex;
  readonly server: Duplex;
  /** Bytes already read from each side and not consumed by the login; they come before anything the socket still gives. */
  readonly clientRest: Buffer;
  readonly serverRest: Buffer;
  readonly serverFacts: ServerFacts;
  /** A logical replication session (`replication=database`): the server takes replication commands beside SQL. */
  readonly replication: boolean;
  /** Minor version of protocol 3 that the client speaks; the server is always spoken to in 3.0. */
  readonly protocolMinor: 0 | 2;
  /**
   * SQL for one simple query that puts back what the login pinned and each start-up setting of the client that was reset. To be
   * sent again after whatever resets settings (DISCARD ALL, RESET ALL, RESET of one of `pinnedSettings`).
   */
  readonly pinSql: string;
  /** Lower-case names of the settings that the client may not change. */
  readonly pinnedSettings: ReadonlySet<string>;
  /**
   * Asks the server, on a connection of its own, to cancel what this session runs. Never throws; nothing tells whether it arrived.
   * `signalled` is called once, when the server has signalled whatever ran then, or will not any more.
   */
  readonly cancelServer: (signalled?: () => void) => void;
  /** Where the target has a read replica. */
  readonly replica?: ReplicaDoor;
  /** Tells who is to be asked first to cancel, and says whether the session's statement ran there. */
  readonly cancelElsewhere?: (first: (signalled?: () => void) => boolean) => void;
}

/** The way to a second connection for reads. */
export interface ReplicaDoor {
  /** The login was made for this session, so that the replica may not have it yet. */
  readonly lent: boolean;
  /** As `openUpstream`: calls back once, and returns what ends the attempt. */
  readonly open: (done: (result: UpstreamSession | UpstreamFailure) => void) => () => void;
  readonly cancel: (key: UpstreamSession["key"], signalled?: () => void) => void;
}

/** What the server said of the session after pinning. */
export interface ServerFacts {
  /** ParameterStatus values as of now (already sent to the client). */
  readonly parameters: ReadonlyMap<string, string>;
  /** `pg_backend_pid()`: behind a pooler it differs from the key that the pooler gave. */
  readonly process: number;
  /** `current_user` and `session_user`. */
  readonly role: string;
  readonly sessionRole: string;
  /** `current_schemas(true)`: the effective schemas in order, with `pg_catalog` and the temporary schema where present. */
  readonly searchPath: readonly string[];
  /** `server_version_num`, as 150018. */
  readonly versionNumber: number;
  readonly superuser: boolean;
}

/** A session that runs, as the listener sees it. */
export interface RunningSession {
  /**
   * Asks the session to end: at once with 57P01 to the client when no statement runs and no transaction is open, otherwise
   * when that is so. The listener destroys both sockets when `shutdownMs` is over.
   */
  readonly shutdown: () => void;
  /** Resolves with the reason when both sockets are closed. Never rejects. */
  readonly finished: Promise<string>;
  /** Ends it at once: the client is told, and the server rolls back what is open. */
  readonly end?: (code: ReasonCode, message: string) => void;
  /** Whether its next transactions begin as read-only ones, unless they say otherwise. Sent to the server before its next statement. */
  readonly beginReadOnly?: (readOnly: boolean) => void;
}

/**
 * Takes a session over. Called once a login, synchronously; a throw closes both sides. The taker records the end
 * (`guard.sessionClosed`); the listener has recorded the opening.
 */
export type TakeSession = (handover: Handover) => RunningSession;

/**
 * Opens one connection as the executor: logged in, pinned, with a search_path on which nobody's objects can stand in for the server's.
 * It begins no transaction.
 */
import { messageOf } from "../../../base/message-of.ts";
import { limits } from "../../../base/limits.ts";
import type { SessionLimits } from "../../../model/session-limits.ts";
import type { UpstreamOptions } from "../options.ts";
import { sendCancel } from "../upstream-cancel.ts";
import { openUpstream, type UpstreamSession } from "../upstream.ts";
import type { UpstreamFailure } from "../login/upstream-failure.ts";
import { ConnectionLost, FrameClient, ServerRefused } from "./frame-client.ts";
import type { ExecutorSettings } from "./settings.ts";

/** Who the executor is at the server. */
export interface ExecutorLogin {
  readonly upstream: UpstreamOptions;
  /** The role that it takes inside its transactions: what it makes belongs to that role. */
  readonly actAs?: string;
  /** What should be known of who it is, a sentence each. */
  readonly said: readonly string[];
  /** Called once, when nothing is done as it any more. */
  end(): void;
}

export interface Connection {
  readonly client: FrameClient;
  /** The server's process. */
  readonly process: number;
  /** Asks the server to cancel what runs; nothing tells whether it arrived. */
  cancel(): void;
}

/** Ours are set for each transaction. */
const NO_LIMITS: SessionLimits = { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };
const NONCE_BYTES = 18;

/** What may be set for the executor as the session had it: how values are read and shown, and no more. */
const TAKEN: ReadonlySet<string> = new Set([
  "datestyle",
  "timezone",
  "intervalstyle",
  "extra_float_digits",
  "bytea_output",
  "xmlbinary",
  "xmloption",
  "default_text_search_config",
  "lc_monetary",
  "lc_numeric",
  "lc_time",
]);

export interface ConnectionRequest {
  readonly login: ExecutorLogin;
  readonly database: string;
  readonly settings: ReadonlyMap<string, string>;
}

/** What is lent for one act. Rejects with {@link ConnectionLost} when there is none. */
export async function lent(lend: () => Promise<ExecutorLogin>, warn: (message: string) => void): Promise<ExecutorLogin> {
  try {
    return await lend();
  } catch (error) {
    warn(`there is no executor: ${messageOf(error)}`);
    throw new ConnectionLost("it has no login at the server: Holdfast's operator is told why");
  }
}

/** Rejects with {@link ConnectionLost} when the server cannot be reached or does not let us in. */
export async function openConnection(
  { login, database, settings }: ConnectionRequest,
  { random, warn }: Pick<ExecutorSettings, "random" | "warn">,
): Promise<Connection> {
  const taken = [...settings].map(([name, value]) => [name.toLowerCase(), value] as const).filter(([name]) => TAKEN.has(name));
  const told = (failure: UpstreamFailure) => warn(`the executor cannot log in: ${failure.because}`);
  const session = await openSession(told, {
    upstream: login.upstream,
    database,
    applicationName: "holdfast executor",
    replication: false,
    limits: NO_LIMITS,
    settings: new Map([...taken, ["search_path", "pg_catalog, pg_temp"]]),
    nonce: Buffer.from(random(NONCE_BYTES)).toString("base64"),
  });
  const { key, facts } = session;
  const cancel = () => {
    if (key !== undefined) sendCancel(login.upstream, key);
  };
  const client = new FrameClient(session.socket, session.rest, { bytesMax: limits.executorAnswerBytesMax, tooLong: cancel });
  await endWithUs(client);
  return { client, process: facts.process, cancel };
}

/** A server that can tells within this that nobody hears it any more, and lets go of its locks: Holdfast may be killed too. */
async function endWithUs(client: FrameClient): Promise<void> {
  try {
    await client.rows("SELECT pg_catalog.set_config('client_connection_check_interval', '1s', false)");
  } catch (error) {
    // Not on every system that a server runs on; its statement's time ends it there.
    if (!(error instanceof ServerRefused)) throw error;
  }
}

function openSession(told: (failure: UpstreamFailure) => void, request: Parameters<typeof openUpstream>[0]): Promise<UpstreamSession> {
  return new Promise((resolve, reject) => {
    openUpstream(request, (result: UpstreamSession | UpstreamFailure) => {
      if (result.kind === "ready") return resolve(result);
      told(result);
      reject(new ConnectionLost(result.message));
    });
  });
}

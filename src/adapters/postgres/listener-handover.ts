/**
 * The last step of a login: tells the client that it is ready, and gives both sockets to whoever runs the session.
 * A function of its own, so that what the session keeps alive is what stands here and nothing of the login.
 */
import type { Duplex } from "node:stream";
import type { SessionId } from "../../base/ids.ts";
import type { Session, Target } from "../../model/principal.ts";
import { toClient } from "./codec/auth-messages.ts";
import type { Handover, RunningSession } from "./handover.ts";
import type { SharedParts } from "./listener-parts.ts";
import { replicaDoor, SwitchedCancel } from "./listener-replica.ts";
import type { AuthenticatedClient } from "./login/client-login.ts";
import type { LentLogin, UpstreamOptions } from "./options.ts";
import type { UpstreamSession } from "./upstream.ts";
import { sendCancel } from "./upstream-cancel.ts";

export interface NewSession {
  readonly id: SessionId;
  readonly peer: string;
  readonly login: AuthenticatedClient;
  readonly rest: Buffer;
  /** The login at the server that was lent for it. */
  readonly lease: LentLogin | undefined;
}

/** False when nobody took the session: both sockets are closed then. The account's place is released with the session. */
export function handOver(context: SharedParts, opened: NewSession, client: Duplex, upstream: UpstreamSession): boolean {
  const { target: options, guard, clock, sessions, cancels } = context;
  const { account, database, applicationName, minor } = opened.login;
  const { socket: server, facts } = upstream;
  const session: Session = {
    id: opened.id,
    principal: {
      kind: account.kind,
      name: account.name,
      ...(account.onBehalfOf === undefined ? {} : { onBehalfOf: account.onBehalfOf }),
    },
    client: applicationName,
    peer: opened.peer,
    openedAtMs: clock.now(),
  };
  const target: Target = { name: options.name, environment: options.environment, database };
  const door = replicaDoor(context, opened);
  const switched = new SwitchedCancel(cancelling(options.upstream, upstream.key));
  const cancelServer = switched.cancel;
  const { secret, withdraw } = cancels.register(facts.process, minor, cancelServer);
  let running: RunningSession;
  let recorded = false;
  try {
    guard.sessionOpened(session, target, facts.process);
    recorded = true;
    client.write(greeting(facts.parameters, facts.process, secret));
    running = context.onSession({
      session,
      target,
      account,
      options,
      client,
      server,
      clientRest: opened.rest,
      serverRest: upstream.rest,
      serverFacts: facts,
      replication: opened.login.replication,
      protocolMinor: minor,
      pinSql: upstream.pinSql,
      pinnedSettings: upstream.pinnedSettings,
      cancelServer,
      cancelElsewhere: (first) => void (switched.elsewhere = first),
      ...(door === undefined ? {} : { replica: door }),
    });
  } catch (error) {
    withdraw();
    client.destroy();
    server.destroy();
    if (recorded) guard.sessionClosed(session, `the session could not be started: ${error instanceof Error ? error.message : "unknown"}`);
    return false;
  }
  const name = account.name;
  const { lease } = opened;
  sessions.add({ id: opened.id, account: name, session: running, client, server }, () => {
    withdraw();
    lease?.end();
    sessions.release(name);
  });
  return true;
}

function cancelling(upstream: UpstreamOptions, key: UpstreamSession["key"]): Handover["cancelServer"] {
  return (signalled) => (key === undefined ? signalled?.() : sendCancel(upstream, key, signalled));
}

/** What a server sends between AuthenticationOk and its first ReadyForQuery; the process id is the server's own, the secret is ours. */
function greeting(parameters: ReadonlyMap<string, string>, process: number, secret: Uint8Array): Buffer {
  const statuses = Array.from(parameters, ([name, value]) => toClient.parameterStatus(name, value));
  return Buffer.concat([...statuses, toClient.backendKeyData(process, secret), toClient.readyForQuery()]);
}

/**
 * Starts a real listener in front of a real server, with the stand-in session behind it and everything it recorded at hand.
 * It holds no assertion.
 */
import type { Handover, TakeSession } from "../../../src/adapters/postgres/handover.ts";
import { listen, type Listener } from "../../../src/adapters/postgres/listener.ts";
import type { Account, TargetOptions, UpstreamOptions } from "../../../src/adapters/postgres/options.ts";
import { makeVerifier } from "../../../src/adapters/postgres/scram.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { systemRandom } from "../../../src/base/ids.ts";
import type { TestServer } from "../../support/servers.ts";
import { standInSession } from "./stand-in-session.ts";

export interface Gateway {
  readonly listener: Listener;
  readonly port: number;
  readonly handovers: Handover[];
  readonly opened: string[];
  readonly refusals: { readonly name: string; readonly because: string }[];
  url(database?: string, account?: string, password?: string): string;
}

export const agent = { name: "agent", password: "synthetic-session-password" } as const;

export function account(name: string, password: string, more: Partial<Account> = {}): Account {
  const verifier = makeVerifier(password, { iterations: 4096, salt: systemRandom(16) });
  return { name, kind: "ai_agent", verifier, databases: null, connectionsMax: 50, ...more };
}

export function upstreamOf(server: TestServer, more: Partial<UpstreamOptions> = {}): UpstreamOptions {
  return {
    host: server.host,
    port: server.port,
    role: server.superuser.user,
    password: () => server.superuser.password,
    tls: "disable",
    md5Allowed: false,
    cleartextAllowed: false,
    ...more,
  };
}

export interface GatewayOptions {
  readonly upstream: UpstreamOptions;
  readonly target?: Partial<TargetOptions>;
  readonly onSession?: TakeSession;
  readonly connectionsMax?: number;
}

export async function startGateway({ upstream, target, onSession, connectionsMax }: GatewayOptions): Promise<Gateway> {
  const handovers: Handover[] = [];
  const opened: string[] = [];
  const refusals: { name: string; because: string }[] = [];
  const listener = await listen({
    target: {
      name: "shop",
      environment: "staging",
      listen: { host: "127.0.0.1", port: 0 },
      upstream,
      clientTlsRequired: false,
      accounts: new Map([[agent.name, account(agent.name, agent.password)]]),
      replication: false,
      limits: { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null },
      shutdownMs: 500,
      ...target,
    },
    guard: {
      sessionOpened: (session) => void opened.push(session.principal.name),
      sessionClosed: () => undefined,
      loginRefused: (name, _peer, because) => void refusals.push({ name, because }),
    },
    clock: systemClock,
    ...(connectionsMax === undefined ? {} : { connectionsMax }),
    random: systemRandom,
    onSession: (handover) => {
      handovers.push(handover);
      return (onSession ?? standInSession)(handover);
    },
  });
  const { port } = listener.address;
  const url = (database = "postgres", name: string = agent.name, password: string = agent.password) =>
    `postgresql://${name}:${password}@127.0.0.1:${port}/${database}`;
  return { listener, port, handovers, opened, refusals, url };
}

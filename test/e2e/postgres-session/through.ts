/**
 * A real server with the real listener and relay in front and the stand-in guard behind them.
 * It holds no assertion.
 */
import type { SessionLimits } from "../../../src/model/session-limits.ts";
import { Ticker } from "../../../src/adapters/postgres/enforce-time.ts";
import { relay } from "../../../src/adapters/postgres/relay.ts";
import { ContextPool } from "../../../src/adapters/postgres/session/context.ts";
import { systemClock } from "../../../src/base/clock.ts";
import type { Login, TestServer } from "../../support/servers.ts";
import { type Gateway, startGateway, upstreamOf } from "../postgres-login/gateway.ts";
import { standInGuard, type StandInGuard } from "../../playbooks/stand-in-guard.ts";

export interface Through extends Gateway {
  readonly guard: StandInGuard;
  /** How often the catalogue was asked to be read again. */
  readonly catalogue: { version: number; refreshes: number; fails: boolean };
}

export async function startThrough(server: TestServer, limits?: SessionLimits, login?: Login): Promise<Through> {
  const guard = standInGuard();
  const catalogue = {
    version: 1,
    refreshes: 0,
    fails: false,
    async refresh() {
      await Promise.resolve();
      catalogue.refreshes += 1;
      if (catalogue.fails) throw new Error("the catalogue cannot be read");
      catalogue.version += 1;
      return catalogue.version;
    },
  };
  const contexts = new ContextPool();
  const ticker = new Ticker(() => systemClock.monotonic());
  const gateway = await startGateway({
    upstream: login === undefined ? upstreamOf(server) : { ...upstreamOf(server), role: login.user, password: () => login.password },
    ...(limits === undefined ? {} : { target: { limits } }),
    onSession: (handover) => relay({ guard, clock: systemClock, catalogue, contexts, ticker }, handover),
  });
  return { ...gateway, guard, catalogue };
}

/**
 * A place for PostgreSQL stores on a test server: a database and an ordinary role that owns nothing else.
 * It tests nothing itself.
 */
import type { ClientConfig } from "pg";
import { systemClock } from "../../src/base/clock.ts";
import { randomText } from "../../src/base/ids.ts";
import { openPostgresStore } from "../../src/store/postgres-store.ts";
import type { PostgresPlace } from "../../src/store/postgres-connection.ts";
import type { GatewaySelf, SharedStore } from "../../src/store/shared-port.ts";
import type { Login, ScratchDatabase, TestServer } from "../support/servers.ts";

export interface StorePlace {
  readonly server: TestServer;
  readonly database: ScratchDatabase;
  readonly login: Login;
  /** `port` of a proxy in between, where there is one. */
  readonly place: (more?: { readonly port?: number; readonly timeoutMs?: number }) => PostgresPlace;
  readonly open: (more?: {
    readonly port?: number;
    readonly timeoutMs?: number;
    readonly gateway?: Partial<GatewaySelf>;
  }) => Promise<SharedStore>;
}

export async function storePlace(server: TestServer): Promise<StorePlace> {
  const database = await server.scratchDatabase();
  const login = await server.ordinaryRole(`GRANT CONNECT, CREATE ON DATABASE ${database.name} TO :role`, database.name);
  const place: StorePlace["place"] = ({ port = server.port, timeoutMs = 8_000 } = {}) => ({
    config: async (): Promise<ClientConfig> => ({ host: server.host, port, ...login, database: database.name }),
    shown: `${server.host}:${port}/${database.name}`,
    timeoutMs,
    clock: systemClock,
  });
  return {
    server,
    database,
    login,
    place,
    open: ({ gateway = {}, ...more } = {}) =>
      openPostgresStore({
        place: place(more),
        gateway: { id: "gw_a", incarnation: randomText(8), name: "a test", version: "0.0.0", ...gateway },
        pingMs: 200,
      }),
  };
}

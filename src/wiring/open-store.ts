/**
 * Opens the control store that the configuration names: the embedded file, or the one that several gateways share.
 * It keeps no secret: the password is read for each connection.
 */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { catalogueConnection } from "../adapters/postgres/catalogue-connection.ts";
import type { UpstreamOptions } from "../adapters/postgres/options.ts";
import type { Clock } from "../base/clock.ts";
import { type RandomBytes, randomText } from "../base/ids.ts";
import { isLoopback } from "../config/address.ts";
import type { Config, StoreConfig } from "../config/config.ts";
import { resolveUpstreamAddress } from "../config/read-secret.ts";
import type { ControlStore } from "../store/port.ts";
import { type PostgresPlace, STORE_MS_MAX } from "../store/postgres-connection.ts";
import { lookAtPostgresStore } from "../store/postgres-look.ts";
import { openPostgresStore } from "../store/postgres-store.ts";
import type { SharedStore } from "../store/shared-port.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { type EnvironmentVariables, WiringError } from "./target-options.ts";
import { version } from "./version.ts";

/** What parts use is `store`; `shared` is the same store where other gateways may use it too. */
export interface OpenedStore {
  readonly store: ControlStore;
  readonly shared?: { readonly store: SharedStore; readonly gateway: string; readonly silentMsMax: number };
  /** For people. */
  readonly shown: string;
}

export interface OpenStoreParts {
  readonly environment: EnvironmentVariables;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Names this gateway, over its restarts. */
  readonly instance: string;
}

/** Rejects with `StoreUnavailable`, or with {@link WiringError} where the address cannot be had. */
export async function openStore(config: Config, parts: OpenStoreParts): Promise<OpenedStore> {
  const { store: wanted = { kind: "sqlite" } } = config;
  if (wanted.kind === "sqlite") {
    const path = join(config.state, "control.db");
    return { store: await openSqliteStore(path), shown: path };
  }
  const { place } = storePlace(wanted, parts);
  const incarnation = randomText(12, parts.random);
  const self = { id: parts.instance, incarnation, name: `${hostname()}, process ${process.pid}`, version: version() };
  const store = await openPostgresStore({ place, gateway: self });
  return { store, shared: { store, gateway: self.id, silentMsMax: wanted.gatewayMsMax }, shown: place.shown };
}

/** For `holdfast doctor`; `undefined` where the store is the embedded one. Rejects as `openStore` does. */
export async function lookAtStore(config: Config, parts: Pick<OpenStoreParts, "environment" | "clock">) {
  if (config.store?.kind !== "postgres") return undefined;
  const { place, tls, local } = storePlace(config.store, parts);
  return { place: place.shown, tls, local, ...(await lookAtPostgresStore(place)) };
}

/** Throws {@link WiringError}. */
function storePlace(
  { upstream: configured }: Extract<StoreConfig, { kind: "postgres" }>,
  { environment, clock }: Pick<OpenStoreParts, "environment" | "clock">,
): { readonly place: PostgresPlace; readonly tls: UpstreamOptions["tls"]; readonly local: boolean } {
  const resolved = resolveUpstreamAddress(configured, environment);
  if ("message" in resolved) throw new WiringError(`\`store\`: ${resolved.message}`);
  const { upstream } = resolved;
  const database = upstream.database ?? upstream.role;
  const { ca, serverName, md5Allowed, cleartextAllowed } = configured;
  const place: PostgresPlace = {
    shown: `${upstream.host}:${upstream.port}/${database}`,
    timeoutMs: STORE_MS_MAX,
    clock,
    config: async () => {
      const tlsCa = ca === undefined ? {} : { tlsCa: await readFile(ca, "utf8") };
      const tlsServerName = serverName === undefined ? {} : { tlsServerName: serverName };
      return catalogueConnection({ ...upstream, ...tlsCa, ...tlsServerName, md5Allowed, cleartextAllowed }, database);
    },
  };
  return { place, tls: upstream.tls, local: isLoopback(upstream.host) };
}

/**
 * Kubernetes clusters of the configuration in terms of the proxy: whose host each is, where it is dialled, and what a session is told.
 * It opens nothing.
 */
import type { PackedHost } from "../adapters/http/options.ts";
import type { HttpCluster, HttpConfig } from "../config/config.ts";
import type { OpenedSession } from "../control/contract.ts";
import type { Pack } from "../packs/pack.ts";
import { kubernetes } from "../packs/kubernetes.ts";

type ToldCluster = NonNullable<NonNullable<OpenedSession["http"]>["clusters"]>[number];

/** A host that is a cluster's because the operator says so. */
export function clusterHost(clusters: readonly HttpCluster[], host: string): PackedHost | undefined {
  if (!clusters.some((cluster) => cluster.host === host)) return undefined;
  return { ...packedBy(kubernetes), assigned: true };
}

/** What the proxy knows of a pack. */
export function packedBy({ provider, authSlots, clientHeaders, refusals }: Pack): PackedHost {
  return {
    provider,
    authSlots,
    ...(clientHeaders === undefined ? {} : { clientHeaders }),
    ...(refusals === undefined ? {} : { refusals }),
  };
}

/** An entry of `http.routes` for the same host goes before it. */
export function clusterRoutes(clusters: readonly HttpCluster[]): HttpConfig["routes"] {
  return clusters.map(({ host, address, ca }) => ({ host, address, ...(ca === undefined ? {} : { ca }) }));
}

/** With the session's placeholders, by the names of credentials. */
export function toldClusters(clusters: readonly HttpCluster[], issued: ReadonlyMap<string, string>): readonly ToldCluster[] {
  return clusters.flatMap(({ name, server, credential, namespace }): readonly ToldCluster[] => {
    const placeholder = issued.get(credential);
    return placeholder === undefined ? [] : [{ name, server, placeholder, ...(namespace === undefined ? {} : { namespace }) }];
  });
}

/**
 * Where clients of a credential's provider ask for tokens: as the packs say, and as the configuration does for others.
 */
import type { HttpCredential } from "../config/config.ts";
import { fitsHost, type BoundSecret } from "../credentials/broker/bound-secret.ts";
import { packs } from "../packs/index.ts";

/** `undefined` for a credential whose clients ask for none. */
export function tokenEndpointOf({ mint }: HttpCredential, hosts: readonly string[]): BoundSecret["tokenEndpoint"] {
  if (mint?.kind !== "oauth" && mint?.kind !== "gcp-service-account") return undefined;
  const own = packs.filter((pack) => pack.hosts.some((host) => hosts.some((each) => fitsHost(each, host) || fitsHost(host, each))));
  const urls = [...(mint.kind === "oauth" ? [mint.tokenUrl] : []), ...own.flatMap(({ tokenEndpoints = [] }) => tokenEndpoints)];
  const places = urls.map((url) => {
    const [, host = "", path = ""] = /^https:\/\/([^/]+)(\/[^?]*)/.exec(url) ?? [];
    const pattern = path.split(/\{[a-z]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return { host, path: new RegExp(`^${pattern.join("[^/]+")}/?$`) };
  });
  return ({ host, method, target }) => {
    const [path = ""] = target.split("?");
    return method === "POST" && places.some((place) => place.host === host && place.path.test(path));
  };
}

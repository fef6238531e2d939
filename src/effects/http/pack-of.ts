/** The pack that knows a host. It looks at the host alone. */
import { packs } from "../../packs/index.ts";
import type { Pack } from "../../packs/pack.ts";
import { globRegExp } from "./doors.ts";

const hostPatterns = packs.map((pack) => ({ pack, hosts: pack.hosts.map(globRegExp) }));

const exactHosts = packs.flatMap(({ exactPaths = [] }) =>
  exactPaths.map((each) => ({
    fits: globRegExp(each.replace("/{name}", "")),
    paths: each.includes("/") ? ("named" as const) : ("exact" as const),
  })),
);
const exactByHost = new Map<string, ExactPaths | undefined>();

/** `exact`: empty segments and parameters of a path are parts of names. `named`: so they are, but its first segment is a name by itself. */
export type ExactPaths = "exact" | "named";

/** `undefined`: a path of the host means the same without them. */
export function exactPathsOf(host: string): ExactPaths | undefined {
  if (exactByHost.has(host)) return exactByHost.get(host);
  const paths = exactHosts.find(({ fits }) => fits.test(host))?.paths;
  if (exactByHost.size >= HOSTS_MAX) exactByHost.clear();
  exactByHost.set(host, paths);
  return paths;
}

/** Asked several times for each request, of few hosts. */
const byHost = new Map<string, Pack | undefined>();
const HOSTS_MAX = 1_024;

function knownByHost(host: string): Pack | undefined {
  if (byHost.has(host)) return byHost.get(host);
  const known = hostPatterns.find(({ hosts }) => hosts.some((pattern) => pattern.test(host)))?.pack;
  if (byHost.size >= HOSTS_MAX) byHost.clear();
  byHost.set(host, known);
  return known;
}

/** `host` in its canonical form, with its port where that is not the scheme's own; `provider` counts where no pack knows the host. */
export function packOf(host: string, provider?: string): Pack | undefined {
  const known = knownByHost(host);
  return known ?? (provider === undefined ? undefined : packs.find((pack) => pack.provider === provider));
}

/** The pack that knows a host. It looks at the host alone. */
import { packs } from "../../packs/index.ts";
import type { Pack } from "../../packs/pack.ts";
import { globRegExp } from "./doors.ts";

const hostPatterns = packs.map((pack) => ({ pack, hosts: pack.hosts.map(globRegExp) }));

/** `host` in its canonical form, with its port where that is not the scheme's own; `provider` counts where no pack knows the host. */
export function packOf(host: string, provider?: string): Pack | undefined {
  const known = hostPatterns.find(({ hosts }) => hosts.some((pattern) => pattern.test(host)))?.pack;
  return known ?? (provider === undefined ? undefined : packs.find((pack) => pack.provider === provider));
}

/** Whether a server's address is this machine's own. It asks no name server: a name that is not local counts as another machine. */
import { networkInterfaces } from "node:os";

export function onThisMachine(host: string): boolean {
  if (host === "localhost" || host.startsWith("/") || host === "::1" || host.startsWith("127.")) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host) === true);
}

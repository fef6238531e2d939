/**
 * A kubeconfig for one run: its clusters behind the proxy, the session's authority in place of theirs, and a placeholder for a token.
 * It names the proxy itself rather than a path of it: kubectl sends no token to a server in clear text, and drops paths for some calls.
 */
import type { OpenedSession } from "../../control/contract.ts";

type Opened = NonNullable<OpenedSession["http"]>;

/** `undefined` where no cluster is configured. `proxy` is a URL with the session's login in it. */
export function kubeconfigText(
  { clusters = [], certificate }: Pick<Opened, "clusters" | "certificate">,
  proxy: string,
): string | undefined {
  const [first] = clusters;
  if (first === undefined) return undefined;
  const authority = Buffer.from(certificate).toString("base64");
  const text = {
    apiVersion: "v1",
    kind: "Config",
    clusters: clusters.map(({ name, server }) => ({
      name,
      cluster: { server, "proxy-url": proxy, "certificate-authority-data": authority },
    })),
    users: clusters.map(({ name, placeholder }) => ({ name, user: { token: placeholder } })),
    contexts: clusters.map(({ name, namespace }) => ({
      name,
      context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) },
    })),
    "current-context": first.name,
  };
  // JSON is YAML.
  return `${JSON.stringify(text, undefined, 2)}\n`;
}

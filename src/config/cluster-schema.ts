/**
 * The shape of `http.clusters`: Kubernetes clusters that programs reach through the proxy, wherever their servers are.
 * It opens nothing; what a cluster's operations mean is the pack's matter.
 */
import { resolve } from "node:path";
import { z } from "zod";
import type { HttpCluster } from "./config.ts";

const clusterSchema = z.strictObject({
  server: z
    .string()
    .regex(
      /^https:\/\/(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?\/?$/,
      "must be the server's address such as `https://10.0.0.5:6443`, without a path",
    )
    .describe("The API server, as its own kubeconfig names it."),
  credential: z.string().min(1).describe("Which of `http.credentials` its token is: a placeholder in authorization."),
  ca: z.string().min(1).optional().describe("File with the cluster's certificate authority, beside those that are trusted anyway."),
  namespace: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be the name of a namespace")
    .optional()
    .describe("Where programs work unless they say otherwise."),
});

export const clustersSchema = z
  .record(z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be a short word"), clusterSchema)
  .optional()
  .describe("Kubernetes clusters: `holdfast run` writes a kubeconfig that leads to them through the proxy.");

type ClustersEntry = z.infer<typeof clustersSchema>;

export function resolveClusters(entry: ClustersEntry, directory: string): readonly HttpCluster[] {
  return Object.entries(entry ?? {}).map(([name, { server, credential, ca, namespace }]) => {
    const { hostname, port, host } = new URL(server);
    return {
      name,
      server: `https://${host}`,
      host,
      address: { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 443 : Number(port) },
      credential,
      ...(ca === undefined ? {} : { ca: resolve(directory, ca) }),
      ...(namespace === undefined ? {} : { namespace }),
    };
  });
}

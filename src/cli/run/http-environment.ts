/**
 * How a program's HTTP clients come to the proxy and to trust it: the variables that each of them reads, and files that those lead to.
 * It forces nobody: what ignores variables is held by the sandbox, and by having no credential.
 */
import { chmod, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { OpenedSession } from "../../control/contract.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { oldNodeProxyText } from "./old-node-proxy.ts";

export interface HttpEnvironment {
  /** `NODE_OPTIONS` among them is to be added to what a program has there already. */
  readonly variables: Readonly<Record<string, string>>;
  /** Names of variables that hold a placeholder. */
  readonly placeholders: readonly string[];
  /** Of the session's own; a sandbox has to show it. */
  readonly folder?: string;
  /** Where the proxy is reached from outside a sandbox. */
  readonly gate?: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

/** They replace what a client trusts: the file holds the usual roots, too. Measured or documented client by client, docs/http.md. */
const replacing = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "AWS_CA_BUNDLE",
  "npm_config_cafile",
  "CARGO_HTTP_CAINFO",
  "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
  "BUNDLE_SSL_CA_CERT",
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "HTTPLIB2_CA_CERTS",
  "NIX_SSL_CERT_FILE",
];
/** They add to it. */
const adding = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"];
const systemRoots = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
const here = "localhost,127.0.0.1,::1";

/** `extraRoots` is a file that programs on Node are told to trust already. */
export async function openHttpEnvironment(
  { http, user, password }: Pick<OpenedSession, "http" | "user" | "password">,
  parent: Readonly<Record<string, string | undefined>>,
  extraRoots: string | undefined,
): Promise<HttpEnvironment> {
  if (http === undefined) return { variables: {}, placeholders: [], close: () => Promise.resolve() };
  const folder = await mkdtemp(join(await realpath(tmpdir()), "holdfast-http-"));
  await chmod(folder, 0o700);
  const [ours, merged, preload] = [join(folder, "session-ca.pem"), join(folder, "roots.pem"), join(folder, "old-node-proxy.cjs")];
  const others = extraRoots === undefined ? "" : await readFile(extraRoots, "utf8").catch(() => "");
  await writeFile(ours, `${others}\n${http.certificate}`, { mode: 0o600 });
  await writeFile(merged, `${await usualRoots(parent)}\n${others}\n${http.certificate}`, { mode: 0o600 });
  await writeFile(preload, oldNodeProxyText(), { mode: 0o600 });
  const place = `${http.host.includes(":") ? `[${http.host}]` : http.host}:${http.port}`;
  const url = `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${place}`;
  const proxy = Object.fromEntries(["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].map((name) => [name, url]));
  const kubeconfig = kubeconfigText(http, url);
  const clusters = join(folder, "kubeconfig");
  if (kubeconfig !== undefined) await writeFile(clusters, kubeconfig, { mode: 0o600 });
  const held = http.placeholders.flatMap(({ placeholder, variable }) => (variable === undefined ? [] : [[variable, placeholder] as const]));
  return {
    variables: {
      ...proxy,
      NO_PROXY: here,
      no_proxy: here,
      NODE_USE_ENV_PROXY: "1",
      NODE_OPTIONS: `--require ${JSON.stringify(preload)}`,
      ...Object.fromEntries([...replacing.map((name) => [name, merged]), ...adding.map((name) => [name, ours])]),
      ...Object.fromEntries(held),
      ...(kubeconfig === undefined ? {} : { KUBECONFIG: clusters }),
      HOLDFAST_HTTP: `http://${place}`,
    },
    placeholders: held.map(([variable]) => variable),
    folder,
    gate: { host: http.host, port: http.port },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What clients here trusted before: the parent's own file, else the system's, else those that come with Node. */
async function usualRoots(parent: Readonly<Record<string, string | undefined>>): Promise<string> {
  for (const path of [parent["SSL_CERT_FILE"], ...systemRoots]) {
    const text = path === undefined ? undefined : await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return text;
  }
  return rootCertificates.join("\n");
}

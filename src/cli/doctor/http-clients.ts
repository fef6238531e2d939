/**
 * Which HTTP clients on PATH come to the proxy with what `holdfast run` gives a program, by which variable; and for each that cannot, why
 * and what to do. What is known of clients is a table, measured or documented in docs/http.md; only Node's version is asked here.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Finding, finding, named } from "./finding.ts";

interface Client {
  readonly programs: readonly string[];
  /** By which it comes to the proxy and trusts it; absent where it cannot. */
  readonly by?: string;
  /** Where it cannot, or not by itself. */
  readonly why?: string;
  readonly next?: string;
}

const reverse = "call the proxy's own path, such as http://127.0.0.1:6480/railway/graphql/v2, with the placeholder";

const clients: readonly Client[] = [
  { programs: ["curl"], by: "HTTPS_PROXY and CURL_CA_BUNDLE" },
  { programs: ["git"], by: "HTTPS_PROXY and GIT_SSL_CAINFO" },
  { programs: ["python3", "pip", "pip3"], by: "HTTPS_PROXY with SSL_CERT_FILE, REQUESTS_CA_BUNDLE and PIP_CERT" },
  { programs: ["gh", "terraform", "flyctl", "fly", "doctl"], by: "HTTPS_PROXY and SSL_CERT_FILE" },
  { programs: ["npm", "npx", "pnpm"], by: "https_proxy and npm_config_cafile" },
  { programs: ["aws"], by: "HTTPS_PROXY and AWS_CA_BUNDLE" },
  { programs: ["gcloud"], by: "HTTPS_PROXY and CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE" },
  { programs: ["deno"], by: "HTTPS_PROXY and DENO_CERT" },
  { programs: ["cargo"], by: "HTTPS_PROXY and CARGO_HTTP_CAINFO" },
  {
    programs: ["wget"],
    why: "it comes to the proxy, and reads no variable that says whom to trust",
    next: "wget --ca-certificate=$SSL_CERT_FILE",
  },
  {
    programs: ["kubectl"],
    why: "its kubeconfig names the one authority that it trusts",
    next: "name the cluster under `http.clusters`: `holdfast run` then gives a kubeconfig that leads to the proxy",
  },
  { programs: ["java"], why: "it reads no proxy variable, and sends no login to a proxy by itself", next: reverse },
  { programs: ["ruby", "php"], why: "its own libraries did not come to the proxy by these variables", next: reverse },
];

export interface HttpClientParts {
  readonly path: string | undefined;
  /** What `node --version` says of a program, or nothing. */
  readonly versionOf?: (program: string) => Promise<string>;
}

export async function examineHttpClients({ path = "", versionOf = nodeVersion }: HttpClientParts): Promise<readonly Finding[]> {
  const on = (program: string): string | undefined =>
    path
      .split(delimiter)
      .filter(Boolean)
      .map((folder) => join(folder, program))
      .find((file) => existsSync(file));
  const found = clients.flatMap(({ programs, ...client }) => {
    const there = programs.filter((program) => on(program) !== undefined);
    return there.length === 0 ? [] : [findingOf(there.join(", "), client)];
  });
  const node = on("node");
  return [...found, ...(node === undefined ? [] : [nodeFinding(await versionOf(node))])];
}

function findingOf(name: string, { by, why, next }: Omit<Client, "programs">): Finding {
  if (by !== undefined) return named("http-client", finding(TOPIC, "good", `${name}: through the proxy, by ${by}`));
  return { id: "http-client-cannot", topic: TOPIC, state: "weak", text: `${name}: not by itself`, why: why ?? "", next: next ?? "" };
}

const TOPIC = "http clients";

/** 22.21 and 24.5 read proxy variables; before that our preload brings it there, from 18 on. */
function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (!Number.isInteger(major) || major === 0)
    return named("http-client-cannot", finding(TOPIC, "unknown", "node: its version could not be asked"));
  const knows = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
  if (knows)
    return named(
      "http-client",
      finding(TOPIC, "good", `node ${version}: through the proxy, by NODE_USE_ENV_PROXY and NODE_EXTRA_CA_CERTS`),
    );
  if (major >= 18)
    return named(
      "http-client",
      finding(
        TOPIC,
        "good",
        `node ${version}: knows no proxy variable; \`fetch\` and \`https\` come to the proxy by a preload in NODE_OPTIONS`,
      ),
    );
  return {
    id: "http-client-cannot",
    topic: TOPIC,
    state: "weak",
    text: `node ${version}: goes past the proxy`,
    why: "it knows no proxy variable, and is too old for the preload",
    next: "use Node 18 or newer, or run agents with --sandbox, where there is no way past",
  };
}

function nodeVersion(program: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, ["--version"], { timeout: 10_000 }, (error, out) => resolve(error === null ? out.trim() : ""));
  });
}

/**
 * Looks at what lies on this machine: modes of files and folders, secrets within an agent's reach, and Node.js itself.
 * It reads no secret's bytes but to find PostgreSQL URLs in `.env` files, and never shows them.
 */
import { readFile, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { upstreamFromUrl } from "../../config/address.ts";
import type { Config } from "../../config/config.ts";
import type { StatePlaces } from "../settings.ts";
import { type Finding, finding } from "./finding.ts";

export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const good = major > 22 || (major === 22 && minor >= 13);
  return good
    ? finding("node", "good", `Node.js ${version}`)
    : finding("node", "bad", `Node.js ${version} is too old`, "install 22.13 or newer");
}

/** The config decides what is protected: whoever may change it, or swap it by its folder, decides that too. */
export async function examineConfigFile(path: string): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const [topic, at] of [
    ["config", path],
    ["config", dirname(path)],
  ] as const) {
    const mode = (await stat(at)).mode;
    const open = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
    if (open) found.push(finding(topic, "bad", `\`${at}\` may be changed by other accounts (mode ${octal(mode)})`, `chmod go-w ${at}`));
  }
  return found.length > 0 ? found : [finding("config", "good", `\`${path}\` may be changed by its owner only`)];
}

export async function examineState(config: Config, places: StatePlaces): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const wanted = [
    [config.state, 0o077],
    [places.audit, 0o077],
    [places.keys, 0o077],
    [join(places.keys, "audit.key"), 0o077],
    [places.controlSocket, 0o077],
  ] as const;
  for (const [path, refused] of wanted) {
    const mode = await modeOf(path);
    if (mode !== undefined && (mode & refused) !== 0)
      found.push(finding("state", "bad", `\`${path}\` is open to other accounts (mode ${octal(mode)})`, `chmod go-rwx ${path}`));
  }
  if ((await modeOf(config.state)) === undefined)
    return [finding("state", "unknown", `\`${config.state}\` is not there yet`, "start the gateway once: holdfast up")];
  return found.length > 0 ? found : [finding("state", "good", `\`${config.state}\` is private to its owner`)];
}

/** Files that hold secrets by reference. */
export async function examineSecretFiles(config: Config): Promise<readonly Finding[]> {
  const references = [
    ...config.targets.flatMap((target) => [target.upstream.url, target.upstream.password]),
    ...config.users.map((user) => (user.login.kind === "verifier" ? undefined : user.login)),
  ];
  const keys = config.targets.flatMap((target) => (target.clientTls === undefined ? [] : [target.clientTls.key]));
  const files = new Set([...references.flatMap((reference) => (reference?.kind === "file" ? [reference.path] : [])), ...keys]);
  const found: Finding[] = [];
  for (const path of files) {
    const mode = await modeOf(path);
    if (mode === undefined)
      found.push(finding("secrets", "bad", `\`${path}\` is not there`, "make it, or name another file in the config"));
    else if ((mode & 0o077) !== 0)
      found.push(finding("secrets", "bad", `\`${path}\` may be read by other accounts (mode ${octal(mode)})`, `chmod 600 ${path}`));
    else found.push(finding("secrets", "good", `\`${path}\` may be read by its owner only`));
  }
  return found;
}

/** A login of the real server that lies beside the config is a way round the gate for whoever works in that folder. */
export async function examineEnvFiles(
  directory: string,
  upstreams: readonly { readonly host: string; readonly port: number }[],
): Promise<readonly Finding[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name === ".env" || name.startsWith(".env."));
  const found: Finding[] = [];
  for (const name of names) {
    const text = await readFile(join(directory, name), "utf8").catch(() => "");
    const urls = text.slice(0, 1024 * 1024).match(/postgres(?:ql)?:\/\/[^\s"'`]+/g) ?? [];
    const round = urls
      .map(upstreamFromUrl)
      .some((url) => url?.password !== undefined && upstreams.some((at) => at.host === url.host && at.port === url.port));
    if (round) {
      const next = "put the agent's connection string of Holdfast there, and the server's where the agent's account cannot read";
      found.push(
        finding(
          "secrets",
          "bad",
          `\`${join(directory, name)}\` holds a login of the real server: an agent that finds it goes round Holdfast`,
          next,
        ),
      );
    }
  }
  return found;
}

async function modeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mode;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

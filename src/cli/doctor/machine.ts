/**
 * Looks at what lies on this machine: modes of files and folders, secrets within an agent's reach, and Node.js itself.
 * It reads no secret's bytes but to see that there are some, and never shows them.
 */
import { figure } from "../../base/counted.ts";
import { readFile, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../../config/config.ts";
import type { StatePlaces } from "../settings.ts";
import { secretsIn } from "../../scan/detect.ts";
import { type Finding, finding, weakness } from "./finding.ts";

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

/** The config holds references and verifiers: a verifier lets whoever reads it guess the password at leisure. */
export async function examineConfigText(path: string): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const mode = await modeOf(path);
  if (mode !== undefined && (mode & 0o044) !== 0)
    found.push(
      weakness("config-readable", "config", "weak", {
        text: `\`${path}\` may be read by other accounts (mode ${octal(mode)})`,
        why: "it says where every secret lies, and its verifiers let passwords be guessed at leisure",
        next: `chmod 600 ${path}`,
      }),
    );
  const text = (await readFile(path, "utf8").catch(() => "")).replace(/SCRAM-SHA-256\$[^\s"']+/g, "");
  const secrets = secretsIn({ path: "holdfast.yaml", text });
  if (secrets.length > 0)
    found.push(
      weakness("config-secret", "config", "bad", {
        text: `\`${path}\` holds ${secrets.length === 1 ? "something" : `${secrets.length} things`} that looks like a secret`,
        why: "comments and old lines are read by whoever reads the file",
        next: "take it out, make it void where it came from, and write { env: NAME }, { file: PATH } or { vault: NAME }",
      }),
    );
  return found;
}

const roomWeak = 1024 ** 3;
const roomBad = 64 * 1024 ** 2;

export async function examineRoom(directory: string): Promise<readonly Finding[]> {
  const room = await statfs(directory).catch(() => undefined);
  return room === undefined ? [] : judgeRoom(room.bavail * room.bsize, directory);
}

/** Nothing that changes data passes a log that cannot be written. `left` in bytes. */
export function judgeRoom(left: number, directory: string): readonly Finding[] {
  if (left >= roomWeak) return [];
  return [
    weakness("room", "audit log", left < roomBad ? "bad" : "weak", {
      text: `${figure(Math.floor(left / 1024 ** 2))} MiB are left where the audit log is written`,
      why: "when it is full, everything is refused",
      next: `make room in the file system of ${directory}, or set \`audit.directory\``,
    }),
  ];
}

async function modeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mode;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

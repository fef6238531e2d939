/**
 * Looks at what stands between an agent of the same account and the guard's own secrets: the vault, the log's key, whether a person
 * accepted the configuration, and whether others of the account can read the gateway's memory.
 * It opens no vault itself, and shows nothing of what is in one.
 */
import { figure } from "../../base/counted.ts";
import { access, constants, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config, SecretReference } from "../../config/config.ts";
import { NoGateway, readStatus } from "../../control/client.ts";
import type { GatewayStatus } from "../../control/contract.ts";
import type { Vault } from "../../wiring/vault.ts";
import { causeText } from "../errors.ts";
import type { StatePlaces } from "../settings.ts";
import { type Finding, finding } from "./finding.ts";

/** `vault`: the open one; `null` where there is one that nobody opened; `undefined` where there is none. */
export async function examineVault(config: Config, places: StatePlaces, vault: Vault | null | undefined): Promise<readonly Finding[]> {
  const plainKey = join(places.keys, "audit.key");
  const hasPlainKey = await stat(plainKey).then(
    () => true,
    () => false,
  );
  const plain = references(config).filter(({ kind }) => kind !== "vault").length;
  if (vault === undefined) {
    const text = "there is no vault: an agent under this account can read the signing key and every secret that the configuration names";
    return [finding("vault", "weak", text, "holdfast vault init, see docs/vault.md")];
  }
  const found: Finding[] = [];
  if (hasPlainKey)
    found.push(finding("vault", "bad", `\`${plainKey}\` lies beside the vault, which holds the log's key`, "remove it: it is not used"));
  if (plain > 0) {
    const text = `${figure(plain)} of the configuration's secrets stand in variables or files: an agent under this account finds them`;
    found.push(finding("vault", "weak", text, "put them in with `holdfast vault add`, and write { vault: NAME }"));
  }
  if (vault === null) {
    const next = "run doctor on a terminal, or give --vault-key-fd";
    return [...found, finding("vault", "unknown", "is sealed, and was not opened: what is in it was not looked at", next)];
  }
  return [...found, ...(await examineOpen(config, places, vault))];
}

async function examineOpen(config: Config, places: StatePlaces, vault: Vault): Promise<readonly Finding[]> {
  const { signerOfVault, demandNewestVault, demandWholeLog } = await import("../../wiring/vault.ts");
  const { content, generation } = vault;
  const found: Finding[] = [];
  try {
    await demandWholeLog(places.audit, content.logSize, await signerOfVault(vault, config));
    await demandNewestVault(places.audit, vault);
    found.push(finding("vault", "good", `version ${generation} opens, and fits the audit log`));
  } catch (error) {
    found.push(finding("vault", "bad", causeText(error)));
  }
  const persons = Object.keys(content.persons).length;
  if (persons === 0)
    found.push(finding("persons", "weak", "nobody is registered: nothing that needs a person can be done", "holdfast person add NAME"));
  else found.push(finding("persons", "good", `${figure(persons)} registered`));
  if (content.configDigest === null) {
    const text = "any configuration is loaded: whoever can write the file changes the policy at the next reload";
    found.push(finding("config", "weak", text, "holdfast vault accept"));
  } else if (content.configDigest !== config.source?.digest) {
    const text = "is not the one that a person accepted: it will not be loaded";
    found.push(finding("config", "bad", text, "look at what changed, then `holdfast vault accept`"));
  } else found.push(finding("config", "good", "is the one that a person accepted"));
  return found;
}

function references(config: Config): readonly SecretReference[] {
  const all = [
    ...config.targets.flatMap(({ upstream, roles }) => [upstream.url, upstream.password, roles?.admin?.url, roles?.admin?.password]),
    ...config.users.map(({ login }) => (login.kind === "verifier" ? undefined : login)),
  ];
  return all.filter((reference) => reference !== undefined);
}

/** What a running gateway has noticed, and who can read its memory. Nothing where none runs. */
export async function examineRunning(places: StatePlaces): Promise<readonly Finding[]> {
  const status = await readStatus(places.controlSocket).catch((error: unknown) => (error instanceof NoGateway ? undefined : null));
  if (status === undefined) return [];
  if (status === null)
    return [finding("gateway", "bad", "what answers on the control socket is no gateway of Holdfast", "see who listens there: ss -xlp")];
  return [...examineNoticed(status), ...(await examineMemory(status.processId))];
}

function examineNoticed({ vault, config, audit }: GatewayStatus): readonly Finding[] {
  const found: Finding[] = [];
  if (!audit.writable)
    found.push(
      finding(
        "gateway",
        "bad",
        "its audit log cannot be written: nothing that changes data passes",
        "see its standard error, and start it again",
      ),
    );
  if (vault?.problem !== undefined)
    found.push(finding("gateway", "bad", `its vault was touched: ${vault.problem}`, "keep a copy of the folder"));
  if (config !== undefined && config.onDisk !== "as loaded") {
    const next = "look at what changed; SIGHUP loads it, once it is accepted where persons are registered";
    found.push(finding("gateway", "weak", `its configuration's file is ${config.onDisk} since it was loaded`, next));
  }
  return found;
}

/** What Linux lets a program of the same account do to another one: read and write its memory, unless Yama or an account forbids it. */
async function examineMemory(processId: number): Promise<readonly Finding[]> {
  if (process.platform !== "linux") return [];
  const scope = Number((await readFile("/proc/sys/kernel/yama/ptrace_scope", "utf8").catch(() => "0")).trim());
  const limits = await readFile(`/proc/${processId}/limits`, "utf8").catch(() => "");
  const memory =
    scope >= 1
      ? finding("memory", "good", `other programs of the account cannot attach to the gateway (ptrace_scope ${scope})`)
      : finding(
          "memory",
          "weak",
          "a program of the gateway's account can attach to it and read all that it holds",
          "run the gateway under an account of its own, or set kernel.yama.ptrace_scope to 1",
        );
  const core = /^Max core file size\s+(\S+)/m.exec(limits)?.[1];
  const dumps =
    core === undefined || core === "0"
      ? []
      : [finding("memory", "weak", "the gateway may dump core: a file with its secrets", "ulimit -c 0 before it is started")];
  const program = await access(import.meta.dirname, constants.W_OK).then(
    () => process.getuid?.() !== 0,
    () => false,
  );
  const own = program
    ? [
        finding(
          "program",
          "weak",
          "this account may change Holdfast's own program files",
          "let another account own them: sudo npm install --global holdfast",
        ),
      ]
    : [];
  return [memory, ...dumps, ...own];
}

/**
 * `holdfast doctor`: looks at the guard itself, and says what leaves it unprotected and what to do about it.
 * It changes nothing, on this machine or on a server.
 */
import { figure } from "../../base/counted.ts";
import { dirname } from "node:path";
import type { Config } from "../../config/config.ts";
import type { Vault } from "../../wiring/vault.ts";
import type { Finding, State } from "../doctor/finding.ts";
import { examineConfigFile, examineConfigText, examineNode, examineRoom, examineSecretFiles, examineState } from "../doctor/machine.ts";
import { examineBackups } from "../doctor/backups.ts";
import { examineBin } from "../doctor/bin.ts";
import { examineDrift } from "../doctor/drift.ts";
import { examineHttpClients } from "../doctor/http-clients.ts";
import { examineLog } from "../doctor/log.ts";
import { examineWays } from "../doctor/ways-around.ts";
import { examineRoles } from "../doctor/roles.ts";
import { readStatus } from "../../control/client.ts";
import { ownFolders, secretFiles } from "../secret-files.ts";
import { examineStore } from "../doctor/store.ts";
import { examineTarget, examineUsers } from "../doctor/targets.ts";
import { examineRunning, examineVault } from "../doctor/vault.ts";
import { exitCodes } from "../errors.ts";
import { fit, padEnd, paragraph, width } from "../output.ts";
import { setExit } from "../exit.ts";
import { configOption, configPath, readConfig, stateOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";
import { canType } from "../passphrase.ts";
import { keyIsGiven, secretPlaces, unsealed, vaultKeyOptions, type VaultKeyOptions } from "../unseal.ts";

interface Options extends VaultKeyOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export const define: Define = (command, terminal) => {
  vaultKeyOptions(command.addOption(configOption()))
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast doctor\n  holdfast doctor --json | jq '.findings[] | select(.state == \"bad\")'\n\n" +
        "The exit code is 1 when something is unprotected.\n",
    )
    .action((options: Options) => doctor(options, terminal));
};

async function doctor(options: Options, terminal: Terminal): Promise<void> {
  const findings = await examine(options, terminal);
  const bad = findings.filter(({ state }) => state === "bad").length;
  if (bad > 0) setExit(terminal, exitCodes.failed);
  if (options.json === true) return terminal.out(`${JSON.stringify({ ok: bad === 0, findings })}\n`);
  const indent = Math.min(34, Math.max(22, ...findings.map(({ topic }) => width(topic) + 7)));
  await terminal.out(findings.map((found) => rendered(found, indent, terminal)).join(""));
  const end =
    bad === 0
      ? terminal.style("green", "nothing is unprotected")
      : terminal.style(["bold", "red"], `${figure(bad)} ${bad === 1 ? "thing is" : "things are"} unprotected`);
  await terminal.out(`\n${end}\n`);
}

async function examine(options: Options, terminal: Terminal): Promise<readonly Finding[]> {
  const config = await readConfig(options.config, terminal);
  const places = await stateOf(options.config, terminal);
  const path = configPath(options.config, terminal);
  const vault = await openedVault(config, options, terminal);
  const environment = secretPlaces(terminal, vault ?? undefined);
  const status = await readStatus(places.controlSocket).catch(() => undefined);
  const databases = config.targets.filter(({ apiOnly }) => apiOnly !== true);
  const targets = await Promise.all(databases.map((target) => examineTarget(target, environment, status !== undefined)));
  const upstreams = targets.flatMap(({ upstream }) => (upstream === undefined ? [] : [upstream]));
  const own = { folders: ownFolders(config), files: secretFiles(config) };
  return [
    examineNode(process.versions.node),
    ...(await examineConfigFile(path)),
    ...(await examineConfigText(path)),
    ...(await examineState(config, places)),
    ...(await examineSecretFiles(config)),
    ...(await examineVault(config, places, vault)),
    ...(await examineRunning(places)),
    ...examineDrift(config, status),
    ...(await examineWays({ folder: dirname(path), home: terminal.env["HOME"], upstreams, own, signal: terminal.untilEnded() })),
    ...targets.flatMap(({ findings }) => findings),
    ...databases.flatMap(examineRoles),
    ...(await Promise.all(databases.map((target) => examineBin(target, environment, Date.now())))).flat(),
    ...(await Promise.all(databases.map((target) => examineBackups(target, status, Date.now())))).flat(),
    ...examineUsers(config),
    ...(config.http === undefined ? [] : await examineHttpClients({ path: terminal.env["PATH"] })),
    ...(await examineStore(config, environment)),
    await examineLog(places, status !== undefined),
    ...(await examineRoom(places.audit)),
  ];
}

/** `null`: there is one, and nobody can be asked to open it. What it holds then stays unknown. */
async function openedVault(config: Config, options: Options, terminal: Terminal): Promise<Vault | null | undefined> {
  const { sealedVaultExists } = await import("../../wiring/vault.ts");
  if (!sealedVaultExists(config)) return undefined;
  const can = keyIsGiven(options, terminal) || (canType(terminal) && options.json !== true);
  return can ? unsealed(config, options, terminal) : null;
}

const marks: Readonly<Record<State, readonly [mark: string, style: "green" | "yellow" | "red" | "dim"]>> = {
  good: ["ok", "green"],
  weak: ["weak", "yellow"],
  bad: ["BAD", "red"],
  unknown: ["?", "dim"],
};

function rendered({ topic, state, text, why, next }: Finding, indent: number, terminal: Terminal): string {
  const [mark, style] = marks[state];
  const body = paragraph(why === undefined ? text : `${text}: ${why}`, terminal.columns, indent);
  const advice = next === undefined ? "" : terminal.style("dim", paragraph(next, terminal.columns, indent));
  return `${terminal.style(style, padEnd(mark, 5))} ${padEnd(fit(topic, indent - 7), indent - 7)} ${body.trimStart()}${advice}`;
}

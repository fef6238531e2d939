/**
 * `holdfast doctor`: looks at the guard itself, and says what leaves it unprotected and what to do about it.
 * It changes nothing, on this machine or on a server.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../../config/config.ts";
import type { Vault } from "../../wiring/vault.ts";
import { publicKeyFile } from "../../audit/keys.ts";
import { verifyLog } from "../../audit/verify.ts";
import { type Finding, type State, finding } from "../doctor/finding.ts";
import { examineConfigFile, examineEnvFiles, examineNode, examineSecretFiles, examineState } from "../doctor/machine.ts";
import { examineRoles } from "../doctor/roles.ts";
import { examineTarget, examineUsers } from "../doctor/targets.ts";
import { examineRunning, examineVault } from "../doctor/vault.ts";
import { causeText, exitCodes } from "../errors.ts";
import { figure, padEnd, paragraph } from "../output.ts";
import { setExit } from "../exit.ts";
import { type StatePlaces, configOption, configPath, readConfig, stateOf } from "../settings.ts";
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
  await terminal.out(findings.map((found) => rendered(found, terminal)).join(""));
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
  const targets = await Promise.all(config.targets.map((target) => examineTarget(target, environment)));
  const upstreams = targets.flatMap(({ upstream }) => (upstream === undefined ? [] : [upstream]));
  return [
    examineNode(process.versions.node),
    ...(await examineConfigFile(path)),
    ...(await examineState(config, places)),
    ...(await examineSecretFiles(config)),
    ...(await examineVault(config, places, vault)),
    ...(await examineRunning(places)),
    ...(await examineEnvFiles(dirname(path), upstreams)),
    ...targets.flatMap(({ findings }) => findings),
    ...config.targets.flatMap(examineRoles),
    ...examineUsers(config),
    await examineLog(places),
  ];
}

/** `null`: there is one, and nobody can be asked to open it. What it holds then stays unknown. */
async function openedVault(config: Config, options: Options, terminal: Terminal): Promise<Vault | null | undefined> {
  const { sealedVaultExists } = await import("../../wiring/vault.ts");
  if (!sealedVaultExists(config)) return undefined;
  const can = keyIsGiven(options, terminal) || (canType(terminal) && options.json !== true);
  return can ? unsealed(config, options, terminal) : null;
}

async function examineLog(places: StatePlaces): Promise<Finding> {
  const publicKey = await readFile(join(places.keys, publicKeyFile), "utf8").catch(() => undefined);
  if (publicKey === undefined) return finding("audit log", "unknown", "there is no log yet", "start the gateway once: holdfast up");
  try {
    const report = await verifyLog({ directory: places.audit, publicKey });
    if (report.ok)
      return finding(
        "audit log",
        "good",
        `verifies: ${figure(report.records)} records, ${figure(report.unanchored)} of them not yet under a checkpoint`,
      );
    return finding(
      "audit log",
      "bad",
      `does not verify: ${report.problems[0]?.message ?? "for a reason not given"}`,
      "see `holdfast audit verify`, and keep a copy of the folder",
    );
  } catch (error) {
    return finding("audit log", "bad", `cannot be verified: ${causeText(error)}`, "see `holdfast audit verify`");
  }
}

const marks: Readonly<Record<State, readonly [mark: string, style: "green" | "yellow" | "red" | "dim"]>> = {
  good: ["ok", "green"],
  weak: ["weak", "yellow"],
  bad: ["BAD", "red"],
  unknown: ["?", "dim"],
};

function rendered({ topic, state, text, next }: Finding, terminal: Terminal): string {
  const [mark, style] = marks[state];
  const indent = 22;
  const body = paragraph(text, terminal.columns, indent);
  const advice = next === undefined ? "" : terminal.style("dim", paragraph(next, terminal.columns, indent));
  return `${terminal.style(style, padEnd(mark, 5))} ${padEnd(topic, indent - 7)} ${body.trimStart()}${advice}`;
}

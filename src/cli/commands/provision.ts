/**
 * `holdfast provision`: shows every statement that least privilege at a server takes, and runs them once a person agrees.
 * It never runs anything that it did not show.
 */
import { figure } from "../../base/counted.ts";
import { resolve } from "node:path";
import type { SecretReference } from "../../config/config.ts";
import type { Provisioning } from "../../wiring.ts";
import { ask, canAsk } from "../ask.ts";
import { migrationQuestion } from "../initial-roles.ts";
import { causeText, exitCodes, failed, wrongUse } from "../errors.ts";
import { setExit } from "../exit.ts";
import { paragraph, visible } from "../output.ts";
import { configOption, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";
import type { Vault } from "../../wiring/vault.ts";
import { secretPlaces, unsealed, vaultKeyOptions, type VaultKeyOptions } from "../unseal.ts";

interface Options extends VaultKeyOptions {
  readonly config?: string;
  readonly target?: string;
  readonly adminUrlEnv?: string;
  readonly adminUrlFile?: string;
  readonly adminUrlVault?: string;
  readonly migrationRole?: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const define: Define = (command, terminal) => {
  vaultKeyOptions(command.addOption(configOption()))
    .option("--target <name>", "which target of the configuration (default: the only one)")
    .option("--admin-url-env <name>", "the environment variable with the administrator's URL")
    .option("--admin-url-file <file>", "the file with the administrator's URL")
    .option("--admin-url-vault <name>", "the secret in the vault that is the administrator's URL")
    .option("--migration-role <name>", "the migration runner's login, which is never shared; `none` where there is none")
    .option("--dry-run", "show the statements and change nothing")
    .option("--undo", "take back what was provisioned")
    .option("--yes", "run the statements without asking")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast provision --admin-url-env ADMIN_URL --migration-role shop_migrator --dry-run\n" +
        "  holdfast provision --target shop --admin-url-file admin.url --undo\n\n" +
        "The administrator needs CREATEROLE and the rights of those who own the tables, and no superuser's.\n",
    )
    .action((options: Options) => provision(options, terminal));
};

/**
 * Also the end of `holdfast init --admin-url-env`. Shows every statement; runs them once a person agrees. `open` is the vault where the
 * caller has it open already, and the caller's to close.
 */
export async function provision(options: Options, terminal: Terminal, open?: Vault): Promise<void> {
  const admin = adminReference(options, terminal);
  const config = await readConfig(options.config, terminal);
  const [only, ...more] = config.targets;
  const target = options.target ?? (more.length === 0 ? only?.name : undefined);
  if (target === undefined) throw wrongUse("there are several targets", "name one with --target");
  const configured = config.targets.find(({ name }) => name === target)?.roles?.migrationRole;
  const undo = options.undo === true;
  const migrationRole = undo ? null : await migrationRoleOf(options, configured, terminal);
  const { WiringError, openProvisioning } = await import("../../wiring.ts");
  const direction = undo ? "undo" : "provision";
  const vault = open ?? (await unsealed(config, options, terminal));
  const opened = await openProvisioning(config, {
    target,
    admin,
    migrationRole,
    direction,
    environment: secretPlaces(terminal, vault),
  }).catch((error: unknown) => {
    throw error instanceof WiringError ? failed(error.message) : failed(`the server's rights cannot be read: ${causeText(error)}`);
  });
  try {
    await carryOut(opened, { ...options, target }, terminal);
  } finally {
    await opened.close().catch(() => undefined);
    if (open === undefined) vault?.close();
  }
}

function adminReference({ adminUrlEnv, adminUrlFile, adminUrlVault }: Options, terminal: Terminal): SecretReference {
  const references: readonly SecretReference[] = [
    ...(adminUrlEnv === undefined ? [] : [{ kind: "env", name: adminUrlEnv } as const]),
    ...(adminUrlFile === undefined ? [] : [{ kind: "file", path: resolve(terminal.workingDirectory, adminUrlFile) } as const]),
    ...(adminUrlVault === undefined ? [] : [{ kind: "vault", name: adminUrlVault } as const]),
  ];
  const [only, ...more] = references;
  if (only === undefined || more.length > 0)
    throw wrongUse(
      only === undefined ? "the administrator's URL is missing" : "the administrator's URL is given twice",
      "give one of --admin-url-vault NAME, --admin-url-env NAME and --admin-url-file FILE",
    );
  return only;
}

/** Asked for where it can be: the one login that must never be an agent's. */
async function migrationRoleOf(options: Options, configured: string | undefined, terminal: Terminal): Promise<string | null> {
  const given =
    options.migrationRole ?? configured ?? (canAsk(terminal) && options.yes !== true ? await ask(migrationQuestion, terminal) : "");
  if (given === "")
    throw wrongUse(
      "the migration runner's login is not known",
      "give it with --migration-role, or `none` where there is none: it is never shared",
    );
  return given === "none" ? null : given;
}

async function carryOut(opened: Provisioning, options: Options & { target: string }, terminal: Terminal): Promise<void> {
  const { plan } = opened;
  const { steps, notes, refusals } = plan;
  if (options.json !== true) await terminal.out(rendered(opened, terminal));
  const applied = refusals.length === 0 && steps.length > 0 && options.dryRun !== true && (await agreed(options, terminal));
  if (applied) await opened.apply().catch((error: unknown) => Promise.reject(failed(causeText(error), "nothing was changed")));
  if (options.json === true) {
    const statements = steps.map(({ sql, as, why }) => ({ sql, as, why }));
    await terminal.out(`${JSON.stringify({ target: options.target, statements, notes, refusals, applied })}\n`);
  }
  if (refusals.length > 0) return setExit(terminal, exitCodes.failed);
  if (options.json === true) return;
  const done = steps.length === 0 ? "nothing is to be done" : applied ? "done" : "nothing was changed";
  await terminal.out(`\n${terminal.style(applied || steps.length === 0 ? "green" : "yellow", done)}\n`);
}

/** By name and not by a key: a habit is no agreement. */
async function agreed(options: Options & { target: string }, terminal: Terminal): Promise<boolean> {
  if (options.yes === true) return true;
  if (!canAsk(terminal)) return false;
  const what = options.undo === true ? "take them back" : "run them";
  return (await ask(`\nType the target's name to ${what}: `, terminal)) === options.target;
}

function rendered({ plan, admin, database, place }: Provisioning, terminal: Terminal): string {
  const { steps, notes, refusals } = plan;
  const head = `${figure(steps.length)} statements as ${visible(admin)} in database ${visible(database)} at ${visible(place)}\n\n`;
  let why = "";
  const lines = steps.map((step) => {
    const comment = step.why === why ? "" : terminal.style("dim", `-- ${visible(step.why)}\n`);
    why = step.why;
    const as = step.as === null ? "" : `SET LOCAL ROLE ${visible(step.as)}; `;
    return `${comment}${as}${visible(step.sql)};${step.as === null ? "" : " RESET ROLE;"}\n`;
  });
  const told = (mark: string, texts: readonly string[]) =>
    texts.map((text) => paragraph(`${mark} ${visible(text)}`, terminal.columns)).join("");
  const left = notes.length === 0 ? "" : `\n${terminal.style("yellow", "what stays weaker")}\n${told("-", notes)}`;
  const stops = refusals.length === 0 ? "" : `\n${terminal.style(["bold", "red"], "this cannot be done")}\n${told("-", refusals)}`;
  return `${head}${lines.join("")}${left}${stops}`;
}

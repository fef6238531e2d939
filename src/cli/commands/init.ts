/**
 * `holdfast init`: looks at a server without changing it, and writes a commented holdfast.yaml with a login for the agent.
 * The server's password is written nowhere but into a sealed vault, when one is wanted; the agent's is shown once, and the file keeps what
 * cannot be turned back into it.
 */
import { figure } from "../../base/counted.ts";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemRandom } from "../../base/ids.ts";
import { type UpstreamAddress, isLoopback, parseListen, upstreamFromUrl } from "../../config/address.ts";
import { renderInitialConfig } from "../../config/initial-config.ts";
import { defaultTls } from "../../config/resolve-entries.ts";
import { type Environment, environments } from "../../model/principal.ts";
import type { Vault, VaultContent } from "../../wiring/vault.ts";
import { ask, canAsk } from "../ask.ts";
import { causeText, failed, wrongUse } from "../errors.ts";
import { type InitialRoles, initialRoles, type RoleOptions } from "../initial-roles.ts";
import { newPassphrase } from "../new-passphrase.ts";
import { padEnd, paragraph, visible } from "../output.ts";
import { type Probed, probeServer } from "../probe.ts";
import { configOption, configPath, defaultConfigFile, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";
import { provision } from "./provision.ts";
import { vaultKeyOptions, vaultPassphrase, type VaultKeyOptions } from "../unseal.ts";

interface Options extends VaultKeyOptions, RoleOptions {
  readonly config?: string;
  readonly url?: string;
  readonly urlVariable: string;
  readonly environment: string;
  readonly listen: string;
  readonly target: string;
  readonly user: string;
  readonly force?: boolean;
  readonly vault?: boolean;
}

export const define: Define = (command, terminal) => {
  vaultKeyOptions(command.addOption(configOption()))
    .option("--url <url>", "the server (default: from the environment variable)")
    .option("--vault", "seal the server's URL in a vault, by a passphrase (asked on a terminal when neither is given)")
    .option("--no-vault", "leave the server's URL in its environment variable")
    .option("--url-variable <name>", "the environment variable that Holdfast will read the server's URL from", "DATABASE_URL")
    .option("-e, --environment <name>", `what the server is: ${environments.join(", ")}`, "production")
    .option("--listen <host:port>", "where the agent will connect", "127.0.0.1:6432")
    .option("--target <name>", "the target's name in the file", "main")
    .option("--user <name>", "the agent's name", "agent")
    .option(
      "--admin-url-env <name>",
      "the environment variable with the URL of a login with CREATEROLE: sets up roles of their own for sessions",
    )
    .option(
      "--migration-role <name>",
      "the migration runner's login, which is never shared; `none` where there is none (asked on a terminal)",
    )
    .option("--force", "overwrite an existing file")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast init                       with DATABASE_URL set\n  holdfast init " +
        "--url postgres://app@db.example:5432/shop --environment staging\n" +
        "  holdfast init --admin-url-env ADMIN_URL --migration-role shop_migrator\n",
    )
    .action((options: Options) => init(options, terminal));
};

async function init(options: Options, terminal: Terminal): Promise<void> {
  const asked = checked(options);
  const { address: upstream, text: serverUrl } = addressOf(options, terminal);
  const roles = await initialRoles(options, upstream, terminal);
  const sealing = await wantsVault(options, terminal);
  const probed = await probe(upstream, options.urlVariable);
  const { newLogin } = await import("../../wiring.ts");
  const { password, verifier } = newLogin(systemRandom);
  const path = configPath(options.config, terminal);
  const text = renderInitialConfig({
    target: options.target,
    environment: asked.environment,
    listen: options.listen,
    urlVariable: options.urlVariable,
    ...(sealing ? { urlSecret: urlSecret(options) } : {}),
    ...roles,
    user: { name: options.user, kind: "ai_agent", verifier },
  });
  const passphrase = sealing ? await passphraseFor(path, options, terminal) : undefined;
  await write(path, text, options.force === true);
  const vault = passphrase === undefined ? undefined : await sealUrl(serverUrl, passphrase, options, terminal);
  try {
    await terminal.out(summary(probed, upstream, terminal));
    await terminal.out(nextSteps({ options, database: probed.database, password, listen: asked.listen, sealed: sealing }, terminal));
    await provisionNow(options, roles, terminal, vault);
  } finally {
    vault?.close();
  }
}

/** Where an administrator was named: with the vault that is open, so that nobody types its passphrase twice. */
async function provisionNow(options: Options, roles: InitialRoles, terminal: Terminal, vault: Vault | undefined): Promise<void> {
  if (roles.adminVariable === undefined) return;
  await terminal.out(`\n${terminal.style("bold", "least privilege at the server")}\n`);
  const migrationRole = roles.migrationRole ?? "none";
  const { config, target } = options;
  const canRun = canAsk(terminal) ? {} : { dryRun: true };
  await provision(
    { ...(config === undefined ? {} : { config }), target, adminUrlEnv: roles.adminVariable, migrationRole, ...canRun },
    terminal,
    vault,
  );
}

function checked(options: Options): {
  readonly environment: Environment;
  readonly listen: { readonly host: string; readonly port: number };
} {
  const environment = environments.find((name) => name === options.environment);
  if (environment === undefined)
    throw wrongUse(`\`${visible(options.environment)}\` is no environment`, `give one of ${environments.join(", ")}`);
  const listen = parseListen(options.listen);
  if (listen === undefined)
    throw wrongUse(`\`${visible(options.listen)}\` is no address to listen on`, "give host:port, for example 127.0.0.1:6432");
  if (!isLoopback(listen.host))
    throw wrongUse(
      `\`${visible(listen.host)}\` is reachable from other machines, and that needs a certificate`,
      "listen on 127.0.0.1 first, and add `tls` to the file before you change it",
    );
  if (!/^[a-z][a-z0-9_-]{0,63}$/.test(options.target))
    throw wrongUse(`\`${visible(options.target)}\` is no name for a target`, "use small letters, digits, `-` and `_`, a letter first");
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(options.urlVariable))
    throw wrongUse(`\`${visible(options.urlVariable)}\` is no name of an environment variable`);
  if (!/^[\p{L}\p{N}_.@-]{1,63}$/u.test(options.user))
    throw wrongUse(`\`${visible(options.user)}\` is no name for a user`, "use letters, digits, `_`, `-`, `.` and `@`, at most 63");
  return { environment, listen };
}

/** On a terminal a person is asked; a program says what it wants, or gets what it always got. */
async function wantsVault({ vault }: Options, terminal: Terminal): Promise<boolean> {
  if (vault !== undefined) return vault;
  if (!canAsk(terminal)) return false;
  return !/^n/i.test(await ask("Seal the server's URL in a vault, so that no plain secret stays on this machine? [Y/n] ", terminal));
}

/** Of the vault that a former `init` made where this file's state will be, or of a new one. */
async function passphraseFor(path: string, options: Options, terminal: Terminal): Promise<Buffer> {
  const { sealedVaultExists } = await import("../../wiring/vault.ts");
  const exists = sealedVaultExists({ state: join(dirname(path), ".holdfast") });
  return exists ? vaultPassphrase(options, terminal) : newPassphrase(options, terminal);
}

function urlSecret({ target }: Options): string {
  return `${target}-url`;
}

/** An existing vault is opened, and must not hold the name yet; else one is made. It is the caller's to close. */
async function sealUrl(value: string, passphrase: Buffer, options: Options, terminal: Terminal): Promise<Vault> {
  const { changeVault, makeVault, openSealedVault, sealedVaultExists } = await import("../../wiring/vault.ts");
  const name = urlSecret(options);
  try {
    const config = await readConfig(options.config, terminal);
    const vault = await (sealedVaultExists(config) ? openSealedVault(config, passphrase) : makeVault(config, passphrase));
    const secret = { kind: "url" as const, value, hosts: [], createdAtMs: Date.now(), rotatedAtMs: null };
    const change = (content: VaultContent): VaultContent => ({ ...content, secrets: { ...content.secrets, [name]: secret } });
    await changeVault(vault, config, change, `added the secret ${name}`);
    return vault;
  } catch (error) {
    const advice = `put the URL in with \`holdfast vault add ${name}\`: the configuration names it there`;
    throw failed(`the file is written, and the URL is not in the vault: ${causeText(error)}`, advice);
  } finally {
    passphrase.fill(0);
  }
}

function addressOf(options: Options, terminal: Terminal): { readonly address: UpstreamAddress; readonly text: string } {
  const text = options.url ?? terminal.env[options.urlVariable];
  if (text === undefined || text === "")
    throw wrongUse(
      `no server is given: \`${options.urlVariable}\` is not set`,
      "set it, or give --url postgres://role:password@host:5432/database",
    );
  const address = upstreamFromUrl(text);
  // The text may hold a password: it is never part of the message.
  if (address === undefined)
    throw wrongUse(
      `the ${options.url === undefined ? `value of \`${options.urlVariable}\`` : "value of --url"} ` +
        `is no PostgreSQL URL with a host and a role`,
      "for example postgres://role:password@host:5432/database",
    );
  return { address, text };
}

async function probe(upstream: UpstreamAddress, variable: string): Promise<Probed> {
  const { host, port, role, password } = upstream;
  const tls = upstream.tls ?? defaultTls(host);
  try {
    return await probeServer({ host, port, role, password, tls, database: upstream.database ?? role });
  } catch (error) {
    const verified = tls === "verify-full" ? " (the server's certificate is verified unless it says sslmode=require)" : "";
    throw failed(
      `the server at ${host}:${port} cannot be used: ${visible(causeText(error))}`,
      `check the URL${verified}, and that \`${variable}\` will hold it where Holdfast runs`,
    );
  }
}

/** Only its owner may change what decides about everything. */
async function write(path: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: force ? "w" : "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw failed(
        `\`${visible(path)}\` is there already`,
        "overwrite it with --force (its users get new passwords), or name another with --config",
      );
    throw failed(`\`${visible(path)}\` cannot be written: ${causeText(error)}`);
  }
}

function summary(probed: Probed, upstream: UpstreamAddress, terminal: Terminal): string {
  const { role } = probed;
  const head =
    `PostgreSQL ${probed.version} at ${upstream.host}:${upstream.port}, database ` +
    `${visible(probed.database)}, ${figure(probed.tables)} tables\n`;
  const powers = role.superuser ? "is a superuser" : role.powers.length > 0 ? `has ${role.powers.map(visible).join(", ")}` : "";
  if (powers === "") return head;
  const warning =
    `role ${visible(role.name)} ${powers}: then the gate is all that stands between ` +
    `the agent and the server; better give Holdfast a role of its own`;
  return `${head}${terminal.style("yellow", paragraph(warning, terminal.columns))}`;
}

function nextSteps(
  made: { options: Options; database: string; password: string; listen: { host: string; port: number }; sealed: boolean },
  terminal: Terminal,
): string {
  const { options, listen } = made;
  const { style } = terminal;
  const flag = options.config === undefined || options.config === defaultConfigFile ? "" : ` --config ${options.config}`;
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  const url = `postgres://${encodeURIComponent(options.user)}:${made.password}@${host}:${listen.port}/${encodeURIComponent(made.database)}`;
  const step = (command: string, what: string) => `  ${style("cyan", padEnd(`${command}${flag}`, 34))} ${what}\n`;
  return [
    `\n${style("green", "wrote")} ${visible(options.config ?? defaultConfigFile)}\n`,
    `\n${style("bold", "the agent's connection string, shown this once:")}\n  ${url}\n`,
    `\n${style("bold", "next")}\n`,
    step("holdfast policy show", "read what will be allowed"),
    step(
      "holdfast up",
      made.sealed ? "start it: it asks for the vault's passphrase" : `start it, with ${options.urlVariable} set to the server's URL`,
    ),
    step("holdfast doctor", "see what is left unprotected"),
    paragraph(
      `Then give the agent the connection string above, and keep ${made.sealed ? "the server's URL" : options.urlVariable} out of its reach.`,
      terminal.columns,
      2,
    ),
  ].join("");
}

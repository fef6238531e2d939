/**
 * `holdfast vault`: makes the sealed vault and looks after what is in it.
 * It never prints a secret, and never takes one from arguments or environment variables.
 */
import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Config } from "../../config/config.ts";
import type { Vault, VaultContent } from "../../wiring/vault.ts";
import { passphraseBytes, passphraseProblem } from "../../base/passphrase-key.ts";
import { ask, canAsk } from "../ask.ts";
import { causeText, failed, wrongUse } from "../errors.ts";
import { newPassphrase } from "../new-passphrase.ts";
import { table, visible } from "../output.ts";
import { canType, fromDescriptor, typed, typedTwice, withoutLineEnd } from "../passphrase.ts";
import { configOption, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";
import { demandVault, vaultKeyOptions, type VaultKeyOptions } from "../unseal.ts";

interface Options extends VaultKeyOptions {
  readonly config?: string;
  readonly json?: boolean;
}

interface PutOptions extends Options {
  readonly kind?: string;
  readonly host?: readonly string[];
  readonly fromFd?: string;
}

interface AcceptOptions extends Options {
  readonly none?: boolean;
  readonly yes?: boolean;
}

export const define: Define = (command, terminal) => {
  command.addHelpText(
    "after",
    "\nExamples:\n  holdfast vault init\n  holdfast vault add shop-url                then in holdfast.yaml: url: { vault: shop-url }\n" +
      "  holdfast vault add shop-url --from-fd 4 --vault-key-fd 3 3< KEY 4< SECRET\n" +
      "  holdfast vault accept                      after a look at what changed in holdfast.yaml\n",
  );
  const sub = (words: string, summary: string): Command =>
    vaultKeyOptions(command.command(words).description(summary).addOption(configOption()).option("--json", "print one JSON object"));
  sub("init", "Make the vault, and move the log's signing key into it.").action((options: Options) => init(options, terminal));
  sub("list", "Show names, kinds and dates; never a secret.").action((options: Options) => list(options, terminal));
  const putting = (made: Command): Command =>
    made
      .addOption(new Option("--kind <kind>", "what it is").choices(["url", "password", "token", "key-pair", "text"]))
      .option("--host <host...>", "hosts that it may be sent to")
      .option("--from-fd <n>", "read the secret from this file descriptor (default: asked for, or standard input)");
  putting(sub("add <name>", "Put a secret in.")).action((name: string, options: PutOptions) => put(name, options, false, terminal));
  putting(sub("rotate <name>", "Put a new value in a secret's place.")).action((name: string, options: PutOptions) =>
    put(name, options, true, terminal),
  );
  sub("remove <name>", "Take a secret out.").action((name: string, options: Options) => remove(name, options, terminal));
  sub("passwd", "Seal the vault anew with another passphrase.")
    .option("--new-key-fd <n>", "read the new passphrase from this file descriptor")
    .action((options: Options & { newKeyFd?: string }) => passwd(options, terminal));
  sub("accept", "Accept the configuration, and the log's length, as they are now.")
    .option("--none", "accept no configuration in particular: any is taken")
    .option("--yes", "do not ask again after what changed was shown")
    .action((options: AcceptOptions) => accept(options, terminal));
};

async function init(options: Options, terminal: Terminal): Promise<void> {
  const config = await readConfig(options.config, terminal);
  const { makeVault } = await import("../../wiring/vault.ts");
  const passphrase = await newPassphrase(options, terminal);
  try {
    const vault = await makeVault(config, passphrase).catch((error: unknown) => {
      throw failed(`the vault is not made: ${causeText(error)}`);
    });
    vault.close();
    const said = `${terminal.style("green", "made")} ${visible(vault.path)}\nWithout its passphrase nothing in it can be had again: keep it where no agent reads.\n`;
    await terminal.out(options.json === true ? `${JSON.stringify({ path: vault.path, generation: vault.generation })}\n` : said);
  } finally {
    passphrase.fill(0);
  }
}

async function list(options: Options, terminal: Terminal): Promise<void> {
  await withVault(options, terminal, async (vault) => {
    const rows = Object.entries(vault.content.secrets).map(([name, { value: _, ...rest }]) => ({ name, ...rest }));
    const { generation, content } = vault;
    const { changes } = content;
    if (options.json === true)
      return terminal.out(`${JSON.stringify({ generation, secrets: rows, persons: Object.keys(vault.content.persons) })}\n`);
    const day = (ms: number | null): string => (ms === null ? "" : new Date(ms).toISOString().slice(0, 16).replace("T", " "));
    const heads = [{ title: "NAME" }, { title: "KIND" }, { title: "HOSTS", shrink: true }, { title: "ADDED" }, { title: "ROTATED" }];
    const cells = rows.map(({ name, kind, hosts, createdAtMs, rotatedAtMs }) => [
      name,
      kind,
      hosts.map(visible).join(" "),
      day(createdAtMs),
      day(rotatedAtMs),
    ]);
    await terminal.out(rows.length === 0 ? "no secrets\n" : table(heads, cells, terminal.columns));
    await terminal.out(terminal.style("dim", `version ${generation}, last change: ${visible(changes.at(-1)?.what ?? "")}\n`));
  });
}

async function put(name: string, options: PutOptions, rotating: boolean, terminal: Terminal): Promise<void> {
  const { changeVault, secretNameProblem } = await import("../../wiring/vault.ts");
  const problem = secretNameProblem(name);
  if (problem !== null) throw wrongUse(`\`${visible(name)}\` is no name for a secret: ${problem}`);
  await withVault(options, terminal, async (vault, config) => {
    const before = Object.hasOwn(vault.content.secrets, name) ? vault.content.secrets[name] : undefined;
    if (rotating && before === undefined) throw failed(`the vault holds no secret \`${name}\``, `put it in: holdfast vault add ${name}`);
    if (!rotating && before !== undefined)
      throw failed(`the vault holds a secret \`${name}\` already`, `put another value in its place: holdfast vault rotate ${name}`);
    const given = await secretOf(name, options, terminal);
    const now = Date.now();
    const kind =
      (options.kind as keyof typeof kinds | undefined) ?? before?.kind ?? (/^[a-z][a-z0-9+.-]*:\/\//.test(given) ? "url" : "text");
    const value = kind === "key-pair" ? await keyPair(given) : given;
    const dates = before === undefined ? { createdAtMs: now, rotatedAtMs: null } : { createdAtMs: before.createdAtMs, rotatedAtMs: now };
    const secret = { kind, value, hosts: options.host ?? before?.hosts ?? [], ...dates };
    const what = `${rotating ? "rotated" : "added"} the secret ${name}`;
    await changeVault(vault, config, (content) => ({ ...content, secrets: { ...content.secrets, [name]: secret } }), what).catch(said);
    await done(vault, what, options, terminal);
  });
}

const kinds = { url: 0, password: 0, token: 0, "key-pair": 0, text: 0 };

/** In the one form in which the vault keeps it. */
async function keyPair(given: string): Promise<string> {
  const { keyPairOf, keyPairText } = await import("../../wiring/vault.ts");
  const pair = keyPairOf(given);
  if (pair === undefined)
    throw failed(
      "the secret is no key pair",
      "give `ID KEY`, or `ID KEY TOKEN` of credentials that end; or the lines of a credentials file, or what `aws sts` prints",
    );
  return keyPairText(pair);
}

/** Typed unseen, from a descriptor, or all of standard input. */
async function secretOf(name: string, options: PutOptions, terminal: Terminal): Promise<string> {
  const bytes =
    options.fromFd !== undefined
      ? fromDescriptor(options.fromFd, "--from-fd")
      : canType(terminal)
        ? await typed(`The secret \`${name}\`: `, terminal)
        : await fromInput(terminal);
  const value = bytes.toString("utf8");
  bytes.fill(0);
  if (value === "" || value.includes("\0")) throw failed("a secret is a text that is not empty");
  return value;
}

async function fromInput(terminal: Terminal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of terminal.input as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > 16 * 1024) throw failed("standard input gives more than a secret may be long");
    chunks.push(chunk);
  }
  return withoutLineEnd(Buffer.concat(chunks));
}

async function remove(name: string, options: Options, terminal: Terminal): Promise<void> {
  const { changeVault } = await import("../../wiring/vault.ts");
  await withVault(options, terminal, async (vault, config) => {
    if (!Object.hasOwn(vault.content.secrets, name))
      throw failed(`the vault holds no secret \`${visible(name)}\``, "see `holdfast vault list`");
    const without = ({ secrets, ...content }: VaultContent): VaultContent => {
      const { [name]: _, ...rest } = secrets;
      return { ...content, secrets: rest };
    };
    const what = `removed the secret ${name}`;
    await changeVault(vault, config, without, what).catch(said);
    await done(vault, what, options, terminal);
  });
}

async function passwd(options: Options & { newKeyFd?: string }, terminal: Terminal): Promise<void> {
  const { changeVaultPassphrase } = await import("../../wiring/vault.ts");
  await withVault(options, terminal, async (vault, config) => {
    const passphrase =
      options.newKeyFd === undefined ? await typedTwice("for the vault", terminal) : fromDescriptor(options.newKeyFd, "--new-key-fd");
    const text = passphraseBytes(passphrase.toString("utf8"));
    const problem = passphraseProblem(text);
    if (problem !== null) throw failed(problem);
    await changeVaultPassphrase(vault, config, text).catch(said);
    for (const bytes of [passphrase, text]) bytes.fill(0);
    await done(vault, "changed the passphrase; a running gateway goes on with what it has until it is started again", options, terminal);
  });
}

/** A person has looked: the configuration in force is this one, and the log is as long as it is. */
async function accept(options: AcceptOptions, terminal: Terminal): Promise<void> {
  const { acceptState } = await import("../../wiring/vault.ts");
  await withVault(options, terminal, async (vault, config) => {
    if (options.json !== true && options.none !== true) await terminal.out(whatChanged(vault.content.configText, config, terminal));
    if (options.yes !== true && canAsk(terminal) && (await ask("Type `accept` to go on with this: ", terminal)) !== "accept")
      throw failed("nothing was accepted");
    const { before, after } = await acceptState(vault, config, options.none === true ? null : (config.source?.digest ?? null)).catch(said);
    const shown = (digest: string | null): string => (digest === null ? "any" : digest.slice(0, 12));
    await done(vault, `accepted the configuration ${shown(after)} (before: ${shown(before)})`, options, terminal);
  });
}

/** Lines that the accepted file did not have, and lines that it had. */
function whatChanged(accepted: string | undefined, config: Config, terminal: Terminal): string {
  if (accepted === undefined || config.source === undefined) return "no configuration was accepted before: look at all of it\n";
  const lines = (text: string): readonly string[] => text.split(/\r?\n/);
  const [old, now] = [lines(accepted), lines(readFileSync(config.source.path, "utf8"))];
  const gone = old.filter((line) => !now.includes(line)).map((line) => terminal.style("red", `- ${visible(line)}`));
  const added = now.filter((line) => !old.includes(line)).map((line) => terminal.style("green", `+ ${visible(line)}`));
  const changed = [...gone, ...added];
  return changed.length === 0 ? "every line of the configuration was there when it was accepted last\n" : `${changed.join("\n")}\n`;
}

async function withVault(options: Options, terminal: Terminal, act: (vault: Vault, config: Config) => Promise<void>): Promise<void> {
  const config = await readConfig(options.config, terminal);
  const vault = await demandVault(config, options, terminal);
  try {
    await act(vault, config);
  } finally {
    vault.close();
  }
}

async function done(vault: Vault, what: string, options: Options, terminal: Terminal): Promise<void> {
  await terminal.out(options.json === true ? `${JSON.stringify({ done: what, generation: vault.generation })}\n` : `${what}\n`);
}

function said(error: unknown): never {
  throw failed(`the vault is not changed: ${causeText(error)}`);
}

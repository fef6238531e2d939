/**
 * `holdfast person`: who may approve and grant. A person is a name and a public key in the sealed vault; the private half is made from
 * the person's passphrase each time, and stored nowhere. An agent cannot add itself: it cannot open the vault.
 */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { passphraseBytes, passphraseProblem } from "../../base/passphrase-key.ts";
import { type Environment, environments } from "../../model/principal.ts";
import type { VaultContent } from "../../wiring/vault.ts";
import type { Define } from "../define.ts";
import { causeText, failed, wrongUse } from "../errors.ts";
import { drawnPassphrase, putPerson, registerPerson } from "../new-person.ts";
import { table, visible } from "../output.ts";
import { fromDescriptor, typedTwice } from "../passphrase.ts";
import { personRecord, readPersonRecord } from "../person-record.ts";
import { configOption, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { demandVault, vaultKeyOptions, type VaultKeyOptions } from "../unseal.ts";

interface Options extends VaultKeyOptions {
  readonly config?: string;
  readonly json?: boolean;
}

interface AddOptions extends Options {
  readonly approves?: string;
  readonly generate?: boolean;
  readonly passphraseFd?: string;
  readonly from?: string;
}

export const define: Define = (command, terminal) => {
  command.addHelpText(
    "after",
    "\nExamples:\n  holdfast person add ada --approves production,staging\n  holdfast person list\n  holdfast person show ada > ada.json\n\n" +
      "The vault's passphrase is asked for first, then the person's own, twice.\nFrom the first person on, only a configuration that was accepted " +
      "with the vault's passphrase\nis loaded: see `holdfast vault accept`.\n",
  );
  const sub = (words: string, summary: string): Command =>
    vaultKeyOptions(command.command(words).description(summary).addOption(configOption()).option("--json", "print one JSON object"));
  sub("add <name>", "Register a person, or give one a new passphrase.")
    .option("--approves <environments>", `what the person may open: ${environments.join(", ")}, with commas between`, "staging,development")
    .option("--generate", "draw the passphrase, and show it once")
    .option("--passphrase-fd <n>", "read the person's passphrase from this file descriptor")
    .option("--from <file>", "the same person with the same key as at another gateway: what `holdfast person show` printed there")
    .action((name: string, options: AddOptions) =>
      options.from === undefined ? add(name, options, terminal) : copy(name, options, terminal),
    );
  sub("show <name>", "Print a person's record, to register the same key at another gateway.").action((name: string, options: Options) =>
    show(name, options, terminal),
  );
  sub("list", "Show who is registered.").action((options: Options) => list(options, terminal));
  sub("remove <name>", "Take a person's key out.").action((name: string, options: Options) => remove(name, options, terminal));
};

function demandName(name: string): void {
  if (!/^[\p{L}\p{N}_.@-]{1,63}$/u.test(name))
    throw wrongUse(`\`${visible(name)}\` is no name for a person`, "use letters, digits, `_`, `-`, `.` and `@`, at most 63");
}

async function add(name: string, options: AddOptions, terminal: Terminal): Promise<void> {
  demandName(name);
  const approves = environmentsOf(options.approves ?? "");
  const config = await readConfig(options.config, terminal);
  const vault = await demandVault(config, options, terminal);
  const drawn = options.generate === true ? drawnPassphrase() : undefined;
  try {
    const passphrase = await passphraseOf(name, drawn, options, terminal);
    await registerPerson(vault, config, { name, approves, passphrase }).catch((error: unknown) => {
      throw failed(`nobody is registered: ${causeText(error)}`);
    });
  } finally {
    vault.close();
  }
  if (options.json === true)
    return terminal.out(`${JSON.stringify({ person: name, approves, ...(drawn === undefined ? {} : { passphrase: drawn }) })}\n`);
  if (drawn !== undefined) await terminal.out(`${terminal.style("bold", "the passphrase, shown this once:")}\n  ${drawn}\n`);
  await terminal.out(`${terminal.style("green", "registered")} ${visible(name)}, who may open ${approves.join(", ")}\n`);
}

/** Gateways that share approvals hold an answer against the key in their own vault: it has to be the same one. */
async function copy(name: string, options: AddOptions, terminal: Terminal): Promise<void> {
  demandName(name);
  if (options.generate === true || options.passphraseFd !== undefined)
    throw wrongUse("`--from` brings the key along", "leave out `--generate` and `--passphrase-fd`");
  const approves = environmentsOf(options.approves ?? "");
  const config = await readConfig(options.config, terminal);
  const from = options.from ?? "";
  const record = await readFile(from, "utf8")
    .then(readPersonRecord)
    .catch((error: unknown) => {
      throw failed(
        `\`${visible(from)}\` cannot be used: ${causeText(error)}`,
        "print it at the other gateway: holdfast person show NAME > FILE",
      );
    });
  const vault = await demandVault(config, options, terminal);
  try {
    await putPerson(vault, config, name, { ...record, approves, createdAtMs: Date.now() }).catch((error: unknown) => {
      throw failed(`nobody is registered: ${causeText(error)}`);
    });
  } finally {
    vault.close();
  }
  const { publicKey } = record;
  if (options.json === true) return terminal.out(`${JSON.stringify({ person: name, approves, publicKey })}\n`);
  const said = `registered ${visible(name)}, who may open ${approves.join(", ")}`;
  await terminal.out(`${said}\nthe public key is ${publicKey}: compare it with \`holdfast person list\` at the other gateway\n`);
}

async function show(name: string, options: Options, terminal: Terminal): Promise<void> {
  const vault = await demandVault(await readConfig(options.config, terminal), options, terminal);
  const person = Object.hasOwn(vault.content.persons, name) ? vault.content.persons[name] : undefined;
  vault.close();
  if (person === undefined) throw failed(`nobody is registered as \`${visible(name)}\``, "see `holdfast person list`");
  await terminal.out(`${personRecord(name, person)}\n`);
}

function environmentsOf(text: string): readonly Environment[] {
  return text.split(",").map((word) => {
    const found = environments.find((each) => each === word.trim());
    if (found === undefined)
      throw wrongUse(`\`${visible(word)}\` is no environment`, `give ${environments.join(", ")}, with commas between`);
    return found;
  });
}

async function passphraseOf(name: string, drawn: string | undefined, options: AddOptions, terminal: Terminal): Promise<Buffer> {
  if (drawn !== undefined) return passphraseBytes(drawn);
  if (options.passphraseFd === undefined) return typedTwice(`of ${visible(name)}`, terminal);
  const passphrase = passphraseBytes(fromDescriptor(options.passphraseFd, "--passphrase-fd").toString("utf8"));
  const problem = passphraseProblem(passphrase);
  if (problem !== null) throw failed(problem);
  return passphrase;
}

async function list(options: Options, terminal: Terminal): Promise<void> {
  const vault = await demandVault(await readConfig(options.config, terminal), options, terminal);
  const persons = Object.entries(vault.content.persons).map(([name, { approves, publicKey, createdAtMs }]) => ({
    name,
    approves,
    publicKey,
    createdAtMs,
  }));
  vault.close();
  if (options.json === true) return terminal.out(`${JSON.stringify({ persons })}\n`);
  if (persons.length === 0) return terminal.out("nobody is registered: nothing that needs a person can be done\n");
  const rows = persons.map(({ name, approves, publicKey, createdAtMs }) => [
    visible(name),
    approves.join(" "),
    new Date(createdAtMs).toISOString().slice(0, 10),
    publicKey,
  ]);
  await terminal.out(
    table([{ title: "PERSON" }, { title: "MAY OPEN" }, { title: "SINCE" }, { title: "PUBLIC KEY", shrink: true }], rows, terminal.columns),
  );
}

async function remove(name: string, options: Options, terminal: Terminal): Promise<void> {
  const config = await readConfig(options.config, terminal);
  const vault = await demandVault(config, options, terminal);
  try {
    if (!Object.hasOwn(vault.content.persons, name))
      throw failed(`nobody is registered as \`${visible(name)}\``, "see `holdfast person list`");
    const without = ({ persons, ...content }: VaultContent): VaultContent => {
      const { [name]: _, ...rest } = persons;
      return { ...content, persons: rest };
    };
    const { changeVault } = await import("../../wiring/vault.ts");
    await changeVault(vault, config, without, `removed the person ${name}`).catch((error: unknown) => {
      throw failed(`nobody is removed: ${causeText(error)}`);
    });
  } finally {
    vault.close();
  }
  await terminal.out(options.json === true ? `${JSON.stringify({ removed: name })}\n` : `removed ${visible(name)}\n`);
}

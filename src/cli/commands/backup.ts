/**
 * `holdfast backup`: makes backups, shows and verifies them, opens sealed files; a person removes one.
 * Making and removing go through the gateway; looking at what is there works with it down.
 */
import type { Define } from "../define.ts";
import { makeNow, remove, removeSlot, showStatus } from "../backup/live.ts";
import { drill } from "../backup/drill.ts";
import { decrypt, list, verify, walFetch } from "../backup/offline.ts";
import { configOption } from "../settings.ts";
import { personOptions, socketOptions } from "../person-call.ts";
import { vaultKeyOptions } from "../unseal.ts";

const examples = `
Examples:
  holdfast backup now
  holdfast backup status
  holdfast backup list --target shop
  holdfast backup verify k_8k2m1v0q4c7d
  holdfast backup drill --target shop
  holdfast backup remove k_8k2m1v0q4c7d
  holdfast backup decrypt base.tar.gz.sealed --out base.tar.gz --key-file key

\`list\`, \`verify\` and \`decrypt\` work with the gateway down. See docs/backups.md.
`;

export const define: Define = (command, terminal) => {
  // Names alone: with all that they take, the list would not fit a terminal.
  command.configureHelp({ subcommandTerm: (each) => each.name() });
  command.addHelpText("after", examples);
  socketOptions(command.command("now [target]").description("Make a backup now, and wait for it."))
    .option("--no-wait", "begin it, and do not wait")
    .action((target: string | undefined, options: Parameters<typeof makeNow>[1]) => makeNow(target, options, terminal));
  socketOptions(command.command("status").description("Show how backups are doing. The exit code is 1 while an alarm stands.")).action(
    (options: Parameters<typeof showStatus>[0]) => showStatus(options, terminal),
  );
  command
    .command("list")
    .description("Show the backups that are there.")
    .addOption(configOption())
    .option("--target <name>", "of this target alone")
    .option("--json", "print one JSON object")
    .action((options: Parameters<typeof list>[0]) => list(options, terminal));
  vaultKeyOptions(
    command
      .command("verify [backup]")
      .description("Read every byte of a backup again, the newest where none is named.")
      .addOption(configOption()),
  )
    .option("--target <name>", "of this target alone")
    .option("--json", "print one JSON object")
    .action((backup: string | undefined, options: Parameters<typeof verify>[1]) => verify(backup, options, terminal));
  vaultKeyOptions(personOptions(command.command("drill").description("Restore the newest backup on trial, and look into it.")))
    .option("--target <name>", "which, if there are several targets")
    .option("--until <act>", "replay to just before this act, WAL position or time (default: now)")
    .action((options: Parameters<typeof drill>[0]) => drill(options, terminal));
  personOptions(command.command("remove <backup>").description("Remove a backup, as a person. The newest stays.")).action(
    (backup: string, options: Parameters<typeof remove>[1]) => remove(backup, options, terminal),
  );
  personOptions(
    command.command("remove-slot <target>").description("Have the server keep no more WAL for us, as a person; none is received then."),
  ).action((target: string, options: Parameters<typeof removeSlot>[1]) => removeSlot(target, options, terminal));
  command
    .command("decrypt <file>")
    .description("Open one sealed file, with its repository's folder and the key alone.")
    .requiredOption("--out <file>", "where the plain bytes go")
    .requiredOption("--key-file <file>", "holds the passphrase that `backup.key` names")
    .action((file: string, options: Parameters<typeof decrypt>[1]) => decrypt(file, options, terminal));
  command
    .command("wal-fetch <repository> <target> <name> <destination>")
    .description("Give a server a WAL file out of a repository: for restore_command.")
    .option("--key-file <file>", "holds the passphrase, where the repository is sealed")
    .action((repository: string, target: string, name: string, destination: string, options: Parameters<typeof walFetch>[1]) =>
      walFetch({ repository, target, name, destination }, options, terminal),
    );
};

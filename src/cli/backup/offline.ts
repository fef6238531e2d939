/**
 * The parts of `holdfast backup` that work with the gateway down: list, verify, open a sealed file, give a server its WAL.
 * They write nothing into a repository.
 */
import type { StoredBackupView } from "../../control/backups-contract.ts";
import type { StoredBackup } from "../../wiring/backup-files.ts";
import { causeText, exitCodes, failed } from "../errors.ts";
import { setExit } from "../exit.ts";
import { visible } from "../output.ts";
import { readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { secretPlaces, unsealed, type VaultKeyOptions } from "../unseal.ts";
import { backupTable, bytesText } from "./texts.ts";

interface Options {
  readonly config?: string;
  readonly target?: string;
  readonly json?: boolean;
}

export async function list(options: Options, terminal: Terminal): Promise<void> {
  const config = await readConfig(options.config, terminal);
  const { openRepositories } = await import("../../wiring/backup-files.ts");
  const opened = await openRepositories(config, options.target).catch(told);
  const backups: StoredBackupView[] = [];
  const broken: string[] = [];
  for (const { target, repository } of opened) {
    const listed = await repository.list(target);
    backups.push(...listed.backups.map(viewOf));
    broken.push(...listed.broken.map(({ folder, because }) => `${folder}: ${because}`));
  }
  if (options.json === true) return terminal.out(`${JSON.stringify({ backups, broken })}\n`);
  const lines = broken.map((each) => `${terminal.style("red", "broken")} ${visible(each)}\n`).join("");
  await terminal.out(`${backupTable(backups, Date.now(), terminal)}${lines}`);
}

function viewOf({ manifest, folder, digest }: StoredBackup): StoredBackupView {
  return { ...manifest.backup, folder, manifest: digest, leftOut: manifest.leftOut };
}

/** Rejects, after all was told, where something is wrong: the exit code is 1. */
export async function verify(named: string | undefined, options: Options & VaultKeyOptions, terminal: Terminal): Promise<void> {
  const config = await readConfig(options.config, terminal);
  const sealed = config.targets.some(({ backup }) => backup?.key?.kind === "vault");
  const vault = sealed ? await unsealed(config, options, terminal) : undefined;
  try {
    const { openRepositories, verifyBackup } = await import("../../wiring/backup-files.ts");
    const opened = await openRepositories(config, options.target, secretPlaces(terminal, vault)).catch(told);
    const results: { readonly backup: string; readonly checks: Awaited<ReturnType<typeof verifyBackup>> }[] = [];
    for (const { target, repository } of opened) {
      const { backups } = await repository.list(target);
      const chosen = named === undefined ? backups.slice(0, 1) : backups.filter(({ manifest }) => manifest.backup.id === named);
      for (const backup of chosen) {
        const checks = await verifyBackup(repository, backup, meter(backup, options, terminal));
        results.push({ backup: backup.manifest.backup.id, checks });
      }
    }
    if (results.length === 0)
      throw failed(named === undefined ? "there is no backup" : `no backup is named \`${visible(named)}\``, "see holdfast backup list");
    if (options.json === true) await terminal.out(`${JSON.stringify({ verified: results })}\n`);
    else for (const { backup, checks } of results) await terminal.out(checksText(backup, checks, terminal));
    if (results.some(({ checks }) => checks.some(({ passed }) => !passed))) setExit(terminal, exitCodes.failed);
  } finally {
    vault?.close();
  }
}

const SAY_EVERY_MS = 1_000;

function meter({ manifest }: StoredBackup, { json }: Options, terminal: Terminal): (bytes: number) => void {
  let read = 0;
  let saidMs = Date.now();
  return (bytes) => {
    read += bytes;
    if (json === true || Date.now() - saidMs < SAY_EVERY_MS) return;
    saidMs = Date.now();
    terminal.err(`${manifest.backup.id}: ${bytesText(read)} of ${bytesText(manifest.backup.bytes)} read\n`);
  };
}

function checksText(
  backup: string,
  checks: readonly { readonly name: string; readonly passed: boolean; readonly because: string }[],
  terminal: Terminal,
): string {
  const lines = checks.map(({ name, passed, because }) => {
    const mark = passed ? terminal.style("green", "whole ") : terminal.style(["bold", "red"], "BROKEN");
    return `  ${mark} ${visible(name)}: ${visible(because)}\n`;
  });
  return `${terminal.style("bold", backup)}\n${lines.join("")}`;
}

export async function decrypt(
  file: string,
  { out, keyFile }: { readonly out: string; readonly keyFile: string },
  terminal: Terminal,
): Promise<void> {
  const { decryptFile } = await import("../../wiring/backup-files.ts");
  await decryptFile(file, keyFile, out).catch(told);
  await terminal.out(`${terminal.style("green", "opened")} ${visible(out)}\n`);
}

/** Fails where there is none: the server then takes it that the archive ends there. */
export async function walFetch(
  wanted: { readonly repository: string; readonly target: string; readonly name: string; readonly destination: string },
  { keyFile }: { readonly keyFile?: string },
  terminal: Terminal,
): Promise<void> {
  const { fetchWal } = await import("../../wiring/backup-files.ts");
  const { repository, target, name, destination } = wanted;
  const found = await fetchWal(repository, target, name, destination, keyFile).catch(told);
  if (!found) throw failed(`the archive has no \`${visible(name)}\``);
  await terminal.out("");
}

function told(error: unknown): never {
  throw failed(visible(causeText(error)));
}

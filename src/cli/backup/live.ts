/**
 * The parts of `holdfast backup` that ask the running gateway: make one, how it is going, remove one as a person.
 * They read no repository.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { BegunBackup, TargetBackupsView } from "../../control/backups-contract.ts";
import { exitCodes, failed, wrongUse } from "../errors.ts";
import { setExit } from "../exit.ts";
import { visible } from "../output.ts";
import { ask, askAsPerson, type PersonOptions, type SocketOptions } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";
import { progressText, statusText, storedText } from "./texts.ts";

const LOOK_EVERY_MS = 500;

async function views(options: SocketOptions, terminal: Terminal): Promise<readonly TargetBackupsView[]> {
  const { targets } = (await ask(options, { method: "GET", path: "/v1/backups" }, terminal)) as {
    readonly targets: readonly TargetBackupsView[];
  };
  return targets;
}

/** Rejects with what went wrong with the backup: the exit code is 1. */
export async function makeNow(
  named: string | undefined,
  options: SocketOptions & { readonly wait?: boolean },
  terminal: Terminal,
): Promise<void> {
  const target = named ?? onlyOne(await views(options, terminal));
  const begun = (await ask(options, { method: "POST", path: "/v1/backups", body: { target } }, terminal)) as BegunBackup;
  if (options.wait === false)
    return terminal.out(options.json === true ? `${JSON.stringify(begun)}\n` : `begun: ${begun.backup} of ${visible(begun.target)}\n`);
  for (let last = { bytes: 0, atMs: Date.now() }; ; ) {
    const view = (await views(options, terminal)).find((each) => each.target === target);
    const made = view?.backups.find(({ id }) => id === begun.backup);
    if (made !== undefined) return terminal.out(options.json === true ? `${JSON.stringify(made)}\n` : storedText(made, terminal));
    const { running = null, failure = null } = view ?? {};
    if (running?.backup !== begun.backup)
      throw failed(
        `backup ${begun.backup} failed: ${visible(failure?.because ?? "the gateway does not know it")}`,
        "see holdfast backup status",
      );
    const now = { bytes: running.bytes, atMs: Date.now() };
    if (options.json !== true) terminal.err(progressText(running, ((now.bytes - last.bytes) * 1_000) / Math.max(1, now.atMs - last.atMs)));
    last = now;
    await delay(LOOK_EVERY_MS);
  }
}

function onlyOne(all: readonly TargetBackupsView[]): string {
  const [first, ...others] = all;
  if (first === undefined)
    throw failed("Holdfast makes no backups here", "give a target a `backup` in the configuration, see docs/backups.md");
  if (others.length > 0)
    throw wrongUse("several targets are backed up", `name one: ${all.map(({ target }) => visible(target)).join(", ")}`);
  return first.target;
}

export async function showStatus(options: SocketOptions, terminal: Terminal): Promise<void> {
  const targets = await views(options, terminal);
  if (options.json === true) await terminal.out(`${JSON.stringify({ targets })}\n`);
  else
    await terminal.out(
      targets.length === 0 ? terminal.style("dim", "Holdfast makes no backups here\n") : statusText(targets, Date.now(), terminal),
    );
  const alarms = targets.reduce((sum, { alarms: standing }) => sum + standing.length, 0);
  if (alarms > 0) setExit(terminal, exitCodes.failed);
}

export async function remove(backup: string, options: PersonOptions, terminal: Terminal): Promise<void> {
  const call = { method: "DELETE" as const, path: `/v1/backups/${encodeURIComponent(backup)}` };
  const answer = await askAsPerson(options, call, `remove backup ${visible(backup)} for good\n`, terminal);
  await terminal.out(options.json === true ? `${JSON.stringify(answer)}\n` : `${terminal.style("green", "removed")} ${visible(backup)}\n`);
}

export async function removeSlot(target: string, options: PersonOptions, terminal: Terminal): Promise<void> {
  const call = { method: "DELETE" as const, path: `/v1/backup-slots/${encodeURIComponent(target)}` };
  const terms = `drop the slot at ${visible(target)}: WAL is received no more until the gateway starts again\n`;
  const answer = await askAsPerson(options, call, terms, terminal);
  await terminal.out(
    options.json === true ? `${JSON.stringify(answer)}\n` : `${terminal.style("green", "dropped")} at ${visible(target)}\n`,
  );
}

/**
 * Backups as text for a person: how they are doing, how far one is, what there is.
 * It asks nobody.
 */
import type { RunningBackupView, StoredBackupView, TargetBackupsView, WalView } from "../../control/backups-contract.ts";
import { padEnd, table, visible } from "../output.ts";
import type { Terminal } from "../terminal.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1.4 GiB`. */
export function bytesText(bytes: number): string {
  const power = Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[power] ?? "B"}`;
}

export function progressText({ backup, bytes, expectedBytes }: RunningBackupView, bytesPerSecond: number): string {
  const share = expectedBytes > 0 ? ` of about ${bytesText(expectedBytes)}` : "";
  return `${backup}: ${bytesText(bytes)}${share}, ${bytesText(Math.max(0, bytesPerSecond))}/s\n`;
}

export function storedText(backup: StoredBackupView, terminal: Terminal): string {
  const seconds = ((backup.endedAtMs - backup.startedAtMs) / 1_000).toFixed(1);
  const left = backup.leftOut.map((sentence) => `  left out: ${visible(sentence)}\n`).join("");
  return `${terminal.style("green", "done")} ${backup.id}: ${bytesText(backup.bytes)} in ${seconds} s, ${visible(backup.folder)}\n${left}`;
}

export function statusText(targets: readonly TargetBackupsView[], nowMs: number, terminal: Terminal): string {
  return targets.map((target) => targetText(target, nowMs, terminal)).join("\n");
}

function targetText(view: TargetBackupsView, nowMs: number, terminal: Terminal): string {
  const line = (name: string, text: string) => `${terminal.style("dim", padEnd(name, 10))} ${text}\n`;
  const { backups, running, failure, wal, alarms, advice, broken } = view;
  const [newest] = backups;
  const place =
    view.repository === undefined ? "kept by the provider" : `${visible(view.repository)}${view.sealed ? ", sealed" : ", not sealed"}`;
  const newestText =
    newest === undefined
      ? "none"
      : `${newest.id}, ${ago(nowMs - newest.startedAtMs)}, ${bytesText(newest.bytes)}; ${backups.length} in all`;
  const next =
    running !== null
      ? `${running.backup} is being made: ${bytesText(running.bytes)} so far`
      : view.nextAtMs === null
        ? ""
        : stamp(view.nextAtMs);
  return (
    `${terminal.style("bold", visible(view.target))} by ${view.method}\n` +
    line("place", place) +
    line("newest", newestText) +
    line("next", next) +
    (wal === null ? "" : line("WAL", walText(wal, nowMs))) +
    (failure === null ? "" : line("failed", `${stamp(failure.atMs)}: ${visible(failure.because)}`)) +
    broken.map((each) => line("broken", visible(each))).join("") +
    alarms
      .map(({ about, because }) => line(terminal.style(["bold", "red"], padEnd("ALARM", 10)), `${about}: ${visible(because)}`))
      .join("") +
    advice.map((each) => line("advice", visible(each))).join("")
  );
}

function walText({ state, sinceMs, problem, lagBytes, archived, missing, slot }: WalView, nowMs: number): string {
  const parts = [
    state === "elsewhere" ? "received by another gateway" : `${state} for ${ago(nowMs - sinceMs).replace(" ago", "")}`,
    ...(lagBytes === null ? [] : [`${bytesText(lagBytes)} behind`]),
    ...(archived === null ? [] : [`${archived.name} ${ago(nowMs - archived.atMs)}`]),
    ...(missing.length === 0 ? [] : [`${missing.length} segments missing`]),
    `slot ${slot}`,
    ...(problem === null ? [] : [visible(problem)]),
  ];
  return parts.join(", ");
}

export function backupTable(backups: readonly StoredBackupView[], nowMs: number, terminal: Terminal): string {
  if (backups.length === 0) return terminal.style("dim", "no backups\n");
  const heads = [
    { title: "BACKUP" },
    { title: "TARGET" },
    { title: "METHOD" },
    { title: "MADE" },
    { title: "AGE" },
    { title: "SIZE" },
    { title: "WAL FROM" },
    { title: "FOLDER", shrink: true },
  ];
  const rows = backups.map((each) => [
    each.id,
    visible(each.target),
    each.method,
    stamp(each.startedAtMs),
    ago(nowMs - each.startedAtMs).replace(" ago", ""),
    bytesText(each.bytes),
    each.from ?? "-",
    visible(each.folder),
  ]);
  return table(heads, rows, terminal.columns);
}

function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function ago(ms: number): string {
  if (ms < 120_000) return `${Math.max(0, Math.round(ms / 1_000))} s ago`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min ago`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h ago` : `${Math.round(ms / 86_400_000)} days ago`;
}

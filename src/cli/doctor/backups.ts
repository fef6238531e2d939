/**
 * Looks at a target's backups from outside the gateway: whether there is one, how old it is, whether it is sealed and where it lies.
 * It reads no backup; `holdfast backup verify` and drills do.
 */
import type { TargetConfig } from "../../config/config.ts";
import type { GatewayStatus } from "../../control/contract.ts";
import { causeText } from "../errors.ts";
import { visible } from "../output.ts";
import { type Finding, finding, named, weakness } from "./finding.ts";

/** `status` of the running gateway, where one answers: its alarms are the last word. */
export async function examineBackups(target: TargetConfig, status: GatewayStatus | undefined, nowMs: number): Promise<readonly Finding[]> {
  const topic = `backups of ${target.name}`;
  const { backup } = target;
  if (backup === undefined) return [finding(topic, "unknown", "Holdfast makes none and knows of none", "see docs/backups.md")];
  const alarms = (status?.alarms ?? []).filter((alarm) => alarm.target === target.name);
  const standing = alarms.map(({ about, because }) =>
    named(`backup-${about.replaceAll("_", "-")}`, finding(topic, "bad", visible(because), "see holdfast backup status")),
  );
  if (backup.repository === undefined || backup.method === "pgbackrest") return standing;
  const findings: Finding[] = [];
  if (backup.key === undefined)
    findings.push(
      weakness("backup-plain", topic, "weak", {
        text: "they are not sealed",
        why: "whoever reads the folder reads all data",
        next: "give `backup.key` a passphrase, and the backups an empty folder",
      }),
    );
  const { lookAtRepository } = await import("../../wiring/backup-files.ts");
  try {
    const { problem, lacking, newestAtMs, count } = await lookAtRepository(target);
    if (problem !== undefined) findings.push(named("backup-place", finding(topic, "bad", visible(problem))));
    if (lacking !== undefined)
      findings.push(
        weakness("backup-no-server", topic, "weak", {
          text: visible(lacking),
          why: "neither a drill nor `holdfast restore` can run on this machine: an untried backup is a hope",
          next: "install that server here, or name its folder as `backup.programs`",
        }),
      );
    if (newestAtMs === undefined) findings.push(named("backup-no-backup", finding(topic, "bad", "there is none", "holdfast backup now")));
    else if (nowMs - newestAtMs > backup.oldMs)
      findings.push(
        named("backup-old-backup", finding(topic, "bad", `the newest is of ${new Date(newestAtMs).toISOString()}`, "holdfast backup now")),
      );
    else findings.push(finding(topic, "good", `${count}, the newest of ${new Date(newestAtMs).toISOString()}`));
  } catch (error) {
    findings.push(named("backup-repository-unreachable", finding(topic, "bad", visible(causeText(error)))));
  }
  const told = new Set(standing.map(({ id }) => id));
  return [...standing, ...findings.filter(({ id }) => id === undefined || !told.has(id))];
}

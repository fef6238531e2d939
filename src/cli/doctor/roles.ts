/**
 * Says what stands at the server itself behind a target's policy: session roles, a fixed role, or whatever the shared login may do.
 * It looks at the configuration alone; `holdfast provision --dry-run` shows what is missing at the server.
 */
import type { TargetConfig } from "../../config/config.ts";
import { visible } from "../output.ts";
import { type Finding, finding } from "./finding.ts";

export function examineRoles({ name, roles }: TargetConfig): readonly Finding[] {
  const topic = `target ${name}`;
  // Where nothing is configured the shared login's own rights are examined, and said, as before.
  if (roles === undefined) return [];
  if (roles.mode === "fixed") {
    const text = "sessions share one fixed role: they are not told apart at the server, nothing expires, and PUBLIC keeps its rights";
    return [finding(topic, "weak", text, "set `roles.mode: ephemeral`, see docs/least-privilege.md")];
  }
  const migration =
    roles.migrationRole === undefined
      ? [
          finding(
            topic,
            "weak",
            "`roles.migration_role` is not set: a login shared with the migration runner would not be noticed",
            "name it",
          ),
        ]
      : [];
  return [
    finding(topic, "good", `session roles are made at the server, and end after ${visible(duration(roles.lease.lifetimeMs))} at most`),
    ...migration,
  ];
}

function duration(ms: number): string {
  return ms >= 3_600_000 ? `${Math.round(ms / 360_000) / 10} h` : `${Math.round(ms / 100) / 10} s`;
}

/**
 * Says what stands at the server itself behind a target's policy: session roles, a fixed role, or whatever the shared login may do.
 * It looks at the configuration alone; `holdfast provision --dry-run` shows what is missing at the server.
 */
import type { TargetConfig } from "../../config/config.ts";
import { visible } from "../output.ts";
import { type Finding, finding, weakness } from "./finding.ts";

export function examineRoles({ name, roles, executor }: TargetConfig): readonly Finding[] {
  const topic = `target ${name}`;
  const carriedOut = executor === undefined ? [sharedExecutor(topic)] : [];
  // Where nothing is configured the shared login's own rights are examined, and said, as before.
  if (roles === undefined) return carriedOut;
  if (roles.mode === "fixed") {
    const text = "sessions share one fixed role: they are not told apart at the server, nothing expires, and PUBLIC keeps its rights";
    return [finding(topic, "weak", text, "set `roles.mode: ephemeral`, see docs/least-privilege.md"), ...carriedOut];
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

function sharedExecutor(topic: string): Finding {
  return weakness("executor-shared", topic, "weak", {
    text: "what persons approve is tried and carried out as the login that sessions share",
    why: "that login needs the rights for it, and every session has them too; with fewer, what is approved fails",
    next: "name a login of its own as `executor`, or set `roles.mode: ephemeral`, see docs/measuring.md",
  });
}

function duration(ms: number): string {
  return ms >= 3_600_000 ? `${Math.round(ms / 360_000) / 10} h` : `${Math.round(ms / 100) / 10} s`;
}

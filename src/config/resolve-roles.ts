/**
 * A target's `roles` with their defaults filled in.
 * The addresses in it are resolved by whoever knows how; it reports no problem: the file was examined before.
 */
import type { RolesConfig, UpstreamConfig } from "./config.ts";
import type { TargetEntry, UpstreamEntry } from "./config-schema.ts";
import { parseDuration } from "./quantities.ts";

type RolesEntry = NonNullable<TargetEntry["roles"]>;

export function resolveRoles(entry: RolesEntry, upstream: (address: UpstreamEntry) => UpstreamConfig): RolesConfig {
  const { mode, admin, migration_role: migrationRole, lease } = entry;
  const time = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
  return {
    mode,
    ...(admin === undefined ? {} : { admin: upstream(admin) }),
    ...(migrationRole === undefined ? {} : { migrationRole }),
    schemas: entry.schemas ?? null,
    hide: entry.hide ?? [],
    writers: Object.entries(entry.writers ?? {}).map(([name, { schemas, tables }]) => ({
      name,
      schemas: schemas ?? [],
      tables: tables ?? [],
    })),
    rows: entry.rows ?? [],
    functions: entry.functions ?? [],
    keep: entry.keep ?? null,
    public: { temporary: entry.public?.temporary ?? "revoke", connect: entry.public?.connect ?? "keep" },
    lease: {
      lifetimeMs: time(lease?.lifetime, 8 * 3_600_000),
      lingerMs: time(lease?.linger, 5_000),
      sweepEveryMs: time(lease?.sweep, 60_000),
    },
  };
}

/**
 * The shape of a target's `backup` and its defaults: by which method, where to, how often, how long kept.
 * It makes no backup. The login's address is resolved by whoever knows how.
 */
import { resolve } from "node:path";
import { z } from "zod";
import type { SecretReference, UpstreamConfig } from "./config.ts";
import { type DrillConfig, drillSchema, resolveDrill } from "./drill-schema.ts";
import { parseBytes, parsePeriod } from "./quantities.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface BackupConfig {
  readonly method: "basebackup" | "dump" | "pgbackrest" | "external";
  /** Absolute; absent for `external`. */
  readonly repository?: string;
  readonly key?: SecretReference;
  readonly login: UpstreamConfig;
  readonly schedule: { readonly kind: "every"; readonly ms: number } | { readonly kind: "at"; readonly minuteOfDay: number };
  readonly keep: { readonly full: number; readonly ageMs: number };
  readonly wal: boolean;
  /** How often what the newest WAL segment holds is stored. */
  readonly partialEveryMs: number;
  /** Beyond it the archive lags too far behind. */
  readonly lagBytesMax: number;
  /** A backup older than this is an alarm. */
  readonly oldMs: number;
  /** Folders of PostgreSQL's own programs, absolute, with a `%` for the major version; looked into before the usual ones. */
  readonly programs: readonly string[];
  readonly external?: { readonly command: readonly string[] } | { readonly query: string };
  readonly drill: DrillConfig;
}

const every = (least: number, message: string) => z.string().refine((text) => (parsePeriod(text) ?? 0) >= least, message);

/** Built around the fields of a server's address and the shape of a secret, which stand beside this one. */
export function backupSchemaWith<A extends z.ZodRawShape, S extends z.ZodType>(addressFields: A, secretSchema: S) {
  return z
    .strictObject({
      method: z
        .enum(["basebackup", "dump", "pgbackrest", "external"])
        .optional()
        .describe("basebackup: the whole cluster and its WAL, over replication. dump: pg_dump, where nobody may replicate. basebackup."),
      repository: z.string().min(1).optional().describe("Folder of the backups, out of every agent's reach; it may be a mount."),
      key: secretSchema.optional().describe("A passphrase that seals what is stored: { vault: backup-key }. Keep it elsewhere, too."),
      login: z.strictObject(addressFields).optional().describe("The role that backs up; what is left out is the upstream's."),
      every: every(MINUTE_MS, "must be a time of at least `1min`").optional().describe("How often; 24h."),
      at: z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day in UTC, such as `03:15`")
        .optional()
        .describe("Once a day at this time in UTC, in place of `every`."),
      keep: z
        .strictObject({ full: z.number().int().min(1).max(10_000).optional(), days: z.number().int().min(0).max(3_650).optional() })
        .optional()
        .describe("A backup goes when it is neither among the newest `full` (7) nor younger than `days` (30)."),
      wal: z.boolean().optional().describe("Whether WAL is received all the time, so that any moment can be gone back to; true."),
      partial: every(1_000, "must be a time of at least `1s`")
        .optional()
        .describe("How often what the newest WAL segment holds is stored in the repository; 30s."),
      lag_max: z
        .string()
        .refine((text) => (parseBytes(text) ?? 0) >= 1024 ** 2, "must be a size of at least `1MiB`")
        .optional()
        .describe("WAL that is not received yet beyond this size is an alarm; 512MiB."),
      old: every(MINUTE_MS, "must be a time of at least `1min`")
        .optional()
        .describe("A newest backup older than this is an alarm; two and a half times `every`."),
      programs: z
        .array(z.string().min(1))
        .max(10)
        .optional()
        .describe(
          "Folders with PostgreSQL's own programs where they are not in the usual places; % stands for the server's major version.",
        ),
      external: z
        .strictObject({ command: z.array(z.string().min(1)).min(1).optional(), query: z.string().min(1).optional() })
        .refine(({ command, query }) => (command === undefined) !== (query === undefined), "must hold one of `command` and `query`")
        .optional()
        .describe("What tells when the provider's newest backup was made: it prints, or selects, a time."),
      drill: drillSchema.optional().describe("Restores on trial; see docs/restore.md."),
    })
    .superRefine((entry, context) => {
      const problem = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
      const external = entry.method === "external";
      if (external && entry.external === undefined)
        problem("external", "`external` is missing: say what tells when the newest backup was made");
      if (!external && entry.external !== undefined) problem("external", "`external` is of no use unless `method` is `external`");
      if (!external && entry.repository === undefined)
        problem("repository", "`repository` is missing: name a folder that no agent reaches");
      if (external && entry.repository !== undefined)
        problem("repository", "`repository` is of no use where the provider keeps the backups");
      if (entry.every !== undefined && entry.at !== undefined) problem("at", "`every` says already how often: remove one of them");
      const dump = entry.method === "dump" || external;
      if (dump && entry.wal === true) problem("wal", "without base backups nothing can be done with WAL");
    });
}

interface BackupEntry {
  readonly method?: BackupConfig["method"] | undefined;
  readonly repository?: string | undefined;
  readonly every?: string | undefined;
  readonly at?: string | undefined;
  readonly keep?: { readonly full?: number | undefined; readonly days?: number | undefined } | undefined;
  readonly wal?: boolean | undefined;
  readonly partial?: string | undefined;
  readonly lag_max?: string | undefined;
  readonly old?: string | undefined;
  readonly programs?: readonly string[] | undefined;
  readonly external?: { readonly command?: readonly string[] | undefined; readonly query?: string | undefined } | undefined;
  readonly drill?: Parameters<typeof resolveDrill>[0] | undefined;
}

export interface BackupReferences {
  readonly directory: string;
  readonly key: SecretReference | undefined;
  readonly login: UpstreamConfig;
}

export function resolveBackup(entry: BackupEntry, { directory, key, login }: BackupReferences): BackupConfig {
  const { method = "basebackup", external } = entry;
  const everyMs = entry.at === undefined ? period(entry.every, DAY_MS) : DAY_MS;
  const [hour = 0, minute = 0] = (entry.at ?? "").split(":").map(Number);
  const by = external?.command === undefined ? { query: external?.query ?? "" } : { command: external.command };
  return {
    method,
    ...(entry.repository === undefined ? {} : { repository: resolve(directory, entry.repository) }),
    ...(key === undefined ? {} : { key }),
    login,
    schedule: entry.at === undefined ? { kind: "every", ms: everyMs } : { kind: "at", minuteOfDay: hour * 60 + minute },
    keep: { full: entry.keep?.full ?? 7, ageMs: (entry.keep?.days ?? 30) * DAY_MS },
    wal: (entry.wal ?? true) && method === "basebackup",
    partialEveryMs: period(entry.partial, 30_000),
    lagBytesMax: (entry.lag_max === undefined ? undefined : parseBytes(entry.lag_max)) ?? 512 * 1024 ** 2,
    oldMs: period(entry.old, everyMs * 2.5),
    programs: (entry.programs ?? []).map((folder) => resolve(directory, folder)),
    ...(external === undefined ? {} : { external: by }),
    drill: resolveDrill(entry.drill, directory),
  };
}

function period(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : (parsePeriod(text) ?? otherwise);
}

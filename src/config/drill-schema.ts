/**
 * The shape of `backup.drill` and its defaults: how often a backup is restored on trial, and what is looked into then.
 * It drills nothing.
 */
import { resolve } from "node:path";
import { z } from "zod";
import { parsePeriod } from "./quantities.ts";

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

export interface DrillConfig {
  readonly everyMs: number;
  /** The newest passed drill may be this old; beyond it is an alarm. */
  readonly oldMs: number;
  /** Looked at every time, qualified. */
  readonly tables: readonly string[];
  /** How many tables are looked at in all. */
  readonly sample: number;
  readonly checks: readonly { readonly name: string; readonly sql: string; readonly expect: string }[];
  /** Absolute; absent: where the gateway chooses. */
  readonly folder?: string;
}

export const drillSchema = z.strictObject({
  every: z
    .string()
    .refine((text) => (parsePeriod(text) ?? 0) >= HOUR_MS, "must be a time of at least `1h`")
    .optional()
    .describe("How often the newest backup is restored on trial; 7d."),
  tables: z
    .array(z.string().regex(/^[^.]+\.[^.]+$/, "must be a table with its schema: `public.orders`"))
    .optional()
    .describe("Tables whose rows are looked at in every drill."),
  sample: z.number().int().min(1).max(1_000).optional().describe("How many tables a drill looks at in all; 10."),
  checks: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        sql: z.string().min(1).describe("One SELECT: the first column of its first row is the answer."),
        expect: z.union([z.string(), z.number(), z.boolean()]),
      }),
    )
    .optional()
    .describe("Questions of your own to the restored server, with the answers that are due."),
  folder: z
    .string()
    .min(1)
    .optional()
    .describe("Where scratch servers go; it needs room for the whole database, and is no agent's to read."),
});

export function resolveDrill(entry: z.infer<typeof drillSchema> | undefined, directory: string): DrillConfig {
  const { every, tables = [], sample = 10, checks = [], folder } = entry ?? {};
  const everyMs = (every === undefined ? undefined : parsePeriod(every)) ?? WEEK_MS;
  return {
    everyMs,
    oldMs: Math.round(everyMs * 1.5),
    tables,
    sample,
    checks: checks.map(({ name, sql, expect }) => ({ name, sql, expect: String(expect) })),
    ...(folder === undefined ? {} : { folder: resolve(directory, folder) }),
  };
}

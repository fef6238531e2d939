/**
 * The shape of a target's `undo`, and its defaults: which agents' changes are kept so that they can be taken back, and for how long.
 * It keeps nothing; `holdfast provision` has the server do it.
 */
import { z } from "zod";
import { parseBytes, parsePeriod } from "./quantities.ts";

/** Shorter, and what an agent did before a break could not be taken back after it. */
const KEEP_MS_MIN = 60_000;
const KEEP_DEFAULT_MS = 7 * 86_400_000;
const SIZE_MIN = 1024 ** 2;
const SIZE_DEFAULT = 2 * 1024 ** 3;

export interface UndoConfig {
  readonly enabled: boolean;
  /** Images that are older go. */
  readonly keepMs: number;
  /** Of the journal in each database, in bytes; beyond it the oldest go first. */
  readonly sizeMax: number;
  /** Tables as `schema.name`, whose changes are not kept. */
  readonly exclude: readonly string[];
}

export const undoSchema = z.strictObject({
  enabled: z.boolean().optional().describe("false: nothing is kept, and nothing can be taken back. true."),
  keep: z
    .string()
    .refine((text) => (parsePeriod(text) ?? 0) >= KEEP_MS_MIN, "must be a time between `1min` and `3650d`")
    .optional()
    .describe("How long images of changed rows are kept; 7d."),
  size: z
    .string()
    .refine((text) => (parseBytes(text) ?? 0) >= SIZE_MIN, "must be a size of at least `1MiB`")
    .optional()
    .describe("What they may take up in each database; beyond it the oldest go first. 2GiB."),
  exclude: z
    .array(z.string().regex(/^[^.]+\.[^.]+$/, "must be a table as `public.sessions`"))
    .optional()
    .describe("Tables whose changes are not kept."),
});

export function resolveUndo(entry: z.infer<typeof undoSchema> | undefined): UndoConfig {
  return {
    enabled: entry?.enabled ?? true,
    keepMs: (entry?.keep === undefined ? undefined : parsePeriod(entry.keep)) ?? KEEP_DEFAULT_MS,
    sizeMax: (entry?.size === undefined ? undefined : parseBytes(entry.size)) ?? SIZE_DEFAULT,
    exclude: entry?.exclude ?? [],
  };
}

/**
 * The shape of a target's `bin`, and its defaults: how long and how much of what agents drop rests, so that it can come back.
 * It keeps nothing; `holdfast provision` sets the bin up at the server, and the policy says what goes there.
 */
import { z } from "zod";
import { parseBytes, parsePeriod } from "./quantities.ts";

/** Shorter, and nobody has noticed yet. */
const KEEP_MS_MIN = 60_000;
const KEEP_DEFAULT_MS = 30 * 86_400_000;
const SIZE_MIN = 1024 ** 2;
const SIZE_DEFAULT = 50 * 1024 ** 3;
const COPY_DEFAULT = 1024 ** 3;

export interface BinConfig {
  readonly enabled: boolean;
  /** Entries that are older are emptied. */
  readonly keepMs: number;
  /** Bytes of all entries of one database; beyond it the oldest are emptied first. */
  readonly sizeMax: number;
  /** Bytes of rows that one act may have copied where they cannot rest as they are. */
  readonly copyBytesMax: number;
}

export const binSchema = z.strictObject({
  enabled: z.boolean().optional().describe("false: there is no bin, and what a policy answers with `bin` is asked about. true."),
  keep: z
    .string()
    .refine((text) => (parsePeriod(text) ?? 0) >= KEEP_MS_MIN, "must be a time between `1min` and `3650d`")
    .optional()
    .describe("How long what was dropped rests; 30d."),
  size: z
    .string()
    .refine((text) => (parseBytes(text) ?? 0) >= SIZE_MIN, "must be a size of at least `1MiB`")
    .optional()
    .describe("What may rest in each database; beyond it the oldest goes first. 50GiB."),
  copy: z
    .string()
    .refine((text) => parseBytes(text) !== undefined, "must be a size such as `1GiB`")
    .optional()
    .describe("Rows of this size may be copied for one act where PostgreSQL has no way to move them; 1GiB."),
});

export function resolveBin(entry: z.infer<typeof binSchema> | undefined): BinConfig {
  return {
    enabled: entry?.enabled ?? true,
    keepMs: (entry?.keep === undefined ? undefined : parsePeriod(entry.keep)) ?? KEEP_DEFAULT_MS,
    sizeMax: (entry?.size === undefined ? undefined : parseBytes(entry.size)) ?? SIZE_DEFAULT,
    copyBytesMax: (entry?.copy === undefined ? undefined : parseBytes(entry.copy)) ?? COPY_DEFAULT,
  };
}

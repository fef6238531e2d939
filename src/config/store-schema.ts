/**
 * The shape of `store`: where runs, grants and approvals are kept over a restart, and what becomes of it.
 * It does not open one.
 */
import { z } from "zod";
import type { StoreConfig, UpstreamConfig } from "./config.ts";
import { parseDuration } from "./quantities.ts";

/** Shorter, and a pause of the machine would already look like a death. */
const SILENT_MS_MIN = 2_000;
const SILENT_DEFAULT = "15s";

/** Built around the fields of a server's address, which stand beside it. */
export function storeSchemaWith<A extends z.ZodRawShape>(addressFields: A) {
  const sqlite = z.strictObject({ kind: z.literal("sqlite") });
  const postgres = z.strictObject({
    kind: z.literal("postgres"),
    ...addressFields,
    gateway_timeout: z
      .string()
      .refine((text) => (parseDuration(text) ?? 0) >= SILENT_MS_MIN, "must be a time of at least `2s`")
      .optional()
      .describe("A gateway silent for so long counts as dead: what it left open is closed by another one; 15s."),
  });
  return z
    .discriminatedUnion("kind", [sqlite, postgres])
    .describe("sqlite: a file in `state`, for one gateway. postgres: shared by several; see docs/store.md.");
}

/** `address` is the entry's own fields in the terms of an upstream. */
export function resolveStore(
  entry: { readonly kind: "sqlite" } | { readonly kind: "postgres"; readonly gateway_timeout?: string | undefined },
  address: () => UpstreamConfig,
): StoreConfig {
  if (entry.kind === "sqlite") return { kind: "sqlite" };
  return { kind: "postgres", upstream: address(), gatewayMsMax: parseDuration(entry.gateway_timeout ?? SILENT_DEFAULT) ?? 15_000 };
}

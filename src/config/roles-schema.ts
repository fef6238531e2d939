/**
 * The shape of a target's `roles`: whose login makes session roles, and what agents' groups may do.
 * It does not look at a server; `holdfast provision` does.
 */
import { z } from "zod";
import { nameSchema } from "./policy-schema.ts";
import { parseDuration } from "./quantities.ts";

const timeSchema = z.string().refine((text) => (parseDuration(text) ?? 0) > 0, "must be a time such as `30s`, 24d at most");
const schemaName = z.string().min(1).max(63);
const inSchema = z.string().regex(/^[^.]+\.[^.]+$/, "must name its schema too, as `public.orders`");

/** Built around the schema of an upstream's address, which stands beside this one. */
export function rolesSchemaWith<A extends z.ZodType>(addressSchema: A) {
  return z
    .strictObject({
      mode: z
        .enum(["ephemeral", "fixed"])
        .describe(
          "ephemeral: each principal gets a login role of its own, dropped after use. fixed: all share `upstream.role`, which is weaker.",
        ),
      admin: addressSchema.optional().describe("The login that makes session roles: with CREATEROLE, and never the migration runner's."),
      migration_role: z
        .string()
        .min(1)
        .max(63)
        .optional()
        .describe("The migration runner's login: never shared, and never provisioned with."),
      schemas: z.array(schemaName).min(1).optional().describe("Schemas that agents read; all when left out."),
      hide: z.array(inSchema).optional().describe("Tables and views that agents do not read, as schema.name."),
      writers: z
        .record(nameSchema, z.strictObject({ schemas: z.array(schemaName).optional(), tables: z.array(inSchema).optional() }))
        .optional()
        .describe("Lists of tables whose rows a group may change; a user names its list as `writer`."),
      rows: z
        .array(z.strictObject({ table: inSchema, using: z.string().min(1) }))
        .optional()
        .describe("Rows that exist for agents: an SQL condition per table, kept by a restrictive row policy."),
      functions: z.array(inSchema).optional().describe("SECURITY DEFINER functions that agents may run."),
      keep: z.array(schemaName).optional().describe("Roles that keep by name what PUBLIC loses; every role when left out."),
      public: z
        .strictObject({ temporary: z.enum(["revoke", "keep"]).optional(), connect: z.enum(["revoke", "keep"]).optional() })
        .optional()
        .describe("What PUBLIC loses on the database: TEMPORARY unless kept; CONNECT when asked for."),
      lease: z
        .strictObject({ lifetime: timeSchema.optional(), linger: timeSchema.optional(), sweep: timeSchema.optional() })
        .optional()
        .describe("A session role's time: 8h at most, 5s after its last connection; leftovers are looked for every 1min."),
    })
    .superRefine(({ mode, admin }, context) => {
      if (mode === "ephemeral" && admin === undefined)
        context.addIssue({
          code: "custom",
          path: ["admin"],
          message: "`admin` is missing: session roles are made with a login of its own",
        });
    });
}

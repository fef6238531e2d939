/**
 * The shape of a target's `plan` and `classify`: how acts are measured before a person is asked, and which columns' values may be shown.
 * It measures nothing; the adapter's executor does.
 */
import { z } from "zod";
import { parseDuration } from "./quantities.ts";

const timeSchema = z.string().refine((text) => (parseDuration(text) ?? 0) > 0, "must be a time such as `30s`, 24d at most");
const columnName = z
  .string()
  .regex(/^[^.]+\.[^.]+\.[^.]+$/, "must be a column as `public.orders.total`, or all of a table as `public.orders.*`");

/** Built around the schema of an address, which stands beside this one. */
export function planSchemaWith<A extends z.ZodType>(addressSchema: A) {
  return z
    .strictObject({
      lock: timeSchema
        .optional()
        .describe("How long a trial may keep others from a table, or wait for its locks; beyond it the plan says so. 2s."),
      statement: timeSchema.optional().describe("How long a trial may take; 30s."),
      run: timeSchema.optional().describe("How long one statement of an approved plan may take; 10min."),
      samples: z.number().int().min(0).max(100).optional().describe("Rows of each table that are shown before and after; 5."),
      on: z
        .enum(["target", "clone", "replica"])
        .optional()
        .describe("Where acts are tried: at the target itself, or at a clone with the same data."),
      clone: addressSchema.optional().describe("The clone's address, with the login that acts are tried as there."),
    })
    .superRefine(({ on, clone }, context) => {
      const problem = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
      if (on === "replica") problem("on", "a replica is read-only, and no change can be tried on it: use `target` or `clone`");
      if (on === "clone" && clone === undefined) problem("clone", "`clone` is missing: acts are to be tried there");
      if (on !== "clone" && clone !== undefined) problem("on", "`clone` is of no use unless `on` is `clone`");
    });
}

export const classifySchema = z.strictObject({
  public: z.array(columnName).optional().describe("Columns whose values a plan shows; every other is masked."),
  secret: z.array(columnName).optional().describe("Columns that are masked whatever `public` says."),
});

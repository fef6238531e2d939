/**
 * A session's budget as it is written: under a target's `budget` in the file, and as `name=figure` on the command line.
 * It does not keep one.
 */
import { z } from "zod";
import { type Budget, noBudget } from "../model/run.ts";
import { nearest } from "./nearest.ts";
import { parseBytes, parseDuration } from "./quantities.ts";

const count = z.number().int().min(1).max(1e12).optional();

export const budgetSchema = z.strictObject({
  statements: count.describe("Statements, refused ones included."),
  rows_read: count.describe("Rows returned to the agent."),
  rows_changed: count.describe("Rows changed, by the server's own count."),
  bytes: z
    .string()
    .refine((text) => (parseBytes(text) ?? 0) > 0, "must be an amount of bytes such as `64MiB`")
    .optional()
    .describe("Bytes of rows returned to the agent."),
  held: count.describe("Acts held for a person."),
  wall: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0, "must be a time such as `2h`, 24d at most")
    .optional()
    .describe("Time from its start until it is ended."),
});

type BudgetEntry = z.infer<typeof budgetSchema>;

const keys: readonly (keyof BudgetEntry)[] = ["statements", "rows_read", "rows_changed", "bytes", "held", "wall"];

export function resolveBudget(entry: BudgetEntry): Budget {
  return {
    ...noBudget,
    statements: entry.statements ?? null,
    rowsRead: entry.rows_read ?? null,
    rowsChanged: entry.rows_changed ?? null,
    bytes: entry.bytes === undefined ? null : (parseBytes(entry.bytes) ?? null),
    held: entry.held ?? null,
    wallMs: entry.wall === undefined ? null : (parseDuration(entry.wall) ?? null),
  };
}

/** `rows_changed=10,wall=1h`. The message says what is wrong with it. */
export function parseBudget(text: string): { readonly budget: Budget } | { readonly message: string } {
  const entry: Record<string, unknown> = {};
  for (const part of text.split(",")) {
    const [name = "", value = "", ...more] = part.split("=").map((each) => each.trim());
    const known = keys.find((key) => key === name);
    if (known === undefined || value === "" || more.length > 0) {
      const near = nearest(name, keys);
      const meant = near === undefined ? `known: ${keys.join(", ")}` : `did you mean \`${near}\`?`;
      return { message: known === undefined ? `no budget is named \`${name}\`: ${meant}` : `\`${part.trim()}\` is not \`${name}=figure\`` };
    }
    entry[known] = known === "bytes" || known === "wall" ? value : /^\d+$/.test(value) ? Number(value) : value;
  }
  const parsed = budgetSchema.safeParse(entry);
  if (parsed.success) return { budget: resolveBudget(parsed.data) };
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? "");
  const example = name === "bytes" ? "an amount such as 64MiB" : name === "wall" ? "a time such as 2h" : "a whole number from 1";
  return { message: `\`${name}\` takes ${example}` };
}

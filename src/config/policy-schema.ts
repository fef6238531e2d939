/**
 * The shape of a policy document: rules, what they match, limits. The presets and the `policies` of holdfast.yaml have it.
 * It does not compile anything; `compile-policy.ts` does.
 */
import { z } from "zod";
import { operations } from "../model/effect.ts";
import { parseBytes, parseDuration, parsePercent } from "./quantities.ts";

const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);

/** Names are ids: they appear in the record and in reports. */
export const nameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,63}$/, "must be a name: small letters, digits, `-` and `_`, a letter first, at most 64");

const rowsSchema = z.union([z.number().int().min(0).max(1e12), z.literal("none")]).describe("A number of rows, or `none` for no limit.");
const bytesSchema = z
  .string()
  .refine((text) => text === "none" || parseBytes(text) !== undefined, "must be an amount of bytes such as `64MiB`, or `none`")
  .describe("Bytes with a unit: B, KiB, MiB, GiB. `none` for no limit.");
const timeSchema = z
  .string()
  .refine((text) => text === "none" || (parseDuration(text) ?? 0) > 0, "must be a time such as `30s` or `5min`, or `none`")
  .describe("A time with a unit: ms, s, min, h, d. `none` for no limit.");

const percentSchema = z
  .string()
  .refine((text) => text === "none" || parsePercent(text) !== undefined, "must be a whole share such as `50%`, at most `100%`, or `none`")
  .describe("A share in whole per cent, for example `50%`. `none` for no limit.");

const limitShape = {
  rows_returned: rowsSchema.optional().describe("Rows one statement may return, over all its result sets, cursors and COPY."),
  bytes_returned: bytesSchema.optional().describe("Bytes one statement may return."),
  rows_changed: rowsSchema.optional().describe("Rows one statement may change, by the server's own count."),
  rows_changed_per_transaction: rowsSchema.optional().describe("Rows one transaction may change."),
  rows_changed_per_table: rowsSchema.optional().describe("Rows of any one table that one transaction may change."),
  rows_changed_share: percentSchema
    .optional()
    .describe("Share of the rows of any one table that one transaction may update and delete; 20 rows are always allowed."),
  statements_per_minute: z
    .union([z.number().int().min(1), z.literal("none")])
    .optional()
    .describe("Statements one session may send in a minute."),
  statement_time: timeSchema.optional().describe("Time one statement may take."),
  transaction_time: timeSchema.optional().describe("Time one transaction may take."),
  idle_in_transaction_time: timeSchema.optional().describe("Time a transaction may stand idle."),
  session_time: timeSchema.optional().describe("Time a session may last."),
};

/** Limits of one environment. A limit that is left out comes from what the policy extends. */
export const limitsSchema = z.strictObject(limitShape);
/** Limits for every environment, and for one of them more precisely. */
export const limitsByEnvironmentSchema = z.strictObject({
  ...limitShape,
  production: limitsSchema.optional(),
  staging: limitsSchema.optional(),
  development: limitsSchema.optional(),
});

const ruleLimitsSchema = z.strictObject({
  rows_returned: z.number().int().min(0).max(1e12).optional(),
  bytes_returned: bytesSchema.optional(),
  rows_changed: z.number().int().min(0).max(1e12).optional(),
  rows_changed_per_transaction: z.number().int().min(0).max(1e12).optional(),
  rows_changed_per_table: z.number().int().min(0).max(1e12).optional(),
  rows_changed_share: percentSchema.optional(),
  statement_time: timeSchema.optional(),
});

const resourceTypes = [
  "table",
  "view",
  "sequence",
  "function",
  "type",
  "schema",
  "database",
  "role",
  "index",
  "trigger",
  "policy",
  "extension",
  "setting",
  "session",
  "transaction",
  "large_object",
  "file",
  "program",
  "server",
  "foreign_table",
  "publication",
  "subscription",
  "channel",
  "lock",
  "catalogue",
  "statement",
  "api_resource",
  "api_host",
  "unknown",
] as const;

export const matchSchema = z.strictObject({
  operation: oneOrMore(z.enum(operations as [string, ...string[]])).optional(),
  detail: oneOrMore(z.string().min(1)).optional().describe("Finer than the operation: see docs/policy.md for the words."),
  resource_type: oneOrMore(z.enum(resourceTypes)).optional(),
  resource_name: oneOrMore(z.string().min(1))
    .optional()
    .describe("Resolved name, for example `public.orders`; `*` stands for anything, dots included."),
  extent: oneOrMore(z.enum(["exact", "at_most", "unbounded", "unknown"])).optional(),
  reversibility: oneOrMore(z.enum(["reversible", "restorable", "irreversible", "unknown"])).optional(),
  cause: oneOrMore(z.enum(["direct", "cascade", "trigger", "function", "rule", "view", "default"])).optional(),
  classification: oneOrMore(z.enum(["public", "sensitive", "secret"])).optional(),
  environment: oneOrMore(z.enum(["production", "staging", "development"])).optional(),
  principal: oneOrMore(z.string().min(1)).optional().describe("Name of the one who acts; `*` stands for anything."),
  database: oneOrMore(z.string().min(1)).optional().describe("Database name; `*` stands for anything."),
});

/** Codes a rule may give as its reason: those that say what an act would do. */
export const ruleCodes = [
  "destructive",
  "unbounded_change",
  "change_not_permitted",
  "definition_not_permitted",
  "privilege_change",
  "outside_database",
  "secret_read",
  "session_pinned",
  "not_permitted",
  "not_understood",
] as const;

export const ruleSchema = z.strictObject({
  id: nameSchema,
  title: z.string().min(1).describe("What the rule is about, in a few words. Never shown to an agent."),
  why: z.string().min(1).describe("Why the rule exists. Never shown to an agent."),
  answer: z
    .enum(["permit", "bin", "forbid", "require_approval"])
    .describe("`bin`: permitted where the target keeps a bin that what is removed goes into, and a person is asked where it does not."),
  match: matchSchema.describe("Every field that is present must fit; a list fits when any member does."),
  when: z.string().min(1).optional().describe("A CEL expression over `effect` and `facts`; the rule applies where it is true."),
  bin: z
    .boolean()
    .optional()
    .describe("For a permit: what is removed goes into the bin where there is one, and is removed all the same where not."),
  recovery_point: z
    .boolean()
    .optional()
    .describe("Where the server's WAL stands is on record before the act, approved or not; where that cannot be had, it does not run."),
  code: z.enum(ruleCodes).optional().describe("The reason code given with a forbid, a require_approval, or a bin that is not there."),
  limits: ruleLimitsSchema.optional().describe("Limits that a permit or a bin adds to what it lets through."),
  examples: z
    .strictObject({ matches: z.array(z.string().min(1)).min(1), misses: z.array(z.string().min(1)).min(1) })
    .describe("SQL, or a request as `METHOD URL body`, that the rule must apply to, and such that it must not."),
});

const policyShape = {
  title: z.string().min(1).optional(),
  extends: nameSchema.optional().describe("A preset or another policy: its rules and limits come first."),
  without: z.array(nameSchema).optional().describe("Ids of inherited rules that are left out."),
  mode: z.enum(["enforce", "observe"]).optional().describe("`observe` decides and records, and refuses nothing."),
  limits: limitsByEnvironmentSchema.optional(),
  examples_schema: z
    .string()
    .min(1)
    .optional()
    .describe("DDL of the tables and functions that the rules' examples name. Nothing is ever run from it."),
  rules: z.array(ruleSchema).optional(),
};

/** An entry of `policies` in holdfast.yaml. */
export const policySchema = z.strictObject(policyShape);
/** A preset file: the same with its own name and the version of this format. */
export const presetSchema = z.strictObject({ version: z.literal(1), name: nameSchema, ...policyShape });

export type PolicyEntry = z.infer<typeof policySchema>;
export type RuleEntry = z.infer<typeof ruleSchema>;
export type MatchEntry = z.infer<typeof matchSchema>;
export type LimitsEntry = z.infer<typeof limitsSchema>;
export type LimitsByEnvironment = z.infer<typeof limitsByEnvironmentSchema>;

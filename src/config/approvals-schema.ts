/**
 * The section `approvals` of holdfast.yaml: how long persons have, how many must agree, and what their answers must show.
 * Who may answer does not stand here: persons are registered in the vault.
 */
import { z } from "zod";
import { type ApprovalRules, approvalLifeMsMax, usualApprovalRules } from "../model/approval-rules.ts";
import type { Environment } from "../model/principal.ts";
import { parseDuration } from "./quantities.ts";

/** A client that hears nothing for longer gives up by itself. */
const HOLD_MS_MAX = 5 * 60_000;
const COOL_OFF_MS_MAX = 3_600_000;

const upTo = (max: number, shown: string, least = 0) =>
  z
    .string()
    .refine((text) => {
      const ms = parseDuration(text);
      return ms !== undefined && ms >= least && ms <= max;
    }, `must be a time such as \`30s\`, ${shown} at most`)
    .optional();
const persons = z.number().int().min(1).max(10).optional();

export const approvalsSchema = z.strictObject({
  hold: upTo(HOLD_MS_MAX, "5min").describe(
    "How long a connection waits for an answer before it is told to come back; 20s, 0s for not at all.",
  ),
  life: upTo(approvalLifeMsMax, "7d", 1_000).describe("How long a question stands; after that it is a no. 15min."),
  quorum: z.strictObject({ production: persons, staging: persons, development: persons }).optional().describe("Persons who must agree; 1."),
  passkey: z
    .enum(["when_registered", "always", "never"])
    .optional()
    .describe("Whether what cannot be taken back takes a passkey: when one is registered unless said otherwise."),
  cool_off: upTo(COOL_OFF_MS_MAX, "1h").describe("Wait after the last agreement before what cannot be taken back runs in production; 10s."),
  solo: z.boolean().optional().describe("Whether the one who asks may answer: with a passkey where one is registered, and after the wait."),
  remember: upTo(24 * 86_400_000, "24d").describe(
    "How long a no holds for the same statement in other sessions of the same principal; 1h.",
  ),
  tolerance_rows: z.number().int().min(0).max(1_000_000).optional().describe("Rows by which each table may differ from the plan; 0."),
});

type ApprovalsEntry = z.infer<typeof approvalsSchema>;

export function resolveApprovals(entry: ApprovalsEntry = {}): ApprovalRules {
  const usual = usualApprovalRules;
  const ms = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : (parseDuration(text) ?? otherwise));
  const quorum = (environment: Environment): number => entry.quorum?.[environment] ?? usual.quorum[environment];
  return {
    holdMs: ms(entry.hold, usual.holdMs),
    lifeMs: ms(entry.life, usual.lifeMs),
    quorum: { production: quorum("production"), staging: quorum("staging"), development: quorum("development") },
    passkey: entry.passkey ?? usual.passkey,
    coolOffMs: ms(entry.cool_off, usual.coolOffMs),
    solo: entry.solo ?? usual.solo,
    rememberMs: ms(entry.remember, usual.rememberMs),
    toleranceRows: entry.tolerance_rows ?? usual.toleranceRows,
  };
}

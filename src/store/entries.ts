/**
 * Runs, asks, grants and approvals as the text of one row, and back: what a row says is looked at before anybody trusts its shape.
 * It does not read or write files.
 */
import type { Approval } from "../model/approval.ts";
import type { Disarm } from "../model/disarm.ts";
import type { Ask, Grant } from "../model/grant.ts";
import type { Run } from "../model/run.ts";
import type { RunAccount } from "../model/run-account.ts";

type Kind = "text" | "number" | "number or null" | "texts" | "object" | "objects";
type Shape = Readonly<Record<string, Kind>>;

const runShape: Shape = {
  id: "text",
  kind: "text",
  principal: "text",
  principalKind: "text",
  target: "text",
  environment: "text",
  program: "text",
  programVersion: "text",
  actsFor: "text",
  purpose: "text",
  budget: "object",
  startedAtMs: "number",
  state: "text",
  used: "object",
};

const askShape: Shape = {
  id: "text",
  run: "text",
  principal: "text",
  target: "text",
  tables: "texts",
  operations: "texts",
  purpose: "text",
  askedAtMs: "number",
  state: "text",
};

const grantShape: Shape = {
  id: "text",
  run: "text",
  principal: "text",
  target: "text",
  tables: "texts",
  operations: "texts",
  sequences: "texts",
  by: "text",
  reason: "text",
  givenAtMs: "number",
  untilMs: "number",
  usesMax: "number or null",
  rowsMax: "number",
  uses: "number",
  rows: "number",
  state: "text",
};

const approvalShape: Shape = {
  id: "text",
  revision: "number",
  plan: "object",
  nonce: "text",
  strength: "text",
  quorum: "number",
  answers: "objects",
  state: "text",
  askedAtMs: "number",
  expiresAtMs: "number",
  notBeforeMs: "number or null",
  count: "number",
};

const accountShape: Shape = { id: "text", revision: "number", run: "object", shares: "objects" };
const shareShape: Shape = { gateway: "text", incarnation: "text", granted: "object", used: "object" };

/** `undefined` when the text is not such an entry. */
export const parseRun = (text: string): Run | undefined => parse<Run>(text, runShape);
export const parseAsk = (text: string): Ask | undefined => parse<Ask>(text, askShape);
export const parseGrant = (text: string): Grant | undefined => parse<Grant>(text, grantShape);
export const parseApproval = (text: string): Approval | undefined => parse<Approval>(text, approvalShape);

export function parseDisarm(text: string): Disarm | undefined {
  const disarm = parse<Disarm>(text, { id: "text", principal: "text", things: "texts", atMs: "number" });
  return typeof disarm?.undone === "boolean" ? disarm : undefined;
}

export function parseAccount(text: string): RunAccount | undefined {
  const account = parse<RunAccount>(text, accountShape);
  if (account === undefined) return undefined;
  return hasShape(account.run, runShape) && account.shares.every((share) => hasShape(share, shareShape)) ? account : undefined;
}

function parse<T>(text: string, shape: Shape): T | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  return hasShape(value, shape) ? (value as T) : undefined;
}

function hasShape(value: object, shape: Shape): boolean {
  const fields = value as Record<string, unknown>;
  return Object.entries(shape).every(([name, kind]) => fits(fields[name], kind));
}

function fits(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "number or null":
      return value === null || fits(value, "number");
    case "texts":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "objects":
      return Array.isArray(value) && value.every((item) => fits(item, "object"));
  }
}

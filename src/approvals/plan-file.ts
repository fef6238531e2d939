/**
 * A plan as a file: the act's exact text with the plan of it, to be reviewed, kept beside code and given back to be applied.
 * What it says of itself holds together when it is read; that it is the plan that was made, and that somebody agreed to it, the
 * gateway finds.
 */
import { canonicalJson, digestOf } from "../base/canonical.ts";
import { limits } from "../base/limits.ts";
import type { Plan } from "../model/plan.ts";
import { planDigest } from "./plan-digest.ts";
import { planShape } from "./plan-shape.ts";
import { object, oneOf, sha256, ShapeError, text } from "./shape.ts";

export interface PlanFile {
  /** As it is sent: one message, which may hold several statements. */
  readonly text: string;
  /** As whoever asked is told it: see {@link asTold}. */
  readonly plan: Plan;
}

/** The file is none, was altered, or is too long. */
export class PlanFileRefused extends Error {
  override readonly name = "PlanFileRefused";
}

const kind = "holdfast-plan";
const shape = (value: unknown) =>
  object({ kind: oneOf([kind]), version: oneOf([1]), text: text(limits.sqlTextBytesMax), plan: planShape, digest: sha256 })(value, "");

/** The act's digest of a text by itself, without parameters: the same as for the same text on a connection. */
export function textDigest(sql: string): string {
  return digestOf({ form: "holdfast-sql-v1", text: sql });
}

/**
 * A plan as whoever asked is told it: without the rules' names, and to a session without rows, which it may have no right to read. Neither
 * binds; who answers is shown both.
 */
export function asTold(plan: Plan): Plan {
  const { measured } = plan;
  const told = { ...plan, policy: { ...plan.policy, rules: [] } };
  if (plan.asked.run === undefined || measured === null) return told;
  return { ...told, measured: { ...measured, tables: measured.tables.map((table) => ({ ...table, samples: [] })) } };
}

/** The file's text. There is one way to write a file: keys in order, two spaces, a line end. */
export function writePlanFile({ text: sql, plan }: PlanFile): string {
  const content = { kind, version: 1, text: sql, plan: asTold(plan) };
  return pretty({ ...content, digest: digestOf(content) });
}

/** Throws {@link PlanFileRefused} for what is not exactly a file that {@link writePlanFile} wrote. */
export function readPlanFile(file: string): PlanFile {
  if (Buffer.byteLength(file) > limits.planFileBytesMax) throw refused(`it has more than ${limits.planFileBytesMax} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(file);
    shape(value);
  } catch (error) {
    if (error instanceof ShapeError) throw refused(error.message);
    throw refused("it is no JSON");
  }
  // A name that stands twice is read by one reader as the first and by another as the last.
  if (pretty(value) !== file.replaceAll("\r\n", "\n")) throw refused("it is not written as Holdfast writes it");
  const { digest, ...content } = value as { digest: string; text: string; plan: Plan };
  if (digestOf(content) !== digest) throw refused("it was altered: its digest is of another content");
  return demandWhole(content);
}

/** The same for what came as a value: its shape, and that text and plan have the digests that they say. */
export function planFileOf(value: unknown): PlanFile {
  try {
    object({ text: text(limits.sqlTextBytesMax), plan: planShape })(value, "");
  } catch (error) {
    throw error instanceof ShapeError ? refused(error.message) : error;
  }
  return demandWhole(value as PlanFile);
}

function demandWhole({ text: sql, plan }: PlanFile): PlanFile {
  if (plan.policy.rules.length > 0) throw refused("a file names no rules");
  if (textDigest(sql) !== plan.act.digest) throw refused("its text is not the one that was planned");
  if (planDigest(plan) !== plan.digest) throw refused("its plan was altered: the digest is of another plan");
  return { text: sql, plan };
}

/** Where two plans differ, as a path; `undefined` where they are the same to the last byte. */
export function differenceOf(one: unknown, other: unknown, place = ""): string | undefined {
  if (canonicalJson(one) === canonicalJson(other)) return undefined;
  if (isBranch(one) && isBranch(other) && Array.isArray(one) === Array.isArray(other)) {
    const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const child = place === "" ? key : `${place}.${key}`;
      if (!Object.hasOwn(a, key) || !Object.hasOwn(b, key)) return child;
      const found = differenceOf(a[key], b[key], child);
      if (found !== undefined) return found;
    }
  }
  return place;
}

function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The canonical form with line ends and indents, so that a reviewer sees a difference where it is. */
function pretty(value: unknown): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(value)), null, 2)}\n`;
}

function refused(because: string): PlanFileRefused {
  return new PlanFileRefused(`this is no plan that can be used: ${because}`);
}

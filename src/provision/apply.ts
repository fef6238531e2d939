/**
 * Carries a plan out over an administrator's connection: all of it or nothing, and only what was shown.
 * It opens no connection and asks nobody.
 */
import { digestOf } from "../base/canonical.ts";
import { type Plan, type Step, undoOf } from "./draft.ts";
import { planProvision } from "./plan.ts";
import { writingFunctions } from "./plan-public.ts";
import { planUndo } from "./plan-undo.ts";
import { readState, recordTable } from "./read-state.ts";
import type { ProvisionRequest } from "./request.ts";
import { type AdminClient, ident, literal } from "./sql.ts";

/** The message says what to do. Nothing was changed. */
export class ProvisionError extends Error {
  override readonly name = "ProvisionError";
}

export type Direction = "provision" | "undo";

/** Reads the state and plans. Leaves no transaction open and changes nothing. */
export async function showPlan(client: AdminClient, request: ProvisionRequest, direction: Direction): Promise<Plan> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    return await planNow(client, request, direction);
  } finally {
    await client.query("ROLLBACK");
  }
}

/** What a person agreed to: the statements and who runs them. */
export function planDigest({ steps }: Plan): string {
  return digestOf(steps.map(({ sql, as }) => [sql, as]));
}

/** Locks that others hold are waited for this long; then nothing is done. */
const LOCK_WAIT = "10s";

/**
 * Plans again inside the transaction that carries it out, so that what is run is what `agreed` was made of. Rejects with
 * {@link ProvisionError}, nothing changed, when the server has moved on, when a step fails, or when a second plan would not be empty.
 */
export async function applyPlan(client: AdminClient, request: ProvisionRequest, direction: Direction, agreed: string): Promise<Plan> {
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_WAIT}'`);
    await client.query("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('holdfast provision'))");
    const plan = await planNow(client, request, direction);
    const [refusal] = plan.refusals;
    if (refusal !== undefined) throw new ProvisionError(refusal);
    if (planDigest(plan) !== agreed)
      throw new ProvisionError("the server's rights have changed since the statements were shown: look at them again");
    for (const step of plan.steps) await run(client, step);
    if (direction === "provision") await record(client, request.target, plan.steps);
    const left = (await planNow(client, request, direction)).steps[0];
    if (left !== undefined)
      throw new ProvisionError(`\`${left.sql}\` had no effect: rights that another role gave can only be taken back by that role`);
    await client.query("COMMIT");
    return plan;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

async function planNow(client: AdminClient, request: ProvisionRequest, direction: Direction): Promise<Plan> {
  const state = await readState(client, request.target, writingFunctions);
  return direction === "provision" ? planProvision(state, request) : planUndo(state, request);
}

/** One step under its role. Rejects with {@link ProvisionError}. */
export async function run(client: AdminClient, { sql, as, mayBeGone }: Step): Promise<void> {
  const text = as === null ? sql : `SET LOCAL ROLE ${ident(as)}; ${sql}; RESET ROLE`;
  try {
    if (mayBeGone === true) await client.query("SAVEPOINT step");
    await client.query(text);
    if (mayBeGone === true) await client.query("RELEASE step");
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (mayBeGone !== true || !gone.has(code ?? "")) throw new ProvisionError(`\`${sql}\` failed: ${message ?? "no reason given"}`);
    await client.query("ROLLBACK TO step");
  }
}

/** undefined_object, undefined_table, undefined_function, undefined_column, invalid_schema_name. */
const gone: ReadonlySet<string> = new Set(["42704", "42P01", "42883", "42703", "3F000"]);

async function record(client: AdminClient, target: string, steps: readonly Step[]): Promise<void> {
  const entries = undoOf(steps);
  if (entries.length === 0) return;
  const rows = entries.map(({ as, sql }) => `(${literal(target)}, ${as === null ? "NULL" : literal(as)}, ${literal(sql)})`);
  await client.query(`INSERT INTO ${recordTable} (target, as_role, undo) VALUES ${rows.join(", ")}`);
}

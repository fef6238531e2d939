/**
 * The act that a planned text is, in the terms of guard and executor, with what it rests on; and the same again when the plan comes back.
 * Where its names mean what is said with the text, and not what a session has set.
 */
import { messageOf } from "../base/message-of.ts";
import { actionId, newSessionId, type RandomBytes } from "../base/ids.ts";
import type { ExecutorAct } from "../adapters/postgres/executor/port.ts";
import type { CatalogueSource } from "../catalogue/source.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { Action, SqlContext } from "../model/action.ts";
import type { StatementSummary } from "../model/decision.ts";
import type { Plan, Precondition } from "../model/plan.ts";
import type { Principal, Session, Target } from "../model/principal.ts";

/** What a text is run under: schemas in order, and settings that change what it means. */
export interface Ground {
  readonly searchPath: readonly string[];
  readonly settings: ReadonlyMap<string, string>;
}

/** The usual ones, so that a plan does not depend on whose login made it. */
const settings: readonly (readonly [string, string])[] = [
  ["DateStyle", "ISO, MDY"],
  ["IntervalStyle", "postgres"],
  ["TimeZone", "UTC"],
];

export function groundOf(searchPath: readonly string[], timeZone: string): Ground {
  const chosen = settings.map(([name, value]) => [name, name === "TimeZone" && timeZone !== "" ? timeZone : value] as const);
  return { searchPath: searchPath.length === 0 ? ["public"] : searchPath, settings: new Map(chosen) };
}

/** The ground that a plan was made on; `undefined` where it says none, as one that was made for a connection does. */
export function groundOfPlan({ preconditions }: Plan): Ground | undefined {
  const value = (name: string) => preconditions.find((each) => each.name === name)?.value;
  const path = value("search_path");
  const chosen = settings.map(([name]) => [name, value(name)] as const);
  if (path === undefined || chosen.some(([, given]) => given === undefined)) return undefined;
  try {
    const searchPath: unknown = JSON.parse(path);
    if (!Array.isArray(searchPath) || !searchPath.every((each) => typeof each === "string")) return undefined;
    return { searchPath: searchPath as readonly string[], settings: new Map(chosen as readonly (readonly [string, string])[]) };
  } catch {
    return undefined;
  }
}

/** Resolves when the catalogue holds what the server does. Rejects with {@link ControlRefusal} when it cannot be read. */
export async function contextOf(ground: Ground, role: string, catalogue: CatalogueSource): Promise<SqlContext> {
  try {
    await catalogue.refresh();
  } catch (error) {
    throw new ControlRefusal("unavailable", messageOf(error), "try again");
  }
  const { searchPath } = ground;
  return { role, sessionRole: role, searchPath, temporary: [], catalogueVersion: catalogue.version, pendingDdl: [] };
}

/** Rejects with {@link ControlRefusal} while nobody can say what the catalogue holds. */
export function preconditionsOf(ground: Ground, catalogue: CatalogueSource): readonly Precondition[] {
  const { digest } = catalogue;
  if (digest === undefined) throw new ControlRefusal("unavailable", "the schema is changing right now", "try again");
  return [
    // As it is said of a connection's act, so that the same act is the same by either way.
    { name: "role", value: "the session's own" },
    { name: "search_path", value: JSON.stringify(ground.searchPath) },
    { name: "catalogue", value: digest },
    ...[...ground.settings].map(([name, value]) => ({ name, value })),
  ];
}

/** Each precondition that is another now, in words; empty where all hold. */
export function changedSince(plan: Plan, now: readonly Precondition[]): readonly string[] {
  const found: string[] = [];
  for (const { name, value } of now) {
    const was = plan.preconditions.find((each) => each.name === name);
    if (was?.value === value) continue;
    const known = words[name];
    found.push(known ?? `\`${name}\` was \`${was?.value ?? "not given"}\` and is \`${value}\``);
  }
  for (const { name } of plan.preconditions) if (!now.some((each) => each.name === name)) found.push(`\`${name}\` is not known here`);
  return found;
}

const words: Readonly<Record<string, string | undefined>> = { catalogue: "the schema of the database has changed" };

export interface Asking {
  readonly principal: Principal;
  readonly target: Target;
  /** What is said of the program that asks. */
  readonly client: string;
  readonly nowMs: number;
  readonly random: RandomBytes;
}

/** A session of one act: nobody is connected. */
export function sessionFor({ principal, client, nowMs, random }: Asking): Session {
  return { id: newSessionId(random), principal, client, peer: "control socket", openedAtMs: nowMs };
}

export function actionFor(session: Session, target: Target, text: string, context: SqlContext): Action {
  return { id: actionId(session.id, 1), session, target, payload: { kind: "sql", text, door: "simple", context } };
}

/** `readsAs` is the role whose rights bound what the asker is told. */
export function executorAct(
  { id: action, target, payload }: Action,
  ground: Ground,
  statements: readonly StatementSummary[],
  readsAs?: string,
): ExecutorAct {
  if (payload.kind === "http") throw new Error("a request of an API is not carried out by the executor of a database");
  const text = payload.kind === "sql" ? payload.text : "";
  const { context } = payload;
  const bounded = readsAs === undefined ? {} : { readsAs };
  return {
    action,
    database: target.database,
    context,
    settings: ground.settings,
    statements,
    message: { kind: "simple", text },
    ...bounded,
  };
}

/**
 * A plan while it is being made: steps, what could not be done, and what stands in the way, gathered under the admin's own powers.
 * It knows no rule of what is wanted; the `plan-*.ts` files do.
 */
import type { RoleState, ServerState, UndoEntry } from "./state.ts";
import { ident } from "./sql.ts";

export interface Step {
  /** One statement, without its semicolon. */
  readonly sql: string;
  /** Role to take for it; `null` is the admin's own. */
  readonly as: string | null;
  readonly why: string;
  /** How others' rights are put back as they were; what is granted to our own roles goes with them and needs none. */
  readonly undo: readonly string[];
  /** What it names may have been dropped by others since: then there is nothing to do. */
  readonly mayBeGone?: boolean;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** What stays weaker than it could be, for a person to know. */
  readonly notes: readonly string[];
  /** Why the plan cannot be carried out. Not empty: nothing is done. */
  readonly refusals: readonly string[];
}

export class Draft {
  readonly state: ServerState;
  readonly #roles: ReadonlyMap<string, RoleState>;
  readonly #steps: Step[] = [];
  readonly #notes = new Set<string>();
  readonly #refusals = new Set<string>();
  readonly #unreached = new Map<string, Set<string>>();

  constructor(state: ServerState) {
    this.state = state;
    this.#roles = new Map(state.roles.map((role) => [role.name, role]));
  }

  role(name: string): RoleState | undefined {
    return this.#roles.get(name);
  }

  note(text: string): void {
    this.#notes.add(text);
  }

  refuse(text: string): void {
    this.#refusals.add(text);
  }

  /** A statement of the admin's own. */
  own(sql: string, why: string, undo: readonly string[] = []): void {
    this.#steps.push({ sql, as: null, why, undo });
  }

  /** A statement under a role that the admin may take by then; a superuser takes it too, so that what is made belongs to it. */
  acting(role: string, sql: string, why: string): void {
    this.#steps.push({ sql, as: role, why, undo: [] });
  }

  /** Whether the admin can act as the owner of an object, and under which role. */
  actor(owner: string): { readonly as: string | null } | undefined {
    if (this.state.admin.superuser) return { as: null };
    // The owner of the database is the one member of this role, and nobody can take it by SET ROLE.
    const name = owner === "pg_database_owner" ? this.state.databaseOwner : owner;
    const reach = this.#roles.get(name)?.reach ?? "none";
    if (reach === "none") return undefined;
    return { as: reach === "has" ? null : name };
  }

  /** A statement that the owner of an object may run. False, and the owner remembered, when the admin cannot act as that owner. */
  asOwner(owner: string, step: Omit<Step, "as">, optional: string | undefined = undefined): boolean {
    const actor = this.actor(owner);
    if (actor !== undefined) {
      this.#steps.push({ ...step, as: actor.as });
      return true;
    }
    if (optional !== undefined) this.note(optional);
    else this.#missing(owner, step.why);
    return false;
  }

  #missing(owner: string, what: string): void {
    const known = this.#unreached.get(owner) ?? new Set<string>();
    known.add(what);
    this.#unreached.set(owner, known);
  }

  plan(): Plan {
    const { name } = this.state.admin;
    const unreached = [...this.#unreached].map(
      ([owner, what]) =>
        `\`${name}\` cannot act for \`${owner}\` (${[...what].slice(0, 3).join("; ")}${what.size > 3 ? "; ..." : ""}): ` +
        `let somebody who may run \`GRANT ${ident(owner)} TO ${ident(name)}\`, or provision as a role that can`,
    );
    return { steps: this.#steps, notes: [...this.#notes], refusals: [...this.#refusals, ...unreached] };
  }
}

/** Undo statements of the steps in the order the steps were done, each with the role that may run it. */
export function undoOf(steps: readonly Step[]): readonly UndoEntry[] {
  return steps.flatMap(({ as, undo }) => undo.map((sql) => ({ as, sql })));
}

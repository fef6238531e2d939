/**
 * What a session has done that a second connection would have to share: settings that can be set there too, and state that binds the
 * session to the primary for good. Also whether it has changed something that has not ended yet.
 * What is not known to leave nothing behind binds.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { Effect } from "../../../model/effect.ts";
import type { Act } from "./act.ts";

/** Operations on data and definitions: what they leave behind, a replica gets by replication. */
const REPLICATED: ReadonlySet<Effect["operation"]> = new Set(["read", "create", "update", "delete", "define", "grant"]);
/** Calls and locks that are over with the statement or the transaction, and statements that are only ever run at the primary. */
const PASSING: ReadonlySet<string> = new Set(["call", "sleep", "lock_table", "prepare", "deallocate", "select_for_update", "transaction"]);
const SETTINGS_MAX = 64;
const SETTING_BYTES_MAX = 1024;

export class SessionState {
  /** The session stays with the primary. */
  bound = false;
  /** Something was changed, or may have been, in what has not ended. */
  writing = false;
  /** Texts of SET that have taken effect, in order. */
  readonly settings: string[] = [];
  #setting: Act[] = [];

  sent(act: Act, insideBlock: boolean): void {
    if (!act.readOnly) this.writing = true;
    const { statements } = act.admission;
    if (statements.length === 0) this.bound = true;
    if (this.bound || this.#setting.includes(act)) return;
    if (statements.every(({ tag }) => tag === "SET") && !insideBlock && isPlainSet(act)) this.#setting.push(act);
    else if (!statements.every((statement) => leavesNothing(statement) || isLocal(act, statement))) this.bound = true;
    for (const inner of act.inner) this.sent(inner, insideBlock);
  }

  /** What was changed has ended. */
  written(): void {
    this.writing = false;
  }

  /** Everything that was sent is answered. */
  settled(): void {
    if (this.#setting.length === 0) return;
    for (const act of this.#setting) if (act.code === undefined) this.settings.push(act.text);
    this.#setting = [];
    if (this.settings.length > SETTINGS_MAX) this.bound = true;
  }
}

/** SET of settings that mean nothing to names, roles, limits or transactions, and not back to a default, which is another at the login. */
function isPlainSet(act: Act): boolean {
  if (act.text.length > SETTING_BYTES_MAX || /\b(?:default|local)\b/i.test(act.text)) return false;
  return act.admission.statements.every(
    ({ effects, changesContext }) =>
      !changesContext && effects.length > 0 && effects.every(({ detail, resource }) => detail === "set" && resource.type === "setting"),
  );
}

/** SET LOCAL by itself: over with its transaction. Only what the parser has taken for a SET is asked. */
function isLocal(act: Act, { tag, effects }: StatementSummary): boolean {
  if (tag !== "SET" || act.admission.statements.length !== 1 || !/^\s*set\s+local\s+[a-z_]/i.test(act.text)) return false;
  return effects.every(({ detail }) => detail === "set");
}

function leavesNothing({ effects, transaction, changesContext, prepared }: StatementSummary): boolean {
  // What a savepoint takes back was set in the same transaction, and has bound the session then.
  if (transaction !== "none") return transaction !== "prepare_transaction";
  if (prepared !== undefined || changesContext) return !changesContext;
  return effects.every(({ operation, detail, resource }) => {
    if (operation === "read") return true;
    if (resource.type === "setting" || resource.type === "session" || resource.type === "channel") return false;
    return REPLICATED.has(operation) || PASSING.has(detail);
  });
}

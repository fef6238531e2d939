/**
 * Settings under which the parser reads a text as the server does: no policy, one that only observes included, can give them away.
 * It sees what a statement says; a change that shows only in the server's report ends the session instead.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import type { Refusal } from "./act.ts";
import { refusal } from "./refusal.ts";

const READ_UNDER: ReadonlySet<string> = new Set(["client_encoding", "standard_conforming_strings"]);

/** A refusal when some statement would set one of them to another value. Resetting them gives what the login asked for. */
export function parserSettingChanged(statements: readonly StatementSummary[]): Refusal | undefined {
  for (const { tag, effects } of statements) {
    if (tag === "RESET") continue;
    const effect = effects.find(({ detail, resource }) => detail === "set_pinned" && READ_UNDER.has(resource.name));
    if (effect === undefined) continue;
    const { name } = effect.resource;
    const next = name === "client_encoding" ? "use UTF8, and convert in the client" : "write backslash escapes as E'...'";
    return refusal("session_pinned", `\`${name}\` cannot be changed in a session that goes through this gateway`, next);
  }
  return undefined;
}

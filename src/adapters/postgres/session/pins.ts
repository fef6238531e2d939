/**
 * Settings under which the parser reads a text as the server does: no policy, one that only observes included, can give them away.
 * It sees what a statement says; a change that shows only in the server's report ends the session instead.
 */
import type { StatementSummary } from "../../../model/decision.ts";
import { parameter } from "../codec/read.ts";
import type { FrameScanner } from "../codec/scanner.ts";
import type { Refusal } from "./act.ts";
import type { Core } from "./core.ts";
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

/** Takes the ParameterStatus at hand; `undefined` when it is not understood. */
export function reportedNow(core: Core, { buffer, from, to }: Pick<FrameScanner, "buffer" | "from" | "to">): boolean | undefined {
  const found = parameter(buffer, from, to);
  return found === undefined ? undefined : reported(core, found.name, found.value);
}

/** Takes a setting that the server reports. False when the session cannot go on under that value. */
function reported(core: Core, name: string, value: string): boolean {
  core.reported?.set(name, value);
  if (name === "client_encoding" && value !== "UTF8")
    core.fatal("session_pinned", "client_encoding changed: the session cannot be judged any more", "57P05");
  if (name === "standard_conforming_strings" && value !== "on")
    core.fatal("session_pinned", "standard_conforming_strings changed: the session cannot be judged any more", "57P05");
  if (name === "search_path" || name === "session_authorization" || name === "is_superuser" || name === "role") core.context.dirty = true;
  return core.closed === undefined;
}

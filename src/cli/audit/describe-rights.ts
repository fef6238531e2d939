/**
 * Says in a few words what a record about a run, an ask or a grant says.
 * It shows nothing that is not in the record.
 */
import { figure } from "../../base/counted.ts";
import { assertNever } from "../../base/assert.ts";
import type { RightsEvent } from "../../model/event.ts";
import type { Described } from "./describe.ts";

export function describeRights(event: RightsEvent): Described {
  switch (event.kind) {
    case "run_started": {
      const parts = [
        `${event.principal} on ${event.target} (${event.environment})`,
        ...(event.program === "" ? [] : [`${event.program}${event.programVersion === "" ? "" : `, ${event.programVersion}`}`]),
        ...(event.actsFor === "" ? [] : [`for ${event.actsFor}`]),
        ...(event.purpose === "" ? [] : [event.purpose]),
      ];
      return { word: "session", about: event.run, text: parts.join("; "), tone: "plain" };
    }
    case "run_ended": {
      const { statements, rowsRead, rowsChanged, refused } = event.used;
      const figures = `${figure(statements)} statements, ${figure(rowsRead)} rows read, ${figure(rowsChanged)} changed, ${figure(refused)} refused`;
      return { word: "over", about: event.run, text: `${event.principal}: ${event.because}; ${figures}`, tone: "plain" };
    }
    case "run_suspended":
    case "run_resumed": {
      const word = event.kind === "run_suspended" ? "suspended" : "resumed";
      return { word, about: event.run, text: `${event.principal}, by ${event.person}: ${event.because}`, tone: "warn" };
    }
    case "grant_asked":
      return { word: "asked", about: event.ask, text: `${event.principal} asks for ${rights(event)}: ${event.purpose}`, tone: "warn" };
    case "grant_given": {
      const from = event.approval === undefined ? "" : ` with approval ${event.approval}`;
      const uses = event.usesMax === null ? "" : `, ${figure(event.usesMax)} statements`;
      const bounds = `until ${new Date(event.untilMs).toISOString()}${uses}, ${figure(event.rowsMax)} rows`;
      return {
        word: "granted",
        about: event.grant,
        text: `${rights(event)} to ${event.principal} by ${event.person}${from}, ${bounds}`,
        tone: "warn",
      };
    }
    case "grant_used":
      return { word: "used", about: event.grant, text: `by ${event.action}, ${figure(event.uses)} in all`, tone: "plain" };
    case "grant_lapsed": {
      const gone = event.revoked ? "revoked at the server" : "NOT CONFIRMED as revoked at the server";
      const figures = `${figure(event.uses)} statements, ${figure(event.rows)} rows`;
      return { word: "lapsed", about: event.grant, text: `${event.because}; ${figures}; ${gone}`, tone: event.revoked ? "plain" : "bad" };
    }
    case "break_glass_opened": {
      const until = new Date(event.untilMs).toISOString();
      const text = `${event.principal} on ${event.target} (${event.environment}) by ${event.persons.join(" and ")}, until ${until}: ${event.purpose}`;
      return { word: "BREAKGLASS", about: event.breakGlass, text, tone: "bad" };
    }
    case "break_glass_used":
      return { word: "unasked", about: event.breakGlass, text: `by ${event.action}, ${figure(event.uses)} in all`, tone: "bad" };
    case "break_glass_closed":
      return {
        word: "closed",
        about: event.breakGlass,
        text: `${event.because}; ${figure(event.uses)} acts passed without being asked about`,
        tone: "warn",
      };
    default:
      return assertNever(event, "describeRights");
  }
}

function rights({ operations, relations, target }: Extract<RightsEvent, { kind: "grant_asked" | "grant_given" }>): string {
  return `${operations.join(", ")} on ${relations.join(", ")} at ${target}`;
}

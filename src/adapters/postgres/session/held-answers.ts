/**
 * The server's own messages for an act that was carried out elsewhere, as the client that waits for them must get them.
 * It changes no message; it counts, leaves out and stops at a row limit.
 */
import { tagRows } from "../codec/read.ts";
import { back } from "../codec/shapes.ts";
import { NO_DATA, PORTAL_SUSPENDED } from "../codec/write.ts";

export interface Figures {
  readonly rowsChanged: number | undefined;
  readonly rowsReturned: number;
  readonly bytesReturned: number;
}

const CHANGING = /^(?:INSERT|UPDATE|DELETE|MERGE) /;

export function figuresOf(answers: readonly Buffer[]): Figures {
  let rowsChanged: number | undefined;
  let rowsReturned = 0;
  let bytesReturned = 0;
  for (const answer of answers) {
    if (answer[0] === back.dataRow) {
      rowsReturned += 1;
      bytesReturned += answer.length - 5;
    } else if (answer[0] === back.commandComplete) {
      const tag = answer.toString("latin1", 5, answer.length - 1);
      if (CHANGING.test(tag)) rowsChanged = (rowsChanged ?? 0) + (tagRows(tag) ?? 0);
    }
  }
  return { rowsChanged, rowsReturned, bytesReturned };
}

/** For a simple query: what a server sends for one, and nothing else. */
export function simpleAnswers(answers: readonly Buffer[]): readonly Buffer[] {
  return answers.filter((answer) => isRow(answer) || answer[0] === back.rowDescription);
}

/** What Execute is answered with: the description belongs to Describe. */
export function portalAnswers(answers: readonly Buffer[]): Buffer[] {
  return answers.filter(isRow);
}

/** What Describe of the portal is answered with. */
export function description(answers: readonly Buffer[]): Buffer {
  return answers.find((answer) => answer[0] === back.rowDescription) ?? NO_DATA;
}

function isRow(answer: Buffer): boolean {
  const type = answer[0];
  return type === back.dataRow || type === back.commandComplete || type === back.emptyQuery || type === back.notice;
}

/** Takes what one Execute gets out of `rest`; 0 rows is no limit. As the server: a limit that is reached suspends, even at the end. */
export function takeRows(rest: Buffer[], rowsMax: number): readonly Buffer[] {
  if (rowsMax <= 0) return rest.splice(0);
  let rows = 0;
  const end = rest.findIndex((answer) => answer[0] === back.dataRow && ++rows === rowsMax);
  return end < 0 ? rest.splice(0) : [...rest.splice(0, end + 1), PORTAL_SUSPENDED];
}

/**
 * A text in which calls of the bin stand in place of the statements that they carry out, and where its characters were in the client's.
 * It does not decide which statements those are, and it changes no other byte.
 */
import type { StatementSummary } from "../../../model/decision.ts";

type Span = StatementSummary["span"];

/** The text of an extended-protocol statement; its parameter is the ticket. */
export const CARRY_OUT = "CALL holdfast_bin.carry_out($1)";
/** OID of `text`. */
export const TICKET_TYPE = 25;
const TICKET = /^[A-Za-z0-9_-]{8,128}$/;

/** False: it could end the literal that it stands in. */
export function isTicket(ticket: string): boolean {
  return TICKET.test(ticket);
}

/** From this character of the sent text on, positions are so much smaller than in the client's. */
interface Move {
  readonly at: number;
  readonly by: number;
}

export class BinText {
  readonly bytes: Buffer;
  /** Of the same statements, in `bytes`. */
  readonly spans: readonly Span[];
  readonly #moves: readonly Move[];
  /** Where each statement that was replaced began in the client's text, in characters. */
  readonly #starts: ReadonlyMap<number, number>;

  /** `tickets` by the statements' numbers. `text` is the client's. */
  constructor(text: Buffer, statements: readonly { readonly span: Span }[], tickets: ReadonlyMap<number, string>) {
    const parts: Buffer[] = [];
    const spans: Span[] = [];
    const moves: Move[] = [];
    const starts = new Map<number, number>();
    let taken = 0;
    let sentBytes = 0;
    let theirs = 0;
    let ours = 0;
    const add = (bytes: Buffer, characters: number): void => {
      parts.push(bytes);
      sentBytes += bytes.length;
      ours += characters;
    };
    const keep = (to: number): void => {
      const bytes = text.subarray(taken, to);
      const characters = charactersOf(bytes);
      theirs += characters;
      taken = to;
      add(bytes, characters);
    };
    for (const [i, { span }] of statements.entries()) {
      keep(span.start);
      const start = sentBytes;
      const ticket = tickets.get(i);
      if (ticket === undefined) keep(span.end);
      else {
        starts.set(i, theirs);
        const call = Buffer.from(`CALL holdfast_bin.carry_out('${ticket}')`);
        add(call, call.length);
        theirs += charactersOf(text.subarray(span.start, span.end));
        taken = span.end;
        moves.push({ at: ours, by: theirs - ours });
      }
      spans.push({ start, end: sentBytes });
    }
    keep(text.length);
    this.bytes = Buffer.concat(parts);
    this.spans = spans;
    this.#moves = moves;
    this.#starts = starts;
  }

  /** A position that the server tells of the sent text (characters, the first is 1), in the client's. */
  position(sent: number): number {
    return sent + (this.#moves.findLast(({ at }) => at < sent)?.by ?? 0);
  }

  /** A position inside a statement that was replaced, in the client's text. */
  positionIn(statement: number, position: number): number {
    return (this.#starts.get(statement) ?? 0) + position;
  }
}

function charactersOf(bytes: Buffer): number {
  let count = 0;
  // Bytes that begin a character, as the server counts them.
  for (const byte of bytes) if ((byte & 0xc0) !== 0x80) count += 1;
  return count;
}

/**
 * The acts of one session whose statements go into the bin: their tickets, which are there before anything of the act is sent, and who is
 * told how the transaction ended that used them.
 * It sends nothing; client side and server side do.
 */
import { binnable, movesNames } from "../../../model/binnable.ts";
import type { TransactionEnd } from "../../../model/outcome.ts";
import type { Act, Refusal } from "./act.ts";
import type { BinTicket, BinWanted } from "./bin-port.ts";
import { BinText, isTicket } from "./bin-text.ts";
import type { Core } from "./core.ts";
import { refusal } from "./refusal.ts";

/** What stands in the place of an act's statements. */
export interface Binned {
  /** By the number of the statement. */
  readonly tickets: ReadonlyMap<number, string>;
  /** The statements themselves, as they were judged. */
  readonly texts: ReadonlyMap<number, string>;
  /** The whole text as it is sent; absent for a statement of the extended protocol. */
  readonly text: BinText | undefined;
}

/** Statements of one text that the bin takes; a migration tool drops dozens at once. */
const STATEMENTS_MAX = 1000;

export class BinActs {
  readonly #core: Core;
  readonly #answers = new WeakMap<Act, Binned | Refusal | "asked">();
  /** Acts of portals that were bound and not executed, and the batch that bound them. */
  readonly #bound = new Map<Act, number>();
  /** Tickets used in the transaction that is open. */
  #used: string[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  /** Some act of the bin is under way: its end is to be told. */
  get busy(): boolean {
    return this.#used.length > 0 || this.#bound.size > 0;
  }

  /** The tickets of an act's statements; `undefined`: not yet, call again when the session was resumed. `text`: a simple query's. */
  of(act: Act, text?: Buffer): Binned | Refusal | undefined {
    const known = this.#answers.get(act);
    if (known === "asked") return undefined;
    if (known !== undefined) return known;
    const problem = unfit(act);
    if (problem !== undefined) {
      this.#answers.set(act, problem);
      return problem;
    }
    this.#ask(act, text === undefined ? undefined : Buffer.from(text));
    return undefined;
  }

  #ask(act: Act, text: Buffer | undefined): void {
    const { parts } = this.#core;
    const numbers = binnedOf(act);
    const texts = new Map(numbers.map((i) => [i, textOf(act, i)] as const));
    const wanted = numbers.map((i): BinWanted => wantedOf(this.#core, act, texts.get(i) ?? "", act.admission.statements[i]?.tag ?? ""));
    this.#answers.set(act, "asked");
    const answered = (tickets: readonly BinTicket[]): void => {
      this.#answers.set(act, made(act, text, texts, tickets));
      parts.changed();
    };
    (parts.bin?.issue(wanted) ?? Promise.resolve([])).then(answered, () => answered([]));
  }

  bound(act: Act, batch: number): void {
    act.kept = true;
    this.#bound.set(act, batch);
  }

  /** The portal is executed. */
  sent(act: Act): void {
    this.#bound.delete(act);
  }

  /** The server completes a statement of this act: the tag that it would have had, where a call stood in its place. */
  completed({ binned, completed, admission }: Act): string | undefined {
    const ticket = binned?.tickets.get(completed);
    if (ticket === undefined) return undefined;
    this.#used.push(ticket);
    return admission.statements[completed]?.tag;
  }

  /** A transaction has ended; portals of batches up to this one are gone with it. */
  ended(end: TransactionEnd, batch: number): void {
    for (const [act, of] of this.#bound) if (of <= batch) this.#unused(act);
    if (this.#used.length === 0) return;
    this.#core.parts.bin?.ended(this.#used, end);
    this.#used = [];
  }

  /** The connection is lost. */
  lost(): void {
    this.ended("unknown", Infinity);
  }

  /** Bound, but never executed: it has an outcome all the same. */
  #unused(act: Act): void {
    this.#bound.delete(act);
    act.code = "57014";
    this.#core.transaction.settle(act);
  }
}

/** Numbers of the act's statements that go into the bin. */
export function binnedOf({ admission }: Act): readonly number[] {
  return admission.statements.flatMap((statement, i) => (binnable(statement) ? [i] : []));
}

export function wantedOf(core: Core, act: Act, text: string, tag: string): BinWanted {
  // The act's context names the group where roles are lent; the server knows who is logged in.
  const { sessionRole: role } = core.parts;
  return { text, searchPath: act.context.searchPath, role, serverProcess: core.parts.serverProcess, action: act.admission.id, tag };
}

function textOf(act: Act, i: number): string {
  const span = act.admission.statements[i]?.span ?? { start: 0, end: 0 };
  return Buffer.from(act.text, "utf8").toString("utf8", span.start, span.end);
}

/** Why the statements cannot be carried out by calls in this text. */
function unfit(act: Act): Refusal | undefined {
  const { statements } = act.admission;
  const last = statements.findLastIndex(binnable);
  if (statements.some(({ tag }) => tag === "DROP DATABASE"))
    return refusal(
      "obligation_unfulfilled",
      "a database goes into the bin by a simple query alone",
      "send DROP DATABASE by itself, unprepared",
    );
  if (binnedOf(act).length > STATEMENTS_MAX)
    return refusal(
      "obligation_unfulfilled",
      `more than ${STATEMENTS_MAX} statements of one text go into the bin`,
      "send it in smaller parts",
    );
  if (statements.slice(0, last).some(movesNames))
    return refusal(
      "obligation_unfulfilled",
      "a statement of the same text changes what the names in a statement for the bin mean",
      "send SET and what else changes search_path or role by itself first",
    );
  return undefined;
}

function made(act: Act, text: Buffer | undefined, texts: ReadonlyMap<number, string>, tickets: readonly BinTicket[]): Binned | Refusal {
  const found = new Map<number, string>();
  for (const [n, i] of [...texts.keys()].entries()) {
    const answer = tickets[n];
    if (answer === undefined || !("ticket" in answer) || !isTicket(answer.ticket)) {
      const because = answer !== undefined && "because" in answer ? answer.because : "no answer came";
      const message = `what it removes cannot be put into the bin: ${because}`;
      return refusal("obligation_unfulfilled", message, "try again; nothing was sent, and what it would remove is as it was");
    }
    found.set(i, answer.ticket);
  }
  return { tickets: found, texts, text: text === undefined ? undefined : new BinText(text, act.admission.statements, found) };
}

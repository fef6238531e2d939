/**
 * What persons signed, as `audit verify` shows it; and the same from an exported log alone, without its tree.
 * It verifies by what the gateway's own view of the log verifies by.
 */
import { figure } from "../../base/counted.ts";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parseRecord } from "../../audit/record.ts";
import { type PersonFigures, PersonsReader } from "../../control/persons-reader.ts";

/** One line for people: what was held against which keys. */
export function personsText({ requests, answers, uses, unknownKeys }: PersonFigures): string {
  const { signature, passkey, login } = answers;
  const proven = `${figure(signature)} by passphrase, ${figure(passkey)} by passkey, ${figure(login)} refusals by login`;
  const unknown = unknownKeys === 0 ? "" : `; the log does not tell whose ${figure(unknownKeys)} of the keys are`;
  return `${figure(requests)} signed requests, answers: ${proven}; ${figure(uses)} uses that stand on them${unknown}`;
}

export interface ExportedReport {
  readonly ok: boolean;
  readonly records: number;
  readonly persons: PersonFigures;
  readonly problems: readonly { readonly line: number; readonly message: string }[];
  readonly problemCount: number;
}

const problemsMax = 100;

/** Rejects with the error of the file. A line that is no record, or stands out of order, is a problem. */
export async function verifyExported(path: string): Promise<ExportedReport> {
  const reader = new PersonsReader();
  const problems: { line: number; message: string }[] = [];
  let problemCount = 0;
  let line = 0;
  let due: number | undefined;
  const add = (message: string): void => {
    problemCount += 1;
    if (problems.length < problemsMax) problems.push({ line, message });
  };
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    const record = parseRecord(text);
    if (record === null) {
      add("the line is not a record of the log: export it with --format jsonl");
      continue;
    }
    if (due !== undefined && record.n !== due) add(`record ${record.n} stands where ${due} is due`);
    due = record.n + 1;
    const wrong = reader.step(record.event);
    if (wrong !== null) add(wrong);
  }
  return { ok: problemCount === 0, records: line, persons: reader.figures(), problems, problemCount };
}

/**
 * What the audit commands need around reading a log: a log that is really there, and judgements remembered for the acts that refer to them.
 * It does not verify anything: `audit verify` does, and what a record says counts only as much as that.
 */
import { stat } from "node:fs/promises";
import type { ReadRecord } from "../../audit/events.ts";
import { type LogFiles, directoryFiles } from "../../audit/files.ts";
import type { AuditEvent } from "../../model/event.ts";
import { failed } from "../errors.ts";

/** The log's files. Fails when there is no such log, instead of making one. */
export async function openLogFiles(directory: string): Promise<LogFiles> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw failed(`there is no audit log in \`${directory}\``, "give the folder with --directory, or start the gateway once: holdfast up");
  }
  return directoryFiles(directory);
}

export type Judgement = Extract<AuditEvent, { kind: "judgement" }>;

/** Judgements by their id; the oldest are forgotten, so that a long log takes bounded memory. */
export class Judgements {
  readonly #known = new Map<string, Judgement>();
  readonly #max = 20_000;

  remember({ event }: ReadRecord): void {
    if (event.kind !== "judgement") return;
    this.#known.set(event.judgement, event);
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#max && oldest !== undefined) this.#known.delete(oldest);
  }

  get(id: string): Judgement | undefined {
    return this.#known.get(id);
  }
}

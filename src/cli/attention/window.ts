/**
 * The audit log's records for figures: all of them in order, with a word on whether each counts, because the counted refer to earlier ones.
 * It verifies nothing: `holdfast audit verify` does.
 */
import type { Command } from "commander";
import { type ReadRecord, readEvents } from "../../audit/events.ts";
import { parseDuration } from "../../config/quantities.ts";
import { openLogFiles } from "../audit/reader.ts";
import { wrongUse } from "../errors.ts";
import { visible } from "../output.ts";
import { configOption } from "../settings.ts";

export interface WindowOptions {
  readonly config?: string;
  readonly directory?: string;
  readonly since: string;
  readonly json?: boolean;
}

export function windowOptions(command: Command): Command {
  return command
    .addOption(configOption())
    .option("-d, --directory <folder>", "the log's folder (default: from the config)")
    .option("--since <when>", "a span such as 7d back from now, or a time", "7d")
    .option("--json", "print one JSON object");
}

/** `7d` back from now, or a time. */
export function sinceOf(text: string, nowMs: number): number {
  const span = parseDuration(text);
  const since = span === undefined ? Date.parse(text) : nowMs - span;
  if (!Number.isSafeInteger(since))
    throw wrongUse(`\`${visible(text)}\` is no time`, "give a span such as 7d or 12h, or a time such as 2026-11-15");
  return since;
}

export async function readWindow(directory: string, sinceMs: number, step: (record: ReadRecord, counts: boolean) => void): Promise<void> {
  const files = await openLogFiles(directory);
  for await (const record of readEvents({ directory, files })) step(record, record.t >= sinceMs);
}

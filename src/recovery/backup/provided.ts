/**
 * Backups that others keep: a provider's, asked for by a command or a query, and pgBackRest's own. They are listed, not read.
 * What a provider says is believed; only a drill of its own would show that it is so.
 */
import { text } from "node:stream/consumers";
import type { AdminClient } from "../../provision/sql.ts";
import { ProgramFailed, runProgram } from "./programs.ts";

export interface ProvidedBackup {
  /** The provider's own name for it. */
  readonly label: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** 0 where it does not tell. */
  readonly bytes: number;
  readonly from?: string;
  readonly to?: string;
}

export interface BackupProvider {
  /** Newest first. Rejects with why it cannot be asked. */
  list(signal: AbortSignal): Promise<readonly ProvidedBackup[]>;
  /** Absent where the provider makes them by itself. */
  readonly make?: (signal: AbortSignal) => Promise<void>;
}

const OUTPUT_MS_MAX = 60_000;

/** The program prints the time of the newest backup: ISO 8601, or seconds since 1970. */
export function commandProvider(command: readonly string[], path: string): BackupProvider {
  const [program = "", ...args] = command;
  return {
    list: async (signal) => {
      const ended = AbortSignal.any([signal, AbortSignal.timeout(OUTPUT_MS_MAX)]);
      const running = runProgram({ name: program, path: program }, args, { variables: {}, path, signal: ended });
      const printed = await text(running.output);
      await running.ended;
      return [backupAt(printed.trim(), "the command printed")];
    },
  };
}

/** The query's first column is the time of the newest backup. */
export function queryProvider(query: string, connect: () => Promise<AdminClient & { end(): Promise<void> }>): BackupProvider {
  return {
    list: async () => {
      const client = await connect();
      try {
        const { rows } = await client.query(query);
        const [value] = Object.values((rows[0] ?? {}) as Record<string, unknown>);
        if (value === null || value === undefined) return [];
        return [backupAt(value instanceof Date ? value.toISOString() : String(value), "the query gave")];
      } finally {
        await client.end();
      }
    },
  };
}

function backupAt(told: string, who: string): ProvidedBackup {
  const ms = /^\d{9,11}(?:\.\d+)?$/.test(told) ? Number(told) * 1_000 : Date.parse(told);
  if (!Number.isFinite(ms)) throw new ProgramFailed(`${who} no time: \`${told.slice(0, 60)}\``);
  return { label: new Date(ms).toISOString(), startedAtMs: ms, endedAtMs: ms, bytes: 0 };
}

/**
 * Stand-in for a failing disk: real files behind the port, with one chosen operation failing before, half way, or after it persisted.
 * It counts the operations, so that a test can walk through all of them.
 */
import { directoryFiles } from "../../src/audit/files.ts";
import type { LogFiles } from "../../src/audit/files.ts";

export type Fault = "not_done" | "half_done" | "done_but_reported_failed";
export const faults: readonly Fault[] = ["not_done", "half_done", "done_but_reported_failed"];

export interface FaultyFiles {
  readonly files: LogFiles;
  /** Writing operations so far, by name. */
  readonly operations: readonly string[];
}

/** `failAt` is the index of the writing operation that fails; -1 for none. */
export async function faultyFiles(directory: string, failAt: number, fault: Fault): Promise<FaultyFiles> {
  const real = await directoryFiles(directory);
  const operations: string[] = [];
  const failed = (name: string): Error => Object.assign(new Error(`no space left on device (${name})`), { code: "ENOSPC" });
  const through = async <T>(name: string, whole: () => Promise<T>, half: () => Promise<unknown>): Promise<T> => {
    const index = operations.push(name) - 1;
    if (index !== failAt) return whole();
    if (fault === "half_done") await half();
    if (fault === "done_but_reported_failed") await (name.startsWith("open ") ? half() : whole());
    throw failed(name);
  };
  const files: LogFiles = {
    ...real,
    async openAppend(name) {
      const file = await through(
        `open ${name}`,
        () => real.openAppend(name),
        async () => (await real.openAppend(name)).close(),
      );
      return {
        append: (bytes) =>
          through(
            `append ${name}`,
            () => file.append(bytes),
            () => file.append(bytes.subarray(0, Math.floor(bytes.length / 2))),
          ),
        close: () => file.close(),
      };
    },
    replace: (name, bytes) =>
      through(
        `replace ${name}`,
        () => real.replace(name, bytes),
        // Half of a replacement is a temporary file nobody renamed.
        () => real.replace(`${name}.half`, bytes.subarray(0, Math.floor(bytes.length / 2))),
      ),
    cut: (name, size) =>
      through(
        `cut ${name}`,
        () => real.cut(name, size),
        async () => {},
      ),
  };
  return { files, operations };
}

/**
 * What the system says of a process: memory and processor time. Undefined where it has no /proc.
 */
import { readFileSync } from "node:fs";

/** Resident memory in KiB, threads included. */
export function residentKiB(pid: number): number | undefined {
  const [, figure] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return figure === undefined ? undefined : Number(figure);
}

/** Processor time so far in microseconds, all threads, to the system's tick of 10 ms. */
export function processorMicros(pid: number): number | undefined {
  // The second field is the program's name in brackets, and may hold blanks.
  const fields = read(`/proc/${pid}/stat`).split(") ")[1]?.split(" ");
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/**
 * Takes core dumps away from a process that holds secrets, by the program `prlimit` where it is there.
 * It cannot forbid `ptrace`: that is the kernel's to forbid, and `holdfast doctor` says whether it does.
 */
import { execFile } from "node:child_process";

/** Resolves to whether the limit holds: `prlimit` is a program of util-linux, which not every machine has. */
export function withoutCoreDumps(processId: number): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("prlimit", ["--pid", String(processId), "--core=0:0"], { timeout: 5_000 }, (error) => resolve(error === null));
  });
}

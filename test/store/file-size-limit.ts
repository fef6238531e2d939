/**
 * A file-size limit of the operating system on this very process: a write beyond it is refused as on a full disk.
 * It is lifted by what it returns; tests of one process must not overlap under it.
 */
import { spawn } from "node:child_process";

/** Through `prlimit` of util-linux: Node has no call of its own for it. */
export async function limitFileSize(bytes: number): Promise<() => Promise<void>> {
  const ignore = (): void => undefined;
  process.on("SIGXFSZ", ignore);
  await set(`${bytes}:unlimited`);
  return async () => {
    await set("unlimited:unlimited");
    process.off("SIGXFSZ", ignore);
  };
}

function set(value: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("prlimit", [`--pid=${process.pid}`, `--fsize=${value}`], { stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`prlimit ended with ${code}`))));
  });
}

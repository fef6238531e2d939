/**
 * Loaded into a gateway process by tests: at SIGUSR2 it collects garbage and writes the process's memory to standard error.
 * It is no part of the program.
 */
import { writeSync } from "node:fs";

process.on("SIGUSR2", () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  writeSync(2, `memory ${JSON.stringify({ rss, heapUsed, external })}\n`);
});

/**
 * Texts and plans as files: read bounded and as UTF-8, written beside each other.
 * It does not look into them.
 */
import { open, writeFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Readable } from "node:stream";
import { causeText, failed, wrongUse } from "./errors.ts";
import { visible } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** The whole of a file, or of standard input for `-`. */
export async function readText(path: string, bytesMax: number, terminal: Terminal): Promise<string> {
  const shown = path === "-" ? "standard input" : `\`${visible(path)}\``;
  if (path === "-" && terminal.input.isTTY === true) throw wrongUse("standard input is a terminal", "name a file, or pipe one in");
  const bytes = await (path === "-" ? bounded(terminal.input, bytesMax) : ofFile(path, bytesMax)).catch((error: unknown) => {
    throw failed(`${shown} cannot be read: ${causeText(error)}`);
  });
  if (bytes === undefined) throw failed(`${shown} has more than ${bytesMax} bytes`, "split it");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw failed(`${shown} is not valid UTF-8`);
  }
}

async function ofFile(path: string, bytesMax: number): Promise<Buffer | undefined> {
  const file = await open(path, "r");
  try {
    return await bounded(file.createReadStream({ autoClose: false }), bytesMax);
  } finally {
    await file.close();
  }
}

async function bounded(stream: Readable, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The plan, and beside it the same to be read: `plan.json` and `plan.txt`. Returns both names. */
export async function writePlan(path: string, plan: string, readable: string): Promise<readonly string[]> {
  const ending = extname(path);
  const beside = `${ending === "" || ending === ".txt" ? path : path.slice(0, -ending.length)}.txt`;
  try {
    await writeFile(path, plan);
    if (beside !== path) await writeFile(beside, readable);
  } catch (error) {
    throw failed(`the plan cannot be written: ${causeText(error)}`);
  }
  return beside === path ? [path] : [path, beside];
}

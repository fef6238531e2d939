/**
 * Keeps the parser's WebAssembly in the code of V8's first compiler. Optimising PostgreSQL's grammar takes half a gigabyte and most of
 * a second, in the middle of the first statements, and makes a parse no more than 0.1 ms faster.
 * It is for the gateway alone: a command that parses thousands of lines is better off with the optimised code.
 */
import { setFlagsFromString } from "node:v8";

/** Call before any parser is loaded. Holds for the whole process, its threads included. */
export function boundWasmMemory(): void {
  setFlagsFromString("--no-wasm-dynamic-tiering");
  setFlagsFromString("--no-wasm-tier-up");
}

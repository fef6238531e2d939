/**
 * Rows that an act returns, against what it may return.
 * It does not hold rows back; the caller does.
 */
import type { Act } from "./act.ts";
import { rowsFit } from "../codec/row-fields.ts";
import type { FrameScanner } from "../codec/scanner.ts";
import { back } from "../codec/shapes.ts";
import type { Core } from "./core.ts";
import type { Run } from "./run.ts";

/** Counts one row of so many bytes. False: a limit is passed, and the client was told. */
export function returned(core: Core, act: Act, bytes: number): boolean {
  act.rowsReturned += 1;
  act.bytesReturned += bytes;
  const spent = act.admission.reading?.take(bytes);
  if (spent !== undefined) {
    core.overLimit(act, "budget_exhausted", spent.figure, spent.allowed, spent.what, spent.next);
    return false;
  }
  const { rowsReturnedMax, bytesReturnedMax } = act.limits;
  let rowsSeen = act.rowsReturned;
  let bytesSeen = act.bytesReturned;
  if (act.fetches) {
    // A cursor is one result, in however many pieces it is fetched.
    const { transaction } = core;
    rowsSeen = transaction.fetchedRows += 1;
    bytesSeen = transaction.fetchedBytes += bytes;
  }
  if (rowsSeen > rowsReturnedMax) return tooMany(core, act, rowsSeen, rowsReturnedMax, "rows");
  if (bytesSeen > bytesReturnedMax) return tooMany(core, act, bytesSeen, bytesReturnedMax, "bytes");
  return true;
}

function tooMany(core: Core, act: Act, figure: number, allowed: number, what: string): false {
  const next = "ask for fewer rows or columns, or aggregate";
  core.overLimit(act, "rows_returned_limit", figure, allowed, `${what} would be returned`, next);
  return false;
}

/**
 * Takes rows that follow a row that went to the client, within the same limits: most of a long result or a COPY is counted here. False when
 * their fields lie.
 */
export function alike(core: Core, scanner: FrameScanner, run: Run): boolean {
  const act = core.expect.front?.act;
  if (act === undefined || act.fetches || act.admission.reading !== undefined) return true;
  const { limits } = act;
  const rows = scanner.takeAlike(limits.rowsReturnedMax - act.rowsReturned, limits.bytesReturnedMax - act.bytesReturned);
  if (rows === 0) return true;
  act.rowsReturned += rows;
  act.bytesReturned += scanner.alikeBytes;
  if (scanner.type === back.dataRow && !rowsFit(scanner.buffer, scanner.from, scanner.to)) return false;
  run.add(scanner.buffer, scanner.from, scanner.to, core.clientOut);
  return true;
}

/**
 * The parameter types that a Parse message gives.
 * It does not check that they fill the message; whoever reads the message does.
 */
import { isBuiltIn } from "../../../catalogue/types.ts";

/** OIDs as they were given; 0 where one is left open. `from`: where their number stands. */
export function allTypes(buffer: Buffer, from: number, to: number): readonly number[] {
  return Array.from({ length: (to - from) / 4 }, (_, i) => buffer.readUInt32BE(from + 4 * i));
}

/** The parameter types of a Parse when any of them is not the server's own: the input of such a type may run code. */
export function ownTypes(buffer: Buffer, from: number, to: number): readonly number[] | undefined {
  const types: number[] = [];
  for (let at = from; at < to; at += 4) types.push(buffer.readUInt32BE(at));
  return types.every(isBuiltIn) ? undefined : types;
}

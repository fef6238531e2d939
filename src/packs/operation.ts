/** One operation of a pack in one call, for packs that are tables. It adds nothing to what is given but the origin of the examples. */
import type { OperationClass, PackOperation } from "./pack.ts";

type More = Pick<PackOperation, "reversibility" | "undo" | "many" | "look" | "sql" | "git">;
type Examples = PackOperation["examples"];

/** Examples are `METHOD /path body` at `origin`, or whole where they name another host. */
export function operationsAt(origin: string) {
  const whole = (text: string): string => text.replace(/^([A-Z]+) \//, `$1 ${origin}/`);
  return (
    [id, ofClass, thing]: readonly [id: string, ofClass: OperationClass, thing: string],
    doors: readonly string[],
    { matches, misses }: Examples,
    more: More = {},
  ): PackOperation => ({
    id,
    class: ofClass,
    thing,
    doors,
    examples: { matches: matches.map(whole), misses: misses.map(whole) },
    ...more,
  });
}

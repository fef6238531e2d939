/**
 * Operations of a provider by their gRPC methods, as lists: a service and its methods a line.
 * It looks into no message.
 */
import type { OperationClass, PackOperation } from "./pack.ts";

export interface ListedMethods {
  readonly class: OperationClass;
  /** What they are about, one word. */
  readonly thing: string;
  /** A service, and behind it names of its methods; `*` any characters. */
  readonly methods: string;
}

/** `origin`: where the examples are asked. Ids are `rpc-` and class, thing; the examples are the doors, something in place of `*`. */
export function rpcOperations(origin: string, lists: readonly ListedMethods[]): readonly PackOperation[] {
  return lists.map(({ class: ofClass, thing, methods }) => {
    const doors = methods
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .flatMap(([service = "", ...names]) => names.map((name) => `GRPC ${service} ${name}`));
    const at = (door: string): string =>
      door.replace("GRPC ", "").replace(".*", ".things.v1.Things").replace("*", "Things").replace(" ", "/");
    const url = (door: string): string => `${origin}/${at(door)}`;
    return {
      id: `rpc-${ofClass}-${thing}`,
      doors,
      class: ofClass,
      thing,
      examples: { matches: doors.map((door) => `POST ${url(door)}`), misses: doors.slice(0, 1).map((door) => `POST ${url(door)}/more`) },
    };
  });
}

/**
 * What a section of the benchmark gets and gives. It runs nothing.
 */
import type { Stack } from "../stack/open-stack.ts";

export interface Run {
  readonly stack: Stack;
  /** Few and short measurements: a smoke test of the benchmark, not figures to quote. */
  readonly quick: boolean;
  /** Told what is measured now. */
  readonly note: (text: string) => void;
}

/** One row of the report: figures by column name, in the units that the column's name states. */
export interface Row {
  readonly section: string;
  readonly name: string;
  readonly figures: Readonly<Record<string, number | undefined>>;
  /** What the row was to reach and whether it did; absent for rows that only inform. */
  readonly goal?: { readonly text: string; readonly met: boolean };
}

/** Where a gateway keeps what it knows of its newest drills: with the gateway up it is the gateway's alone. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { DrillBook } from "../recovery/drill/drill-book.ts";

export function openDrillBook({ state }: Pick<Config, "state">): Promise<DrillBook> {
  return DrillBook.open(join(state, "recovery", "drills.json"));
}

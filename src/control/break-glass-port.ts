/**
 * What the routes ask of whoever keeps break-glasses. It opens nothing itself.
 */
import type { BreakGlass } from "../model/break-glass.ts";
import { ControlRefusal, type ControlParts, type Signer } from "./parts.ts";

/** Every method rejects with `ControlRefusal` where it is not to be. */
export interface BreakGlassControl {
  readonly list: () => readonly BreakGlass[];
  /** `target` must be the session's own: who signs has looked where it would be open. */
  readonly want: (
    wanted: { readonly session: string; readonly target: string; readonly untilMs: number; readonly reason: string },
    by: Signer,
  ) => Promise<BreakGlass>;
  /** `meant` is what the person was shown. */
  readonly agree: (id: string, meant: Pick<BreakGlass, "target" | "untilMs"> & { readonly run: string }, by: Signer) => Promise<BreakGlass>;
  readonly close: (id: string, by: Signer) => Promise<BreakGlass>;
}

export function breakGlassOf({ breakGlass }: ControlParts): BreakGlassControl {
  if (breakGlass === undefined) throw new ControlRefusal("unavailable", "this gateway knows no break-glass");
  return breakGlass;
}

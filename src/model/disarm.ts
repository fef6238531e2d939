/** A safeguard of a thing behind an API that an act took away: remembered, because what destroys the thing may be next. */
import type { ActionId } from "../base/ids.ts";

export interface Disarm {
  readonly id: ActionId;
  readonly principal: string;
  /** Of the things, each as `provider:id`. */
  readonly things: readonly string[];
  readonly atMs: number;
  /** The provider refused it: it counts no more. */
  readonly undone: boolean;
}

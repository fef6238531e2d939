/**
 * What the routes for plans ask of the running gateway. The composition root fulfils it.
 * Who asks is an agent inside its session, which its token shows, or a person who signed the request; nobody else plans or applies.
 */
import type { AppliedView, PlannedView, triedOn } from "./contract.ts";
import type { Signer } from "./parts.ts";

export type PlanAskedBy =
  | { readonly kind: "session"; readonly session: string; readonly token: string }
  | { readonly kind: "person"; readonly by: Signer };

export interface WantedPlan {
  readonly target: string;
  /** One message: it may hold several statements. */
  readonly text: string;
  /** Schemas in which names are looked up, in order; empty is `public`. */
  readonly searchPath: readonly string[];
  /** Empty is UTC: what a time without a zone means must not depend on whose login it is. */
  readonly timeZone: string;
  readonly purpose: string;
  /** Where it has to be tried; empty is wherever the target's acts are. It never moves a trial: what is tried elsewhere is refused. */
  readonly on: "" | (typeof triedOn)[number];
  /** Ask a person even where the policy lets it pass. */
  readonly ask: boolean;
}

/** Both reject with {@link ControlRefusal} where it is not to be. */
export interface PlanControl {
  readonly plan: (wanted: WantedPlan, by: PlanAskedBy) => Promise<PlannedView>;
  /** `file` is what came, unexamined. */
  readonly apply: (file: unknown, by: PlanAskedBy) => Promise<AppliedView>;
}

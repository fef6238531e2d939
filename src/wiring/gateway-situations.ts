/**
 * What the guard asks of a running gateway before it decides: the policy in place, what persons have opened, who could be asked, which
 * databases keep a bin. It does not decide.
 */
import type { Config } from "../config/config.ts";
import type { Situation } from "../pipeline/scopes.ts";
import type { BinDoors } from "./bin-doors.ts";
import type { RecoveryAges } from "./recovery-ages.ts";
import type { RunControl } from "./run-control.ts";
import { situations } from "./situations.ts";
import { registeredPersons, type Vault } from "./vault.ts";

export interface SituationParts {
  readonly runs: RunControl;
  readonly vault: Vault | undefined;
  readonly bins: Pick<BinDoors, "keeps">;
  readonly ages: Pick<RecoveryAges, "of">;
}

/** What persons have opened, and whether one of them could: who may decide about the target's environment is registered in the vault. */
export function situationsOf(config: Config, { runs, vault, bins, ages }: SituationParts): Situation {
  const targets = new Map(config.targets.map((target) => [target.name, target]));
  const environments = new Map(config.targets.map(({ name, environment }) => [name, environment]));
  const decides = (target: string) =>
    vault !== undefined && registeredPersons(vault).some(({ approves }) => approves.some((each) => each === environments.get(target)));
  return situations(
    config,
    (...whose) => runs.grantFacts(...whose),
    (target, principal) => decides(target) && runs.askable(target, principal),
    (...whose) => runs.runs.breakGlass.factOf(...whose),
    decides,
    (name, database) => {
      const target = targets.get(name);
      return target === undefined ? undefined : bins.keeps(target, database);
    },
    (target) => ages.of(target),
  );
}

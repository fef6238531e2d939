/**
 * What the control socket offers of break-glass: who may, for how long, how many persons it takes. Signatures were held against persons'
 * keys before anything here is asked.
 */
import { messageOf } from "../base/message-of.ts";
import type { Clock } from "../base/clock.ts";
import type { BreakGlass } from "../model/break-glass.ts";
import type { BreakGlassControl } from "../control/break-glass-port.ts";
import { ControlRefusal, type Signer } from "../control/parts.ts";
import { BreakGlassRefused } from "../sessions/break-glass.ts";
import type { RunControl } from "./run-control.ts";

export interface ControlBreakGlassParts {
  readonly runs: RunControl;
  readonly clock: Clock;
  readonly personsNeeded: number;
  readonly timeMsMax: number;
}

export function controlBreakGlass({ runs, clock, personsNeeded, timeMsMax }: ControlBreakGlassParts): BreakGlassControl {
  const { breakGlass } = runs.runs;

  /** A session's own principal is never the person who decides about it, and a person decides only where it may. */
  function demand({ principal, target }: Pick<BreakGlass, "principal" | "target">, { person }: Signer): void {
    if (principal === person.name)
      throw new ControlRefusal("not_allowed", `\`${principal}\` is the session's own principal`, "another person has to");
    const environment = runs.served(target)?.target.environment;
    if (environment === undefined) throw new ControlRefusal("not_found", `no target is named \`${target}\``);
    if (person.approves.includes(environment)) return;
    const may = person.approves.join(", ") || "nothing";
    throw new ControlRefusal("not_allowed", `\`${person.name}\` may decide about ${may}, and target \`${target}\` is ${environment}`);
  }

  const refusing = <T>(act: Promise<T>): Promise<T> =>
    act.catch((error: unknown) => {
      if (error instanceof BreakGlassRefused) throw new ControlRefusal("conflict", error.message);
      throw new ControlRefusal("unavailable", `it was not opened: ${messageOf(error)}`);
    });

  const waiting = (id: string): BreakGlass => {
    const found = breakGlass.get(id);
    if (found === undefined)
      throw new ControlRefusal("not_found", `no break-glass \`${id}\` is open or wanted`, "see `holdfast break-glass list`");
    return found;
  };

  return {
    list: () => breakGlass.list(),
    async want({ session, target, untilMs, reason }, by) {
      const live = runs.runs.named(session);
      if (live === undefined)
        throw new ControlRefusal("not_found", `no open session is named \`${session}\``, "see `holdfast sessions list`");
      const run = live.snapshot();
      if (run.target !== target)
        throw new ControlRefusal("bad_request", `session \`${session}\` is one of target \`${run.target}\`, not of \`${target}\``);
      if (live.state !== "open") throw new ControlRefusal("conflict", `session \`${session}\` is ${live.state}`);
      demand(run, by);
      const left = untilMs - clock.now();
      if (left <= 0 || left > timeMsMax)
        throw new ControlRefusal("bad_request", `it lasts up to ${Math.floor(timeMsMax / 60_000)} minutes, and not into the past`);
      return refusing(breakGlass.want({ run, untilMs, reason, by: { person: by.person.name, nonce: by.nonce }, personsNeeded }));
    },
    async agree(id, meant, by) {
      const found = waiting(id);
      if (found.run !== meant.run || found.target !== meant.target || found.untilMs !== meant.untilMs)
        throw new ControlRefusal("conflict", `break-glass \`${id}\` is not what was shown`);
      demand(found, by);
      return refusing(breakGlass.agree(id, { person: by.person.name, nonce: by.nonce }));
    },
    async close(id, by) {
      const found = waiting(id);
      demand(found, by);
      breakGlass.close(id, `${by.person.name} ended it`, by.person.name);
      return breakGlass.list().findLast((each) => each.id === found.id) ?? found;
    },
  };
}

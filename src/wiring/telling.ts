/**
 * Who is told what beside the one who asks: channels of approvals, the operator of a break-glass, the console of clicks in chat.
 * It joins them to the running gateway, and decides nothing.
 */
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { Config } from "../config/config.ts";
import type { SecretPlaces } from "../config/read-secret.ts";
import type { BreakGlassControl } from "../control/break-glass-port.ts";
import type { ApprovalControl } from "../control/parts.ts";
import type { Hook } from "../control/web/hook.ts";
import type { BreakGlass } from "../model/break-glass.ts";
import type { StandingFound } from "../model/standing.ts";
import type { StandingAlarm } from "../recovery/backup/alarm-book.ts";
import { Channels } from "./channels.ts";
import { controlBreakGlass } from "./control-break-glass.ts";
import type { RunControl } from "./run-control.ts";
import { registeredPersons, type Vault } from "./vault.ts";

export interface TellingParts {
  readonly config: Config;
  readonly runs: RunControl;
  readonly approvals: ApprovalControl;
  readonly shown: { readonly vault: Vault | undefined };
  readonly environment: SecretPlaces;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly warn: (message: string) => void;
}

const HOUR_MS = 3_600_000;

export class Telling {
  readonly breakGlass: BreakGlassControl;
  /** What the console's server takes clicks with, where any are wanted. */
  readonly hook: { readonly hook?: Hook };
  /** That backups or drills are not as they should be, or are so again. */
  readonly recoveryAlarm: (alarm: StandingAlarm, over: boolean) => void;
  readonly #channels: Channels;

  constructor({ config, runs, shown, ...parts }: TellingParts) {
    const persons = () => (shown.vault === undefined ? [] : registeredPersons(shown.vault));
    this.#channels = new Channels({ ...parts, channels: config.channels ?? [], persons });
    const { hook } = this.#channels;
    this.hook = hook === undefined ? {} : { hook };
    const { personsNeeded, timeMsMax } = config.breakGlass ?? { personsNeeded: 1, timeMsMax: HOUR_MS };
    this.breakGlass = controlBreakGlass({ runs, clock: parts.clock, personsNeeded, timeMsMax });
    const environments = new Map(config.targets.map(({ name, environment }) => [name, environment]));
    this.recoveryAlarm = (alarm, over) => {
      const { target, about, because } = alarm;
      parts.warn(over ? `target \`${target}\`: ${about} is over` : `ALARM, target \`${target}\`: ${about}: ${because}`);
      this.#channels.recoveryAlarm({ ...alarm, environment: environments.get(target) ?? "production" }, over);
    };
    runs.onBreakGlass((glass) => {
      parts.warn(loudly(glass));
      this.#channels.breakGlass(glass);
    });
  }

  /** That a session sent a credential that it was not given; the operator is told where it was found out. */
  readonly foundCredential = (found: StandingFound, revision: number): void => this.#channels.foundCredential(found, revision);

  /** When the console is there: messages name the link. */
  follow(): Promise<void> {
    return this.#channels.follow();
  }

  close(): Promise<void> {
    return this.#channels.close();
  }
}

function loudly({ id, state, target, environment, principal, persons, untilMs, uses }: BreakGlass): string {
  const where = `at \`${target}\` (${environment}) for session \`${principal}\``;
  const by = persons.join(" and ");
  if (state === "wanted") return `BREAK-GLASS ${id} is wanted ${where} by ${by}, and waits for another person`;
  if (state === "closed") return `break-glass ${id} ${where} is closed: ${uses} acts passed that a person would have been asked about`;
  return `BREAK-GLASS ${id} is open ${where}, by ${by}: nobody is asked until ${new Date(untilMs).toISOString()}`;
}

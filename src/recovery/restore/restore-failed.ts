/** Why a restore did not come about: at which step, and in words that say what to do. It carries nothing secret. */

export type RestoreStep = "backup" | "programs" | "room" | "files" | "start" | "wal" | "replay";

export class RestoreFailed extends Error {
  override readonly name = "RestoreFailed";
  readonly step: RestoreStep;

  constructor(step: RestoreStep, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.step = step;
  }
}

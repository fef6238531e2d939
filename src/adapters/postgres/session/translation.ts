/**
 * A simple query that changes something under a limit, run as an extended one without its Sync: what it did is known before it commits.
 * It does not judge; and it is not used for texts that control transactions or cannot run inside one.
 *
 * Between the last answer and the Sync is the place for a meter: a query of ours that reads what the transaction really did.
 */
import { bind, describePortal, execute, parse, SYNC as SYNC_FRAME } from "../codec/write.ts";
import type { Act } from "./act.ts";
import type { Core } from "./core.ts";
import { BIND, DESCRIBE, EXECUTE, PARSE } from "./queue.ts";
import { recordUnavailable } from "./refuse.ts";
import { refusalFrame } from "./refusal.ts";

export class Translation {
  readonly #core: Core;

  /** Sends the statements of the text. `bytes` are the text as it was judged. */
  constructor(core: Core, act: Act, bytes: Buffer) {
    this.#core = core;
    core.dropUnnamed();
    core.sent(act);
    core.batchSent = true;
    core.flushed = false;
    const statements = act.admission.statements;
    statements.forEach((statement, index) => {
      const { start, end } = statement.span;
      // Blanks in place of what stands before: positions in the server's errors count characters of the whole text.
      const before = start === 0 ? 0 : [...bytes.toString("utf8", 0, start)].length;
      core.toServer(parse("", Buffer.concat([Buffer.alloc(before, " "), bytes.subarray(start, end)])));
      core.toServer(bind("", ""));
      core.toServer(describePortal(""));
      core.toServer(execute(""));
      for (const kind of [PARSE, BIND, DESCRIBE] as const) core.expect.push({ kind, audience: "simple" });
      core.expect.push({ kind: EXECUTE, audience: "simple", act, final: index === statements.length - 1 });
    });
    if (act.facts.copyIn) core.copyAwaited = true;
    core.flush();
    // The record becomes durable while the server works.
    core.sealed();
  }

  /** True when the Sync went out and the client may go on. */
  step(): boolean {
    const core = this.#core;
    if (!core.skipping) {
      if (!core.drained) {
        core.flush();
        return false;
      }
      if (!core.sealed()) {
        if (!core.sealFailed) return false;
        core.poison(refusalFrame(recordUnavailable()), false);
      }
    }
    // Commits, or ends what has failed.
    core.endBatch(SYNC_FRAME);
    core.translation = undefined;
    return true;
  }
}

/**
 * The way from a session to the target's read replica: the same login with the same start-up settings, opened when it is asked for.
 * It opens nothing by itself, and keeps the client's start-up settings only where a target has a replica.
 */
import type { Handover, ReplicaDoor } from "./handover.ts";
import type { NewSession } from "./listener-handover.ts";
import type { SharedParts } from "./listener-parts.ts";
import type { UpstreamOptions } from "./options.ts";
import { sendCancel } from "./upstream-cancel.ts";
import { openUpstream } from "./upstream.ts";

const NONCE_BYTES = 18;

/** `undefined` where the target has no replica, or the client replicates itself. */
export function replicaDoor(context: SharedParts, { login, lease }: NewSession): ReplicaDoor | undefined {
  const { target, random } = context;
  if (target.replica === undefined || login.replication) return undefined;
  const upstream: UpstreamOptions =
    lease === undefined ? target.replica : { ...target.replica, role: lease.role, password: () => lease.password };
  const { database, applicationName } = login;
  // A replica cannot be written to; the transactions say so too, should it be promoted while we are connected.
  const settings = new Map([...login.settings, ["default_transaction_read_only", "on"]]);
  return {
    lent: lease !== undefined,
    open: (done) => {
      const nonce = Buffer.from(random(NONCE_BYTES)).toString("base64");
      return openUpstream({ upstream, database, applicationName, replication: false, limits: target.limits, settings, nonce }, done);
    },
    cancel: (key, signalled) => (key === undefined ? signalled?.() : sendCancel(upstream, key, signalled)),
  };
}

/** Cancels where the statement runs: `elsewhere` is asked first, and says whether it was there. */
export class SwitchedCancel {
  elsewhere: ((signalled?: () => void) => boolean) | undefined = undefined;
  readonly #here: Handover["cancelServer"];

  constructor(here: Handover["cancelServer"]) {
    this.#here = here;
  }

  readonly cancel = (signalled?: () => void): void => {
    if (this.elsewhere?.(signalled) !== true) this.#here(signalled);
  };
}

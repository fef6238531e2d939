/**
 * A session without sockets between a client and a server that are both tables of text: what each says, and what reaches the other.
 * It holds no assertion.
 */
import { manualClock } from "../../src/base/clock.ts";
import { newSessionId } from "../../src/base/ids.ts";
import type { BinPort } from "../../src/adapters/postgres/session/bin-port.ts";
import { ContextPool } from "../../src/adapters/postgres/session/context.ts";
import type { HeldParts } from "../../src/adapters/postgres/session/held.ts";
import { WireSession } from "../../src/adapters/postgres/session/session.ts";
import { standInGuard, type StandInGuard } from "./stand-in-guard.ts";

export interface Table {
  readonly session: WireSession;
  readonly guard: StandInGuard;
  readonly catalogue: { version: number; digest?: string };
  /** Bytes that have left towards each side since the last call. */
  readonly taken: () => { readonly client: Buffer; readonly server: Buffer };
  readonly cancels: () => number;
}

export function sessionTable(held?: HeldParts, bin?: BinPort): Table {
  const guard = standInGuard();
  let cancels = 0;
  const catalogue: Table["catalogue"] & { refresh(): Promise<number> } = {
    version: 1,
    // Where acts are held, what was read stays what it was until a test says otherwise.
    ...(held === undefined ? {} : { digest: "catalogue-1" }),
    async refresh() {
      if (held === undefined) catalogue.version += 1;
      return catalogue.version;
    },
  };
  const session = new WireSession({
    guard,
    session: { id: newSessionId(), principal: { kind: "ai_agent", name: "agent" }, client: "", peer: "127.0.0.1:1", openedAtMs: 0 },
    target: { name: "shop", environment: "staging", database: "shop" },
    clock: manualClock(),
    catalogue,
    contexts: new ContextPool(),
    role: "agent",
    sessionRole: "agent",
    searchPath: ["pg_catalog", "public"],
    pinSql: "",
    serverProcess: 4711,
    cancel: (signalled) => {
      cancels += 1;
      queueMicrotask(signalled);
    },
    changed: () => session.resume(),
    ...(held === undefined ? {} : { held }),
    ...(bin === undefined ? {} : { bin }),
  });
  return {
    session,
    guard,
    catalogue,
    cancels: () => cancels,
    taken() {
      const { core } = session;
      const client = Buffer.concat(core.clientOut);
      const server = Buffer.concat(core.serverOut);
      core.clientOut = [];
      core.serverOut = [];
      return { client, server };
    },
  };
}

/** Lets promises of the guard settle. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

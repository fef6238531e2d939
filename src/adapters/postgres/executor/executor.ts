/**
 * The executor of one target: tries acts, runs them, and asks what became of a transaction, each on a connection of its own.
 * It knows no approvals; whoever calls it has the right to.
 */
import { measureAct } from "./measure.ts";
import { lent, openConnection } from "./open-connection.ts";
import type { Executor } from "./port.ts";
import { runAct } from "./run.ts";
import type { ExecutorSettings } from "./settings.ts";
import { quoted } from "./transaction.ts";
import { Turns } from "./turns.ts";

/** Trials of one target at a time: an agent can ask for more than a server should do beside its work. */
const TRIALS_MAX = 4;

export function createExecutor(settings: ExecutorSettings): Executor {
  const trials = new Turns(TRIALS_MAX);
  return {
    measure: (act) => trials.take(() => measureAct(settings, act)),
    run: (act, expected, begin) => runAct(settings, act, expected, begin),
    reconcile: (database, transaction) => reconcile(settings, database, transaction),
  };
}

/** Rejects when the server cannot be asked: then it has to be asked again. */
async function reconcile(settings: ExecutorSettings, database: string, transaction: string): ReturnType<Executor["reconcile"]> {
  const login = await lent(settings.login, settings.warn);
  try {
    const { client } = await openConnection({ login, database, settings: new Map() }, settings);
    try {
      const [row] = await client.rows(`SELECT pg_catalog.pg_xact_status(CAST(${quoted(transaction)} AS pg_catalog.xid8))`);
      const status = row?.[0];
      return status === "committed" || status === "aborted" || status === "in progress" ? status : "unknown";
    } finally {
      client.close();
    }
  } finally {
    login.end();
  }
}

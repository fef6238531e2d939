/**
 * pgbench's read and write scripts over all paths in turn, so that whatever else the machine does falls on each of them.
 * The figures of a path are the median of its rounds; latencies are taken over all of them.
 */
import { type Load, pgbench, type Ran } from "../pgbench.ts";
import { median, percentile } from "../statistics.ts";
import type { PathName } from "../stack/open-stack.ts";
import type { Row, Run } from "./section.ts";

const protocols = ["simple", "extended", "prepared"] as const;

/** One of pgbench's built-in scripts, by every protocol and with few and many clients. */
export async function* throughput(run: Run, script: Load["script"]): AsyncGenerator<Row> {
  await warmUp(run, script);
  for (const protocol of protocols) {
    for (const clients of run.quick ? [1, 32] : [1, 8, 32]) {
      run.note(`pgbench ${script} ${protocol} ${clients}`);
      yield await compared(run, { script, protocol, clients, seconds: 2 });
    }
  }
}

/** A gateway that has run for a minute has compiled its hot path; what is measured is that one. Every path gets the same. */
export async function warmUp({ stack, quick, note }: Run, script: Load["script"]): Promise<void> {
  note(`pgbench ${script}, warming up`);
  for (const path of stack.paths) {
    for (const protocol of protocols) await pgbench(path, stack.database, { script, protocol, clients: 8, seconds: quick ? 2 : 4 });
  }
}

/** One load over the run's paths. */
export async function compared({ stack, quick }: Run, load: Load, section = "throughput"): Promise<Row> {
  const rounds = quick ? 1 : 3;
  const results = new Map<PathName, Ran[]>();
  for (let round = 0; round < rounds; round++) {
    // The order turns, so that no path always runs behind the same other one.
    const order = stack.paths.map((_, i) => stack.paths[(i + round) % stack.paths.length]).filter((path) => path !== undefined);
    for (const path of order) {
      const ran = await pgbench(path, stack.database, load);
      results.set(path.name, [...(results.get(path.name) ?? []), ran]);
    }
  }
  const named = { section, name: `${load.script === "select" ? "-S" : "TPC-B"} ${load.protocol} ${load.clients}` };
  return row(named, summary(results.get("direct")), summary(results.get("pgbouncer")), summary(results.get("holdfast")));
}

interface Summary {
  readonly tps: number;
  readonly p50: number;
  readonly p99: number;
  readonly processor: number | undefined;
}

function summary(ran: readonly Ran[] | undefined): Summary | undefined {
  if (ran === undefined) return undefined;
  const latencies = ran.flatMap((one) => [...one.latencies]);
  const spent = ran.flatMap(({ processorMicros }) => (processorMicros === undefined ? [] : [processorMicros]));
  return {
    tps: median(ran.map((one) => one.tps)),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    processor: spent.length === 0 ? undefined : median(spent),
  };
}

function row(
  named: Pick<Row, "section" | "name">,
  direct: Summary | undefined,
  bouncer: Summary | undefined,
  holdfast: Summary | undefined,
): Row {
  if (direct === undefined || holdfast === undefined) throw new Error("a path was not measured");
  const tps = bouncer === undefined ? undefined : holdfast.tps / bouncer.tps;
  const added = holdfast.p50 - direct.p50;
  const latency = bouncer === undefined ? undefined : added / (bouncer.p50 - direct.p50);
  const figures = {
    "direct tps": direct.tps,
    "pgb tps": bouncer?.tps,
    "hf tps": holdfast.tps,
    "hf/pgb": tps,
    "direct p50": direct.p50,
    "pgb p50": bouncer?.p50,
    "hf p50": holdfast.p50,
    "added/pgb": latency,
    "direct p99": direct.p99,
    "pgb p99": bouncer?.p99,
    "hf p99": holdfast.p99,
    "pgb cpu us": bouncer?.processor,
    "hf cpu us": holdfast.processor,
  };
  const base = { ...named, figures };
  if (tps === undefined || latency === undefined) return base;
  return { ...base, goal: { text: "hf/pgb >= 1, added/pgb <= 1", met: tps >= 1 && latency <= 1 } };
}

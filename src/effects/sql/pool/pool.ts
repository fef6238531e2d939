/**
 * The SQL analyser behind a limit of time and damage: disposable worker threads, one of them spare and warm.
 * It does not analyse anything itself, and it never rejects: what a worker cannot answer is refused.
 */
import { Worker } from "node:worker_threads";
import { limits } from "../../../base/limits.ts";
import type { Definition } from "../../../catalogue/source.ts";
import type { CatalogueData } from "../../../catalogue/types.ts";
import type { SqlCallPayload, SqlContext, SqlPayload } from "../../../model/action.ts";
import type { Analysis, SqlAnalyser } from "../../analyse.ts";
import { Published } from "./published.ts";
import { unavailable, type FromWorker, type ToWorker } from "./protocol.ts";
import { Watch, type WatchLimits } from "./watch.ts";

export interface SqlAnalyserPool extends SqlAnalyser {
  /**
   * Makes a snapshot known to every worker; payloads name it by its version. With `ground`, it is laid over that, which is sent once
   * as long as it is the same object.
   */
  publish(data: CatalogueData, ground?: CatalogueData): void;
  /** Makes the catalogue of version `base` with these definitions applied known as `version`. */
  define(base: number, version: number, definitions: readonly Definition[]): void;
  /** No payload will name this version any more. */
  retire(version: number): void;
  /** Ends every worker; what still waits is refused. */
  close(): Promise<void>;
}

export interface PoolOptions {
  /** Workers that analyse at the same time; one more stands by. */
  readonly workers: number;
  /** Processor time for one text, in milliseconds. */
  readonly analysisMsMax?: number;
  /** Time by the clock for one text, in milliseconds, however little of the processor it got. */
  readonly analysisWaitMsMax?: number;
}

interface Waiting {
  readonly payload: SqlPayload | SqlCallPayload;
  readonly resolve: (analysis: Analysis) => void;
}

interface Lane {
  readonly worker: Worker;
  ready: boolean;
  /** In the order sent: the first is the one being worked on. */
  readonly waiting: Map<number, Waiting>;
  readonly contexts: Map<SqlContext, number>;
  lastContext: number;
  /** Over the first of `waiting`, once the worker is ready. */
  readonly watch: Watch;
}

/** Deep sub-selects need stack in the parser; measured to parse what PostgreSQL itself still accepts. */
const STACK_MB = 16;
/** Contexts a worker remembers; a session's old ones are dropped first. */
const CONTEXTS_MAX = 4_096;

export function createSqlAnalyser(options: PoolOptions): SqlAnalyserPool {
  return new Pool(options);
}

class Pool implements SqlAnalyserPool {
  readonly #size: number;
  readonly #limits: WatchLimits;
  readonly #published = new Published();
  #lanes: Lane[] = [];
  #spare: Lane | undefined;
  #sequence = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#size = Math.max(1, options.workers);
    this.#limits = {
      processorMs: options.analysisMsMax ?? limits.analysisMsMax,
      clockMs: options.analysisWaitMsMax ?? limits.analysisWaitMsMax,
    };
  }

  publish(data: CatalogueData, ground?: CatalogueData): void {
    this.#tell(this.#published.publish(data, ground));
  }

  define(base: number, version: number, definitions: readonly Definition[]): void {
    this.#tell(this.#published.define(base, version, definitions));
  }

  retire(version: number): void {
    this.#tell(this.#published.retire(version));
  }

  #tell(messages: readonly ToWorker[]): void {
    for (const lane of this.#all()) for (const message of messages) post(lane, message);
  }

  analyse(payload: SqlPayload | SqlCallPayload): Promise<Analysis> {
    if (this.#closed) return Promise.resolve(unavailable("the analyser is closed"));
    const refused = payload.kind === "sql" ? refusedUnread(payload.text) : undefined;
    if (refused !== undefined) return Promise.resolve(refused);
    return new Promise((resolve) => {
      try {
        this.#send(this.#quietest(), { payload, resolve });
      } catch (error) {
        resolve(unavailable(`no worker could be started: ${error instanceof Error ? error.message : "unknown"}`));
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const lanes = this.#all();
    this.#lanes = [];
    this.#spare = undefined;
    for (const lane of lanes) this.#refuseAll(lane, "the analyser is closed");
    await Promise.all(lanes.map((lane) => lane.worker.terminate()));
  }

  #all(): Lane[] {
    return this.#spare === undefined ? [...this.#lanes] : [...this.#lanes, this.#spare];
  }

  /** The lane with the fewest texts waiting; started when there is none yet. */
  #quietest(): Lane {
    while (this.#lanes.length < this.#size) this.#lanes.push(this.#takeSpare());
    this.#spare ??= this.#start();
    return this.#lanes.reduce((best, lane) => (lane.waiting.size < best.waiting.size ? lane : best));
  }

  #takeSpare(): Lane {
    const lane = this.#spare ?? this.#start();
    this.#spare = undefined;
    return lane;
  }

  #start(): Lane {
    const worker = new Worker(new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url), {
      resourceLimits: { stackSizeMb: STACK_MB },
      // The wasm prints its assertions; nothing of a text may reach our own output.
      stdout: true,
      stderr: true,
    });
    worker.stdout.resume();
    worker.stderr.resume();
    worker.unref();
    const watch = new Watch(worker, this.#limits, (because) => this.#overdue(lane, because));
    const lane: Lane = { worker, ready: false, waiting: new Map(), contexts: new Map(), lastContext: 0, watch };
    worker.on("message", (message: string) => this.#received(lane, JSON.parse(message) as FromWorker));
    worker.on("error", () => this.#replace(lane, "the worker died"));
    worker.on("exit", () => this.#replace(lane, "the worker ended"));
    for (const message of this.#published.all()) post(lane, message);
    return lane;
  }

  #send(lane: Lane, waiting: Waiting): void {
    const id = ++this.#sequence;
    const { context, ...payload } = waiting.payload;
    lane.worker.ref();
    post(lane, { kind: "judge", id, context: contextNumber(lane, context), payload });
    lane.waiting.set(id, waiting);
    if (lane.waiting.size === 1 && lane.ready) lane.watch.begin();
  }

  #received(lane: Lane, message: FromWorker): void {
    if (message.kind === "ready") {
      lane.ready = true;
      if (lane.waiting.size > 0) lane.watch.begin();
      return;
    }
    const waiting = lane.waiting.get(message.id);
    lane.waiting.delete(message.id);
    waiting?.resolve(message.analysis);
    if (message.broken) return this.#replace(lane, "its parser broke");
    if (lane.waiting.size > 0) return lane.watch.begin();
    lane.watch.idle();
    lane.worker.unref();
  }

  /** The first text took too long: it is refused, the others go to a fresh worker. */
  #overdue(lane: Lane, because: string): void {
    const [first] = lane.waiting;
    if (first !== undefined) {
      lane.waiting.delete(first[0]);
      first[1].resolve(unavailable(`the analysis took longer than ${because}: send a simpler statement`));
    }
    this.#replace(lane, "it took too long");
  }

  /** Ends a worker that cannot be trusted; texts behind the one that broke it are sent again to the spare. */
  #replace(lane: Lane, because: string): void {
    if (lane === this.#spare) {
      this.#spare = undefined;
      return;
    }
    const index = this.#lanes.indexOf(lane);
    if (index < 0) return;
    lane.watch.stop();
    // A worker that died by itself died of its first text.
    const [first] = lane.waiting;
    if (first !== undefined && (because === "the worker died" || because === "the worker ended")) {
      lane.waiting.delete(first[0]);
      first[1].resolve(unavailable(`the analysis failed: ${because}; send a simpler statement`));
    }
    this.#lanes.splice(index, 1);
    void lane.worker.terminate();
    if (this.#closed) return this.#refuseAll(lane, "the analyser is closed");
    try {
      const next = this.#takeSpare();
      this.#lanes.push(next);
      for (const waiting of lane.waiting.values()) this.#send(next, waiting);
      this.#spare ??= this.#start();
    } catch (error) {
      this.#refuseAll(lane, `no worker could be started: ${error instanceof Error ? error.message : "unknown"}`);
    }
  }

  #refuseAll(lane: Lane, because: string): void {
    lane.watch.stop();
    for (const waiting of lane.waiting.values()) waiting.resolve(unavailable(because));
    lane.waiting.clear();
  }
}

/** Text that no worker needs to see: too long, or not what would be sent. */
function refusedUnread(sql: string): Analysis | undefined {
  if (sql.length > limits.sqlTextBytesMax)
    return { kind: "refused", code: "too_large", message: `the text has over ${limits.sqlTextBytesMax} bytes, more than can be judged` };
  if (sql.includes("\0")) return { kind: "refused", code: "not_parsed", message: "the text holds a NUL" };
  return undefined;
}

/** Contexts are replaced, never changed: an object seen before needs no second copy. */
function contextNumber(lane: Lane, context: SqlContext): number {
  const known = lane.contexts.get(context);
  if (known !== undefined) return known;
  const [oldest] = lane.contexts;
  if (lane.contexts.size >= CONTEXTS_MAX && oldest !== undefined) {
    lane.contexts.delete(oldest[0]);
    post(lane, { kind: "forget_context", context: oldest[1] });
  }
  const number = ++lane.lastContext;
  lane.contexts.set(context, number);
  post(lane, { kind: "context", context: number, value: context });
  return number;
}

function post(lane: Lane, message: ToWorker): void {
  lane.worker.postMessage(message);
}

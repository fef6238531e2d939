/**
 * Which server answers a batch of one session: the primary, or a read replica when the batch only looks at rows and nothing that the
 * session has done makes the two differ.
 * It has no socket and does not judge: whether a query may be answered elsewhere stands in its summary, how fresh the replica is is
 * asked of `Watch`. An agent has no say in it.
 *
 * A batch that may go there is collected up to its Sync, unsent; what turns out not to fit goes to the primary as it came. Until a
 * batch there is answered, no other message of the client is looked at, so that one server at a time has something to answer.
 */
import { front } from "../codec/shapes.ts";
import { closeStatement } from "../codec/write.ts";
import type { Act } from "./act.ts";
import { IDLE, type Core } from "./core.ts";
import type { Lane, Routing, Watch } from "./lane.ts";
import type { Statement } from "./names.ts";
import { CLOSE, PARSE } from "./queue.ts";
import { SessionState } from "./session-state.ts";

/** A batch that is longer goes to the primary. */
const COLLECTED_BYTES_MAX = 256 * 1024;
/** Names that the client has given up may stay at the replica up to this many. */
const PREPARED_MAX = 128;

export class Route implements Routing {
  readonly #core: Core;
  readonly #watch: Watch;
  readonly #lane: Lane;
  readonly #state = new SessionState();
  #step: "primary" | "collecting" | "decided" | "replica" = "primary";
  /** Of the batch at hand: acts that will run, bytes collected, statements it names, the unnamed one it makes. */
  #acts: Act[] = [];
  #bytes = 0;
  readonly #uses = new Map<string, Statement>();
  #unnamed: Statement | undefined = undefined;
  /** The replica ran what drops the unnamed statement, and the primary may still have one. */
  #unnamedLeft = false;
  /** The batch that the replica has, in case the primary must answer it after all. */
  #sent: readonly Buffer[] = [];

  constructor(core: Core, watch: Watch, lane: Lane) {
    this.#core = core;
    this.#watch = watch;
    this.#lane = lane;
  }

  /** The replica has a batch and has not answered it. */
  get busy(): boolean {
    return this.#step === "replica";
  }

  /** A batch waits for the connection to the replica. */
  get waits(): boolean {
    return this.#step === "decided";
  }

  /** Between two messages of the client. False: the next one must wait for the replica. */
  boundary(): boolean {
    if (this.#step === "decided") return this.#decided();
    return this.#step !== "replica";
  }

  /** A simple query that was judged and goes out now. */
  query(act: Act): void {
    this.#unnamedLeft = false;
    if (!this.#may(act) || !this.#startable()) return;
    this.#start();
    this.#acts.push(act);
    this.#step = "decided";
  }

  /** A Parse; `act` is its judgement. */
  parse(name: string, act: Act, bytes: number): void {
    const fits = name === "" && this.#may(act) && this.#acts.length === 0;
    if (name === "") this.#unnamedLeft = false;
    if (this.#step === "primary") {
      if (!fits || this.#core.batchSent || !this.#startable()) return;
      this.#start();
    }
    if (fits) this.#note(bytes);
    else this.giveUp();
  }

  /** The statement that the Parse at hand makes. */
  made(name: string, statement: Statement): void {
    if (this.#step === "collecting" && name === "") this.#unnamed = statement;
  }

  /** A Bind or Describe of this statement. */
  bind(name: string, statement: Statement, bytes: number): void {
    const core = this.#core;
    const fits =
      this.#acts.length === 0 && statement.replicable === true && (statement.frame !== undefined || statement.batch === core.batch);
    if (this.#step === "primary" && fits && !core.batchSent && this.#startable()) this.#start();
    if (this.#step === "collecting") {
      if (!fits) this.giveUp();
      else this.#note(bytes);
    }
    if (statement.elsewhere === true && statement.frame !== undefined) {
      // An unnamed statement that only the replica has: its Parse is part of this batch, wherever that goes.
      statement.elsewhere = false;
      this.#unnamedLeft = false;
      this.#again(PARSE, statement.frame);
      if (this.#step === "collecting") this.#unnamed = statement;
    } else if (this.#step === "collecting" && statement.batch !== core.batch && statement !== this.#unnamed) {
      this.#uses.set(name, statement);
    }
  }

  /** A Describe of a name that stands for nothing. */
  unknown(name: string): void {
    this.giveUp();
    if (name !== "" || !this.#unnamedLeft) return;
    this.#unnamedLeft = false;
    this.#again(CLOSE, closeStatement(""));
  }

  /** Only one: an error of a second query comes when rows of the first have gone to the client. */
  execute(act: Act, bytes: number): void {
    if (this.#step !== "collecting") return;
    if (this.#acts.length > 0 || !this.#may(act)) return this.giveUp();
    this.#note(bytes);
    this.#acts.push(act);
  }

  /** The client's Sync goes out now. */
  sync(): void {
    if (this.#step !== "collecting") return;
    if (this.#acts.length > 0 && this.#ready()) this.#step = "decided";
    else this.giveUp();
  }

  giveUp(): void {
    if (this.#step !== "collecting") return;
    this.#step = "primary";
    this.#core.collecting = false;
    this.#forget();
  }

  sent(act: Act): void {
    // A BEGIN that has not been answered counts: what is set behind it may be taken back.
    this.#state.sent(act, this.#core.status !== IDLE || this.#core.controlInFlight > 0);
  }

  /** The primary has said something: what was changed may have become durable. */
  heard(): void {
    const core = this.#core;
    if (this.#state.writing) {
      this.#watch.wrote(core.parts.session.principal.name);
      if (core.drained && core.status === IDLE) this.#state.written();
    }
    if (core.drained) this.#state.settled();
  }

  changed(): void {
    this.#watch.wrote(this.#core.parts.session.principal.name);
  }

  /** The session is over: a change that was on its way may still take effect. */
  lost(): void {
    if (this.#state.writing) this.#watch.wrote(this.#core.parts.session.principal.name);
  }

  /** The replica's answer has gone to the client whole. */
  done(): void {
    if (this.#acts.every((act) => act.code === undefined)) this.#watch.answered();
    // After an error it is not certain what of ours was prepared.
    else this.#lane.prepared.clear();
    this.#step = "primary";
    this.#sent = [];
    this.#forget();
  }

  /** The replica has not answered, and nothing of its answer was used: the primary gets the batch as it came. */
  fallBack(): void {
    for (const act of this.#acts) act.answeredBy = undefined;
    if (this.#unnamed !== undefined) this.#unnamed.elsewhere = false;
    this.#unnamedLeft = false;
    this.#lane.prepared.clear();
    this.#step = "primary";
    this.#core.serverOut.push(...this.#sent);
    this.#sent = [];
    this.#forget();
  }

  /** A Parse of the client's goes out once more, or a Close that was owed, in front of what needs it. */
  #again(kind: typeof PARSE | typeof CLOSE, frame: Buffer): void {
    this.#core.beforeServer();
    this.#core.serverOut.push(frame);
    this.#core.expect.push({ kind, audience: "again" });
  }

  #forget(): void {
    this.#acts = [];
    this.#bytes = 0;
    this.#uses.clear();
    this.#unnamed = undefined;
  }

  #may(act: Act): boolean {
    const { temporary, pendingDdl } = act.context;
    return act.facts.replicable && act.readOnly && act.inner.length === 0 && temporary.length === 0 && pendingDdl.length === 0;
  }

  /** Whether a batch may begin to be collected: nothing is under way, and nothing unsent stands before it. */
  #startable(): boolean {
    const core = this.#core;
    if (this.#step !== "primary" || core.status !== IDLE || !core.drained || core.batchSent || core.skipping) return false;
    if (core.wanted !== "none" || core.copyIn || core.withheld !== undefined || core.insideServerFrame()) return false;
    core.beforeServer();
    return core.serverOut.length === 0 && this.#ready();
  }

  #ready(): boolean {
    const { parts } = this.#core;
    if (this.#state.bound || !this.#watch.ready(parts.session.principal.name, parts.catalogue.version)) return false;
    if (this.#lane.state === "closed") this.#lane.open();
    return this.#lane.state !== "closed";
  }

  /** A connection that is being made is waited for, a little. False: the next message of the client must wait. */
  #decided(): boolean {
    if (this.#lane.state === "opening") return false;
    // Time has passed where a connection was made.
    if (this.#lane.state === "ready" && this.#ready()) {
      this.#dispatch();
      return false;
    }
    this.#step = "collecting";
    this.giveUp();
    return true;
  }

  #start(): void {
    this.#forget();
    this.#step = "collecting";
    this.#core.collecting = true;
  }

  #note(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > COLLECTED_BYTES_MAX) this.giveUp();
  }

  #dispatch(): void {
    const core = this.#core;
    core.beforeServer();
    this.#sent = core.serverOut;
    core.serverOut = [];
    core.collecting = false;
    this.#step = "replica";
    for (const act of this.#acts) act.answeredBy = "replica";
    const simple = this.#sent[0]?.[0] === front.query;
    if (simple || this.#unnamed !== undefined) {
      this.#unnamedLeft = true;
      this.#lane.prepared.delete("");
    }
    const { prepare, answers } = this.#prepared();
    if (this.#unnamed !== undefined) {
      this.#unnamed.elsewhere = true;
      this.#lane.prepared.set("", this.#unnamed);
    }
    this.#lane.send({ frames: this.#sent, settings: this.#state.settings, prepare, answers });
  }

  /** Statements that the batch names and this connection does not have, and names that are nobody's any more. */
  #prepared(): { readonly prepare: readonly Buffer[]; readonly answers: number } {
    const { prepared } = this.#lane;
    const { statements } = this.#core.names;
    const prepare: Buffer[] = [];
    let answers = 0;
    if (prepared.size > PREPARED_MAX) {
      for (const [name, statement] of prepared) {
        if (statements.get(name) === statement) continue;
        prepared.delete(name);
        prepare.push(closeStatement(name));
        answers += 1;
      }
    }
    for (const [name, statement] of this.#uses) {
      if (prepared.get(name) === statement || statement.frame === undefined) continue;
      prepared.set(name, statement);
      prepare.push(closeStatement(name), statement.frame);
      answers += 2;
    }
    return { prepare, answers };
  }
}

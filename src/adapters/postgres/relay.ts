/**
 * The two sockets of one session and the state machine between them: bytes across, back-pressure both ways, an end for every session.
 * It does not look into the bytes.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../base/clock.ts";
import type { CatalogueSource } from "../../catalogue/source.ts";
import type { ReasonCode } from "../../model/codes.ts";
import type { Approvals } from "../../pipeline/approvals-port.ts";
import type { Guard } from "../../pipeline/guard.ts";
import { Deadlines, keptBySetting, type Ticker, type Ticking } from "./enforce-time.ts";
import type { Executor } from "./executor/port.ts";
import type { Handover, RunningSession } from "./handover.ts";
import { givesBack, takeReads } from "./read-buffers.ts";
import { SIGN_OF_LIFE } from "./codec/write.ts";
import { fatalFrame } from "./session/refusal.ts";
import type { BinPort } from "./session/bin-port.ts";
import type { ContextPool } from "./session/context.ts";
import { WireSession } from "./session/session.ts";
import { ReplicaLane } from "./relay-replica.ts";
import type { ReplicaWatch } from "./replica-watch.ts";

export interface RelayParts {
  readonly guard: Guard;
  readonly clock: Clock;
  /** Of the database that the session is connected to. */
  readonly catalogue: CatalogueSource;
  /** RelayParts by sessions, so that they share cached decisions. */
  readonly contexts: ContextPool;
  /** RelayParts by all sessions. */
  readonly ticker: Ticker;
  /** Of the target, where it has a read replica. */
  readonly replica?: ReplicaWatch;
  /** Of the target, where persons can be asked about what is held. Absent: it is refused. */
  readonly held?: { readonly approvals: Approvals; readonly executor: Executor };
  /** Of the target's database, where it keeps a bin. */
  readonly bin?: BinPort;
}

/** Bytes of a client that may wait for the server's answers; beyond it the client is not read. */
const WAITING_BYTES_MAX = 64 * 1024;
/** A client that is not read is written to this often: the end of its connection shows in no other way. */
const SIGN_OF_LIFE_MS = 1_000;
/** Small pieces are joined: one system call costs more than the copy. */
const JOIN_BYTES_MAX = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/** Takes a session over from the listener. */
export function relay(parts: RelayParts, handover: Handover): RunningSession {
  const running = new Relay(parts, handover);
  return {
    shutdown: () => running.shutdown(),
    finished: running.finished,
    end: (code, message) => running.end(code, message),
    beginReadOnly: (readOnly) => running.beginReadOnly(readOnly),
  };
}

class Relay implements Ticking {
  readonly finished: Promise<string>;
  readonly #parts: RelayParts;
  readonly #handover: Handover;
  readonly #session: WireSession;
  readonly #lane: ReplicaLane | undefined;
  /** What the primary said while the replica answers. */
  #kept: Buffer[] = [];
  readonly #deadlines: Deadlines;
  #resolve: (because: string) => void = () => {};
  #clientFull = false;
  #serverFull = false;
  #clientPaused = false;
  #pausedMs = 0;
  #serverPaused = false;
  #activity = 0;
  #open = 2;
  #because: string | undefined = undefined;
  #stopping = false;

  constructor(parts: RelayParts, handover: Handover) {
    this.#parts = parts;
    this.#handover = handover;
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { session, target, serverFacts } = handover;
    this.#lane = this.#openLane();
    const replica = this.#lane === undefined || parts.replica === undefined ? undefined : { watch: parts.replica, lane: this.#lane };
    const wire = {
      guard: parts.guard,
      session,
      target,
      clock: parts.clock,
      catalogue: parts.catalogue,
      contexts: parts.contexts,
      role: serverFacts.role,
      sessionRole: serverFacts.sessionRole,
      searchPath: serverFacts.searchPath,
      timeLimits: keptBySetting(handover.options.limits),
      pinSql: handover.pinSql,
      cancel: handover.cancelServer,
      serverProcess: serverFacts.process,
      changed: () => this.#changed(),
      ...(parts.bin === undefined ? {} : { bin: parts.bin }),
      ...(parts.held === undefined ? {} : { held: { ...parts.held, settings: serverFacts.parameters } }),
    };
    this.#session = new WireSession(wire, replica);
    this.#deadlines = new Deadlines(handover.options.limits, this.#session, parts.clock.monotonic(), handover.cancelServer);
    handover.cancelElsewhere?.((signalled) => this.#cancelElsewhere(signalled));
    parts.ticker.add(this);
    this.#attach(handover.client, handover.server);
    if (handover.serverRest.length > 0) this.#session.fromServer(handover.serverRest);
    if (handover.clientRest.length > 0) this.#session.fromClient(handover.clientRest);
    this.#after();
    handover.server.resume();
    handover.client.resume();
  }

  #attach(client: Duplex, server: Duplex): void {
    for (const socket of [client, server]) {
      if (socket instanceof Socket) socket.setNoDelay(true);
    }
    client.on("data", (chunk: Buffer) => {
      if (this.#because !== undefined) return;
      this.#activity += 1;
      this.#session.fromClient(chunk);
      this.#after();
    });
    const fromServer = (chunk: Buffer): void => {
      if (this.#because !== undefined) return;
      if (this.#session.route?.busy === true) return void this.#kept.push(chunk);
      this.#session.fromServer(chunk);
      this.#after();
    };
    if (!takeReads(server, fromServer)) server.on("data", fromServer);
    client.on("drain", () => {
      this.#clientFull = false;
      this.#flow();
    });
    server.on("drain", () => {
      this.#serverFull = false;
      this.#flow();
    });
    client.once("end", () => this.#clientGone());
    server.once("end", () => this.#serverGone());
    client.once("close", () => {
      this.#clientGone();
      this.#closed();
    });
    server.once("close", () => {
      this.#serverGone();
      this.#closed();
    });
  }

  /** The second connection, where there is a replica. */
  #openLane(): ReplicaLane | undefined {
    const { clock, replica: watch } = this.#parts;
    const { replica: door, serverFacts: facts, session } = this.#handover;
    if (door === undefined || watch === undefined) return undefined;
    // The replica must have the role before anybody logs in there with it.
    if (door.lent) watch.wrote(session.principal.name);
    // And the catalogue that its first statement will be judged by.
    watch.ready(session.principal.name, this.#parts.catalogue.version);
    const answered = (take: () => void): void => {
      if (this.#because !== undefined) return;
      take();
      while (this.#session.route?.busy === false && this.#kept.length > 0) this.#session.fromServer(this.#kept.shift() ?? NOTHING);
      this.#after();
    };
    const lane = new ReplicaLane({
      door,
      facts,
      clock,
      pass: (bytes) => answered(() => this.#session.fromReplica(bytes)),
      fallBack: () => answered(() => this.#session.route?.fallBack()),
      settled: () => this.#changed(),
      broken: () => answered(() => this.#session.core.fatal("internal", "the replica was lost inside a message", "08006")),
    });
    return lane;
  }

  /** True when nothing of the session's runs at the server itself. */
  #cancelElsewhere(signalled?: () => void): boolean {
    if (this.#because !== undefined || !this.#session.cancelWaiting()) return this.#lane?.cancel(signalled) === true;
    signalled?.();
    return true;
  }

  tick(nowMs: number): void {
    if (this.#because !== undefined) return;
    this.#deadlines.tick(nowMs, this.#activity);
    if (this.#lane !== undefined) this.#tickLane(this.#lane);
    // Behind a wait for a person there may be a network that forgets who is silent.
    if (!this.#clientPaused && !this.#session.waiting) this.#pausedMs = nowMs;
    else if (nowMs - this.#pausedMs >= SIGN_OF_LIFE_MS && !this.#clientFull && !this.#session.core.insideServerFrame()) {
      this.#pausedMs = nowMs;
      this.#session.core.aside(SIGN_OF_LIFE);
    }
    this.#after();
  }

  #tickLane(lane: ReplicaLane): void {
    lane.tick(this.#parts.replica?.status().state !== "unusable");
    if (this.#session.route?.waits === true) this.#session.resume();
  }

  shutdown(): void {
    this.#stopping = true;
    if (this.#because === undefined) this.#after();
  }

  end(code: ReasonCode, message: string): void {
    if (this.#because !== undefined) return;
    this.#session.core.fatal(code, message);
    this.#after();
  }

  beginReadOnly(readOnly: boolean): void {
    this.#session.core.settings = `SET default_transaction_read_only = ${readOnly ? "on" : "off"}`;
    this.#changed();
  }

  #changed(): void {
    if (this.#because !== undefined) return;
    this.#session.resume();
    this.#after();
  }

  /** After each event: what is to go out goes, and the flow and the end are looked at. */
  #after(): void {
    const { core } = this.#session;
    if (this.#stopping && core.closed === undefined && this.#session.idle) core.fatal("suspended", "the gateway is shutting down", "57P01");
    if (core.serverOut.length > 0 && !core.collecting) {
      const out = core.serverOut;
      core.serverOut = [];
      if (!write(this.#handover.server, out)) this.#serverFull = true;
    }
    if (core.clientOut.length > 0) {
      const out = core.clientOut;
      core.clientOut = [];
      if (!write(this.#handover.client, out)) this.#clientFull = true;
    }
    if (core.closed !== undefined) this.#end(core.closed.because);
    else this.#flow();
  }

  /** Who is not read: the one whose bytes have nowhere to go. */
  #flow(): void {
    const pauseClient = this.#serverFull || this.#session.clientWaiting > WAITING_BYTES_MAX;
    if (pauseClient !== this.#clientPaused) {
      this.#clientPaused = pauseClient;
      if (pauseClient) this.#handover.client.pause();
      else this.#handover.client.resume();
    }
    if (this.#clientFull !== this.#serverPaused) {
      this.#serverPaused = this.#clientFull;
      if (this.#clientFull) this.#handover.server.pause();
      else this.#handover.server.resume();
      this.#lane?.flow(this.#clientFull);
    }
  }

  /** The client is gone: what runs for it is cancelled, and the server rolls back what is open. */
  #clientGone(): void {
    if (this.#because !== undefined) return;
    this.#end(this.#session.terminated ? "the client said goodbye" : "the client was lost", !this.#stopping);
  }

  #serverGone(): void {
    if (this.#because !== undefined) return;
    const { core } = this.#session;
    const fatal = this.#session.serverFatal;
    if (fatal === undefined && !this.#session.terminated && !core.insideServerFrame()) {
      this.#handover.client.write(fatalFrame("internal", "the connection to the server was lost", "08006"));
    }
    this.#end(
      this.#session.terminated
        ? "the client said goodbye"
        : fatal === undefined
          ? "the server was lost"
          : `the server ended the session with ${fatal}`,
    );
  }

  /** `left`: the client itself has gone. */
  #end(because: string, left = false): void {
    if (this.#because !== undefined) return;
    this.#because = because;
    const { client, server } = this.#handover;
    this.#parts.ticker.remove(this);
    const running = !this.#session.core.drained;
    this.#session.lost(because, left);
    if (running && !server.destroyed) this.#handover.cancelServer();
    this.#lane?.close();
    server.end();
    client.end();
    // A peer that does not close its half does not keep ours.
    server.resume();
    client.resume();
    for (const socket of [server, client]) if (socket instanceof Socket) socket.destroySoon();
  }

  #closed(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    const { carryingOut } = this.#session;
    // What was approved is under way on another connection: its outcome belongs to this session.
    if (carryingOut === undefined) this.#over();
    else void carryingOut.then(() => this.#over());
  }

  #over(): void {
    this.#parts.guard.sessionClosed(this.#handover.session, this.#because ?? "closed");
    this.#resolve(this.#because ?? "closed");
  }
}

/**
 * One write for what belongs together. A chunk that goes on whole has left nothing behind in the session: its memory is free once it is
 * written. False: the other side is to be paused until `drain`. */
function write(socket: Duplex, pieces: readonly Buffer[]): boolean {
  const first = pieces[0];
  if (first === undefined || socket.destroyed || socket.writableEnded) return true;
  if (pieces.length === 1) return socket.write(first, givesBack(first));
  let size = 0;
  for (const piece of pieces) size += piece.length;
  if (size <= JOIN_BYTES_MAX) return socket.write(Buffer.concat(pieces, size));
  socket.cork();
  let free = true;
  for (const piece of pieces) free = socket.write(piece);
  socket.uncork();
  return free;
}

/**
 * One session's connection to the read replica: opened when a first read could go there, given up when it fails, opened again later.
 * It neither chooses what goes there (`session/route.ts`) nor looks at what is read.
 */
import type { Duplex } from "node:stream";
import type { Clock } from "../../base/clock.ts";
import type { ReplicaDoor, ServerFacts } from "./handover.ts";
import { query } from "./codec/write.ts";
import type { Batch, Lane } from "./session/lane.ts";
import type { Statement } from "./session/names.ts";
import { ReplicaAnswers } from "./session/replica-answers.ts";
import type { UpstreamSession } from "./upstream.ts";

export interface LaneParts {
  readonly door: ReplicaDoor;
  /** Of the session at the primary: the replica must say the same of who and where we are. */
  readonly facts: ServerFacts;
  readonly clock: Clock;
  readonly pass: (bytes: Buffer) => void;
  readonly fallBack: () => void;
  readonly broken: () => void;
  /** What was being opened is there, or is not. */
  readonly settled: () => void;
}

/** A read waits so long for a connection that is being made; then the primary has it. */
const OPENING_MS_MAX = 1_000;

const AGAIN_MS_MIN = 1_000;
const AGAIN_MS_MAX = 30_000;

export class ReplicaLane implements Lane {
  readonly #parts: LaneParts;
  readonly prepared = new Map<string, Statement>();
  #answers: ReplicaAnswers;
  #socket: Duplex | undefined;
  #key: UpstreamSession["key"];
  #abandon: (() => void) | undefined;
  #openingMs = 0;
  #settingsSent = 0;
  /** Not again before this time, by the monotonic clock. */
  #notBeforeMs = 0;
  #againMs = AGAIN_MS_MIN;
  #forGood = false;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#answers = this.#newAnswers();
  }

  get state(): Lane["state"] {
    if (this.#socket !== undefined) return this.#answers.idle ? "ready" : "closed";
    return this.#abandon !== undefined && this.#parts.clock.monotonic() - this.#openingMs < OPENING_MS_MAX ? "opening" : "closed";
  }

  open(): void {
    const { door, clock } = this.#parts;
    if (this.#forGood || this.#socket !== undefined || this.#abandon !== undefined || clock.monotonic() < this.#notBeforeMs) return;
    this.#openingMs = clock.monotonic();
    try {
      this.#abandon = door.open((result) => {
        this.#abandon = undefined;
        if (result.kind === "ready") this.#opened(result);
        else this.#failed();
        this.#parts.settled();
      });
    } catch {
      // The source of the password can fail.
      this.#failed();
    }
  }

  send({ frames, settings, prepare, answers }: Batch): void {
    const before = settings.slice(this.#settingsSent).map((text) => query(text));
    this.#settingsSent = settings.length;
    this.#answers.begin(before.length, answers);
    this.#socket?.write(Buffer.concat([...before, ...prepare, ...frames]));
  }

  /** False when nothing runs there. */
  cancel(signalled?: () => void): boolean {
    if (this.#socket === undefined || this.#answers.idle) return false;
    this.#answers.cancelled = true;
    this.#parts.door.cancel(this.#key, signalled);
    return true;
  }

  /** `usable`: the replica can still be asked by others. A host that is gone without a word is not waited for. */
  tick(usable: boolean): void {
    if (!usable && this.#answers.waiting) this.#socket?.destroy();
  }

  flow(paused: boolean): void {
    if (paused) this.#socket?.pause();
    else this.#socket?.resume();
  }

  close(): void {
    this.#forGood = true;
    this.#abandon?.();
    this.#abandon = undefined;
    this.#socket?.destroy();
  }

  #newAnswers(): ReplicaAnswers {
    const { pass, fallBack, broken } = this.#parts;
    return new ReplicaAnswers({ pass, fallBack, broken, unusable: (forGood) => this.#unusable(forGood) });
  }

  #opened({ socket, key, facts, rest }: UpstreamSession): void {
    const { role, sessionRole, searchPath } = this.#parts.facts;
    const same = facts.role === role && facts.sessionRole === sessionRole && facts.searchPath.join("\0") === searchPath.join("\0");
    if (!same || rest.length > 0) {
      socket.destroy();
      return this.#failed();
    }
    this.#socket = socket;
    this.#key = key;
    this.#againMs = AGAIN_MS_MIN;
    this.#settingsSent = 0;
    this.prepared.clear();
    const answers = (this.#answers = this.#newAnswers());
    socket.on("data", (chunk: Buffer) => {
      if (this.#answers === answers) answers.load(chunk);
    });
    socket.once("end", () => socket.destroy());
    socket.once("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#failed();
      answers.closed();
    });
    socket.resume();
  }

  #unusable(forGood: boolean): void {
    this.#forGood ||= forGood;
    this.#socket?.destroy();
  }

  #failed(): void {
    this.#notBeforeMs = this.#parts.clock.monotonic() + this.#againMs;
    this.#againMs = Math.min(AGAIN_MS_MAX, this.#againMs * 2);
  }
}

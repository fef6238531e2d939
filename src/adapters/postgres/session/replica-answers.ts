/**
 * What a read replica answers to one batch after the other: held back until it is certain that it can be used, so that the primary
 * can still answer in its place, then passed on in whole messages.
 * It has no socket; what becomes of the batch is told to its owner.
 */
import { BAD, BODY, FrameScanner, MORE } from "../codec/scanner.ts";
import { back, wholeServerShapes } from "../codec/shapes.ts";
import { errorField } from "../codec/read.ts";
import { errorResponse, ready } from "../codec/write.ts";
import { IDLE } from "./core.ts";
import { Run } from "./run.ts";

export interface ReplicaAnswersOwner {
  /** Bytes for the session: whole messages, but for the very long. */
  readonly pass: (bytes: Buffer) => void;
  /** The batch has no answer from here, and nothing of it was passed on. */
  readonly fallBack: () => void;
  /** The answer breaks off inside a message that the client has in part. */
  readonly broken: () => void;
  /** This connection cannot be used any more; `forGood`: nor can another one of this session. */
  readonly unusable: (forGood: boolean) => void;
}

/** What stands before the first row and is longer is passed on at once. */
const HELD_BYTES_MAX = 64 * 1024;
const QUERY_CANCELED = "57014";

export class ReplicaAnswers {
  readonly #owner: ReplicaAnswersOwner;
  readonly #scanner = new FrameScanner(wholeServerShapes);
  readonly #run = new Run();
  #step: "idle" | "settings" | "prepare" | "held" | "passing" | "dropped" = "idle";
  #settings = 0;
  #answers = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #last = false;
  /** What this connection still says is not looked at. */
  #dead = false;
  /** The client, or a limit, has asked for the end of what runs: its error is the answer. */
  cancelled = false;

  constructor(owner: ReplicaAnswersOwner) {
    this.#owner = owner;
  }

  get idle(): boolean {
    return this.#step === "idle";
  }

  /** Nothing of the answer has been passed on, so that the primary can be asked instead. */
  get waiting(): boolean {
    return this.#step === "settings" || this.#step === "prepare" || this.#step === "held";
  }

  /** A batch was sent behind so many settings, with so many messages of ours in front that are answered by one each. */
  begin(settings: number, answers: number): void {
    this.#settings = settings;
    this.#answers = answers;
    this.#held = [];
    this.#heldBytes = 0;
    this.#last = false;
    this.cancelled = false;
    this.#step = settings > 0 ? "settings" : answers > 0 ? "prepare" : "held";
  }

  load(chunk: Buffer): void {
    const scanner = this.#scanner;
    const out: Buffer[] = [];
    let fallsBack = false;
    if (this.#dead) return;
    scanner.load(chunk);
    for (let step = scanner.next(); step !== MORE; step = scanner.next()) {
      if (step === BAD) return this.#unusable(out, false);
      const found = step === BODY ? this.#step === "passing" : this.#frame(scanner.type, out);
      if (found === "unusable") return this.#unusable(out, true);
      if (found === "fall back") fallsBack = true;
      else if (found === true) this.#run.add(scanner.buffer, scanner.from, scanner.to, out);
      scanner.take();
    }
    this.#run.flush(out);
    if (this.#last) this.#step = "idle";
    this.#last = false;
    if (fallsBack) this.#owner.fallBack();
    for (const bytes of out) this.#owner.pass(bytes);
  }

  /** The connection is gone. */
  closed(): void {
    const { waiting } = this;
    const passing = this.#step === "passing";
    this.#step = "idle";
    if (waiting) return this.#owner.fallBack();
    if (!passing) return;
    if (!this.#scanner.atBoundary) return this.#owner.broken();
    this.#owner.pass(LOST);
  }

  #unusable(out: Buffer[], forGood: boolean): void {
    this.#dead = true;
    this.#run.flush(out);
    for (const bytes of out) this.#owner.pass(bytes);
    this.#owner.unusable(forGood);
  }

  /** True when the frame goes to the session. */
  #frame(type: number, out: Buffer[]): boolean | "fall back" | "unusable" {
    // The client has the primary's settings, and hears of them from there.
    if (type === back.parameterStatus || type === back.notification) return false;
    if (type === back.error) return this.#failed(out);
    switch (this.#step) {
      case "idle":
        return type === back.notice ? false : "unusable";
      case "settings":
        if (type === back.ready && --this.#settings === 0) this.#step = this.#answers > 0 ? "prepare" : "held";
        return false;
      case "prepare":
        if (type === back.notice) return false;
        if (type !== back.parseComplete && type !== back.closeComplete) return "unusable";
        if (--this.#answers === 0) this.#step = "held";
        return false;
      case "held":
        if (BEFORE_ROWS.has(type) && this.#hold()) return false;
        this.#release(out);
        break;
      case "dropped":
        if (type === back.ready) this.#step = "idle";
        return false;
      default:
        break;
    }
    if (type === back.ready) this.#last = true;
    return true;
  }

  #failed(out: Buffer[]): boolean | "fall back" | "unusable" {
    const { buffer, from, to } = this.#scanner;
    const severity = errorField(buffer, from, to, "V") ?? errorField(buffer, from, to, "S");
    // The connection ends behind it, which says what becomes of the batch.
    if (severity === "FATAL" || severity === "PANIC") return false;
    if (this.#step === "settings") return "unusable";
    if (this.#step === "dropped") return false;
    if (this.waiting && !this.cancelled && errorField(buffer, from, to, "C") !== QUERY_CANCELED) {
      this.#step = "dropped";
      this.#held = [];
      return "fall back";
    }
    if (this.waiting) this.#release(out);
    return this.#step === "passing";
  }

  #hold(): boolean {
    const { buffer, from, to, size } = this.#scanner;
    this.#heldBytes += size;
    if (to - from !== size || this.#heldBytes > HELD_BYTES_MAX) return false;
    this.#held.push(buffer.subarray(from, to));
    return true;
  }

  #release(out: Buffer[]): void {
    this.#step = "passing";
    this.#run.flush(out);
    out.push(...this.#held);
    this.#held = [];
  }
}

/** What a server says of a query before its first row. */
const BEFORE_ROWS: ReadonlySet<number> = new Set([
  back.parseComplete,
  back.bindComplete,
  back.parameterDescription,
  back.rowDescription,
  back.noData,
  back.notice,
]);

/** As a server says it whose replay of the primary's log took a row away that the query needed: to be run again. */
const LOST = Buffer.concat([
  errorResponse({
    severity: "ERROR",
    sqlstate: "40001",
    message: "the read replica was lost in the middle of this answer",
    hint: "run the statement again: it will be answered by the primary",
  }),
  ready(IDLE),
]);

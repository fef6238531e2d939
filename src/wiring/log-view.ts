/**
 * The log as the console shows it: pages, what is new, and whether it verifies, read in a thread of its own.
 * It says in words what it is told to say it in; it judges nothing.
 */
import { messageOf } from "../base/message-of.ts";
import { Worker } from "node:worker_threads";
import type { AttentionView, AuditLine, AuditPage, RecoveryView } from "../control/contract.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { AuditQuery, LogView } from "../control/web/parts.ts";
import type { AuditEvent } from "../model/event.ts";

type Judgement = Extract<AuditEvent, { kind: "judgement" }>;

/** A record in words; what an act refers to is found by its id where it is known. */
export type Describe = (event: AuditEvent, judgements: { get(id: string): Judgement | undefined }) => string;

/** A record as it passes between the threads. */
export interface ViewedRecord {
  readonly n: number;
  readonly t: number;
  readonly event: AuditEvent;
}

export interface ReadPage {
  /** Newest first. */
  readonly records: readonly ViewedRecord[];
  readonly size: number;
  /** What the records refer to, as far as it stands close before them. */
  readonly judgements: readonly AuditEvent[];
}

export type ToThread =
  | { readonly kind: "page"; readonly id: number; readonly query: AuditQuery }
  | { readonly kind: "verify"; readonly id: number }
  | { readonly kind: "attention"; readonly id: number; readonly sinceMs: number }
  | { readonly kind: "recovery"; readonly id: number }
  | { readonly kind: "follow" | "unfollow" };

export type FromThread =
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly because: string }
  | { readonly kind: "followed"; readonly records: readonly ViewedRecord[] }
  | { readonly kind: "unfollowed"; readonly because: string };

export interface LogViewParts {
  readonly directory: string;
  /** As `audit verify` takes it. */
  readonly publicKey: string;
  readonly describe: Describe;
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/** The whole log is read for it: not for every page that somebody turns. */
const verifyEveryMs = 30_000;
const askedAtOnceMax = 8;
const judgementsMax = 5_000;

export class ThreadedLogView implements LogView {
  readonly #parts: LogViewParts;
  readonly #asked = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>();
  readonly #followers = new Set<(lines: readonly AuditLine[]) => void>();
  readonly #judgements = new Map<string, Judgement>();
  #thread: Worker | undefined;
  #next = 0;
  #verified: { readonly atMs: number; readonly verification: Promise<AuditPage["verification"]> } | undefined;

  constructor(parts: LogViewParts) {
    this.#parts = parts;
  }

  page = async (query: AuditQuery): Promise<AuditPage> => {
    const verification = this.#verification();
    const { records, size, judgements } = (await this.#ask({ kind: "page", id: this.#next++, query })) as ReadPage;
    for (const event of judgements) this.#remember(event);
    return { events: records.map((record) => this.#line(record)), judgements, size, verification: await verification };
  };

  attention = async (sinceMs: number): Promise<AttentionView> =>
    (await this.#ask({ kind: "attention", id: this.#next++, sinceMs })) as AttentionView;

  recovery = async (): Promise<RecoveryView> => (await this.#ask({ kind: "recovery", id: this.#next++ })) as RecoveryView;

  follow = (take: (lines: readonly AuditLine[]) => void): (() => void) => {
    this.#followers.add(take);
    if (this.#followers.size === 1) this.#post({ kind: "follow" });
    return () => {
      this.#followers.delete(take);
      if (this.#followers.size === 0 && this.#thread !== undefined) this.#post({ kind: "unfollow" });
    };
  };

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#fail("the gateway stops");
    await thread?.terminate();
  }

  #verification(): Promise<AuditPage["verification"]> {
    const now = this.#parts.now();
    if (this.#verified === undefined || now - this.#verified.atMs >= verifyEveryMs) {
      const verification = this.#ask({ kind: "verify", id: this.#next++ }) as Promise<AuditPage["verification"]>;
      this.#verified = { atMs: now, verification };
      // The next page tries again.
      verification.catch(() => (this.#verified = undefined));
    }
    return this.#verified.verification;
  }

  #ask(message: Extract<ToThread, { id: number }>): Promise<unknown> {
    if (this.#asked.size >= askedAtOnceMax)
      return Promise.reject(new ControlRefusal("too_many", "the log is being read for others", "try again"));
    return new Promise((resolve, reject) => {
      this.#asked.set(message.id, { resolve, reject });
      this.#post(message);
    });
  }

  #post(message: ToThread): void {
    this.#thread ??= this.#start();
    this.#thread.postMessage(message);
  }

  #start(): Worker {
    const { directory, publicKey, warn } = this.#parts;
    const thread = new Worker(new URL("./log-view-thread.ts", import.meta.url), { workerData: { directory, publicKey } });
    thread.unref();
    thread.on("message", (message: FromThread) => this.#take(message));
    const gone = (because: string): void => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      this.#fail(because);
      warn(`the console's view of the log ended: ${because}`);
    };
    thread.once("error", (error) => gone(messageOf(error)));
    thread.once("exit", (code) => gone(`its thread ended with ${code}`));
    return thread;
  }

  #take(message: FromThread): void {
    switch (message.kind) {
      case "answer":
      case "failed": {
        const asked = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        if (message.kind === "answer") asked?.resolve(message.value);
        else asked?.reject(new ControlRefusal("unavailable", `the log cannot be read: ${message.because}`));
        return;
      }
      case "followed": {
        for (const { event } of message.records) this.#remember(event);
        const lines = message.records.map((record) => this.#line(record));
        for (const take of this.#followers) take(lines);
        return;
      }
      case "unfollowed":
        this.#parts.warn(`new records are not shown in the console: ${message.because}`);
        return;
    }
  }

  #fail(because: string): void {
    for (const { reject } of this.#asked.values()) reject(new ControlRefusal("unavailable", `the log cannot be read: ${because}`));
    this.#asked.clear();
  }

  #remember(event: AuditEvent): void {
    if (event.kind !== "judgement") return;
    this.#judgements.set(event.judgement, event);
    const [oldest] = this.#judgements.keys();
    if (this.#judgements.size > judgementsMax && oldest !== undefined) this.#judgements.delete(oldest);
  }

  #line({ n, t, event }: ViewedRecord): AuditLine {
    return { index: n, atMs: t, line: this.#parts.describe(event, this.#judgements), event };
  }
}

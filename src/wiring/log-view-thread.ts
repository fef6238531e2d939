/**
 * The thread behind the console's view of the log: reads pages of it, follows it, and verifies it with the code that `audit verify` runs.
 * It has no key but the public one, and writes nothing: what a person looks at must not slow what an agent waits for.
 */
import { messageOf } from "../base/message-of.ts";
import { parentPort, workerData } from "node:worker_threads";
import { type ReadRecord, readEvents, recordCount } from "../audit/events.ts";
import { directoryFiles } from "../audit/files.ts";
import { verifyLog } from "../audit/verify.ts";
import { Attention } from "../attention/figures.ts";
import type { AttentionView, RecoveryView } from "../control/contract.ts";
import { PersonsReader } from "../control/persons-reader.ts";
import { RecoveryFold } from "../recovery/told.ts";
import { isSession, sessionRecords } from "./session-records.ts";
import type { FromThread, ReadPage, ToThread, ViewedRecord } from "./log-view.ts";

const { directory, publicKey } = workerData as { readonly directory: string; readonly publicKey: string };

/** Records that are read at a time when something is looked for, and in all: an older one is found by its session or with `audit show`. */
const windowRecords = 5_000;
const recordsMax = 250_000;
/** Records before a page that are read for what its records refer to. */
const recordsForContext = 2_000;
const followedMax = 200;
const followMs = 300;

let following: AbortController | undefined;

parentPort?.on("message", (asked: ToThread) => {
  switch (asked.kind) {
    case "page":
      return answer(asked.id, page(asked.query));
    case "verify":
      return answer(asked.id, verification());
    case "attention":
      return answer(asked.id, attention(asked.sinceMs));
    case "recovery":
      return answer(asked.id, recovery());
    case "follow":
      following ??= follow();
      return;
    case "unfollow":
      following?.abort();
      following = undefined;
      return;
  }
});

function answer(id: number, result: Promise<unknown>): void {
  const send = (message: FromThread): void => parentPort?.postMessage(message);
  result.then(
    (value) => send({ kind: "answer", id, value }),
    (error: unknown) => send({ kind: "failed", id, because: messageOf(error) }),
  );
}

async function page({ before, limit, session, text }: Extract<ToThread, { kind: "page" }>["query"]): Promise<ReadPage> {
  const files = await directoryFiles(directory);
  const size = await recordCount(files);
  if (isSession(session)) {
    const asked = { directory, files, session, text: text.toLowerCase(), end: Math.min(Math.max(0, before), size), limit };
    const judged = new Map<string, ViewedRecord["event"]>();
    const own = await sessionRecords(asked, (event) => event.kind === "judgement" && judged.set(event.judgement, event));
    return { records: own.map(viewed).reverse(), size, judgements: referredIn(own.map(viewed), judged) };
  }
  const sought = [session, text].filter((each) => each !== "").map((each) => each.toLowerCase());
  const wanted = ({ line }: ReadRecord): boolean => {
    const words = sought.length === 0 ? "" : line.toString().toLowerCase();
    return sought.every((each) => words.includes(each));
  };
  const window = sought.length === 0 ? limit + recordsForContext : windowRecords;
  const judgements = new Map<string, ViewedRecord["event"]>();
  let found: ViewedRecord[] = [];
  let end = Math.min(Math.max(0, before), size);
  const least = Math.max(0, end - recordsMax);
  while (end > least && found.length < limit) {
    const start = Math.max(least, end - window);
    const here: ViewedRecord[] = [];
    for await (const record of readEvents({ directory, files, from: start })) {
      if (record.n >= end) break;
      if (record.event.kind === "judgement") judgements.set(record.event.judgement, record.event);
      if (wanted(record)) here.push(viewed(record));
    }
    found = [...here, ...found].slice(-limit);
    end = start;
  }
  return { records: found.reverse(), size, judgements: referredIn(found, judgements) };
}

function referredIn(records: readonly ViewedRecord[], judgements: ReadonlyMap<string, ViewedRecord["event"]>): ReadPage["judgements"] {
  const referred = new Set(records.flatMap(({ event }) => ("judgement" in event ? [event.judgement] : [])));
  return [...judgements].filter(([id]) => referred.has(id)).map(([, event]) => event);
}

/** Of the newest records alone: a longer time is counted by `holdfast approvals stats`. */
async function attention(sinceMs: number): Promise<AttentionView> {
  const files = await directoryFiles(directory);
  const readFrom = Math.max(0, (await recordCount(files)) - recordsMax);
  const figures = new Attention();
  for await (const { event, t } of readEvents({ directory, files, from: readFrom })) figures.step(event, t, t >= sinceMs);
  return { figures: figures.figures(), readFrom };
}

/** Of the newest records alone, as attention is: `holdfast backup list` and `holdfast bin list` look at the things themselves. */
async function recovery(): Promise<RecoveryView> {
  const files = await directoryFiles(directory);
  const readFrom = Math.max(0, (await recordCount(files)) - recordsMax);
  const fold = new RecoveryFold();
  for await (const { event, t } of readEvents({ directory, files, from: readFrom })) fold.step(event, t);
  return { ...fold.told(), readFrom };
}

async function verification() {
  const { ok, records, problems, problemCount } = await verifyLog({ directory, publicKey, persons: new PersonsReader() });
  const [first] = problems;
  return ok || first === undefined
    ? { state: "verified", checkedTo: records }
    : { state: "failed", checkedTo: records, because: `${first.message}${problemCount > 1 ? `, and ${problemCount - 1} more` : ""}` };
}

function follow(): AbortController {
  const stop = new AbortController();
  void (async () => {
    const from = await recordCount(await directoryFiles(directory));
    let waiting: ViewedRecord[] = [];
    // Told some at a time: a busy gateway would otherwise fill every open page's connection.
    const tell = setInterval(() => {
      if (waiting.length === 0) return;
      parentPort?.postMessage({ kind: "followed", records: waiting.slice(-followedMax) } satisfies FromThread);
      waiting = [];
    }, followMs);
    stop.signal.addEventListener("abort", () => clearInterval(tell), { once: true });
    for await (const record of readEvents({ directory, from, follow: true, signal: stop.signal, pollMs: followMs })) {
      waiting.push(viewed(record));
      if (waiting.length > 2 * followedMax) waiting = waiting.slice(-followedMax);
    }
  })().catch((error: unknown) => {
    parentPort?.postMessage({ kind: "unfollowed", because: messageOf(error) } satisfies FromThread);
  });
  return stop;
}

function viewed({ n, t, event }: ReadRecord): ViewedRecord {
  return { n, t, event };
}

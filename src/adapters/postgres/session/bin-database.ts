/**
 * DROP DATABASE that goes into the bin: carried out on a connection of Holdfast's own, because no transaction and no procedure can do it,
 * and answered as the server would have.
 * It sends nothing on the session's own connection.
 */
import { back } from "../codec/shapes.ts";
import { commandComplete, errorResponse, ready, report } from "../codec/write.ts";
import type { Act } from "./act.ts";
import { wantedOf } from "./bin-acts.ts";
import { dropDatabaseWords } from "./bin-database-text.ts";
import type { BinnedDatabase } from "./bin-port.ts";
import { IDLE, type Core } from "./core.ts";
import { DROP, HOLD, type Disposition } from "./disposition.ts";
import { recordUnavailable, refuseSimple, withdraw } from "./refuse.ts";
import { refusal } from "./refusal.ts";

const answers = new WeakMap<Act, BinnedDatabase | "asked">();

/** The act is one DROP DATABASE, alone in its text. */
export function dropsDatabase({ limits, admission }: Act): boolean {
  return limits.bins && admission.statements.length === 1 && admission.statements[0]?.tag === "DROP DATABASE";
}

/** In place of the Query that holds it. Everything before it is answered. */
export function dropDatabase(core: Core, act: Act): Disposition {
  if (core.insideServerFrame()) return HOLD;
  const answer = answers.get(act);
  if (answer === undefined) return begin(core, act);
  if (answer === "asked") return HOLD;
  core.dropUnnamed();
  if (answer.kind === "unavailable") {
    const message = `the database cannot be put into the bin: ${answer.because}`;
    refuseSimple(core, { ...refusal("obligation_unfulfilled", message, "try again; it is as it was"), action: act.admission.id });
    return DROP;
  }
  for (const message of databaseMessages(answer)) core.toClient(message);
  core.toClient(ready(IDLE));
  core.batch += 1;
  return DROP;
}

/** What the server would have sent for it, but for ReadyForQuery. */
export function databaseMessages(answer: Exclude<BinnedDatabase, { kind: "unavailable" }>): readonly Buffer[] {
  if (answer.kind === "failed") return [errorResponse({ severity: "ERROR", ...answer })];
  return [...(answer.notice === undefined ? [] : [notice(answer.notice)]), commandComplete("DROP DATABASE")];
}

function notice(text: string): Buffer {
  const fields = { S: "NOTICE", V: "NOTICE", C: "00000", M: text };
  return report(back.notice, Object.entries(fields));
}

function begin(core: Core, act: Act): Disposition {
  const { parts } = core;
  if (core.status !== IDLE || core.batchSent) {
    const because = refusal("not_permitted", "DROP DATABASE cannot run inside a transaction block", undefined, "25001");
    refuseSimple(core, withdraw(core, act, because));
    return DROP;
  }
  // No rollback takes it back: its intent is durable before anything of it is done.
  core.write(act);
  if (!core.sealed()) {
    if (!core.sealFailed) return HOLD;
    refuseSimple(core, withdraw(core, act, recordUnavailable()));
    return DROP;
  }
  act.kept = true;
  act.startedMs = parts.clock.monotonic();
  answers.set(act, "asked");
  const unavailable: BinnedDatabase = { kind: "unavailable", because: "no answer came" };
  const answered = (answer: BinnedDatabase): void => {
    answers.set(act, answer);
    if (answer.kind !== "done") act.code = answer.kind === "failed" ? answer.sqlstate : "42501";
    // Whoever asked may have gone: what was done is on record all the same.
    core.transaction.settle(act);
    parts.changed();
  };
  const [statement] = act.admission.statements;
  const text = Buffer.from(act.text, "utf8").toString("utf8", statement?.span.start, statement?.span.end);
  const name = statement?.effects.find(({ resource }) => resource.type === "database")?.resource.name ?? "";
  const done =
    parts.bin?.dropDatabase({ ...wantedOf(core, act, text, "DROP DATABASE"), database: { name, ...dropDatabaseWords(text) } }) ??
    Promise.resolve(unavailable);
  done.then(answered, () => answered(unavailable));
  return HOLD;
}

/**
 * Brings one message at a time before the guard, under the context that holds at that moment; asks the server for the context
 * first when it may have changed.
 * It does not send what was judged; the client side does.
 */
import { actionId } from "../../../base/ids.ts";
import type { Action, Payload, SqlContext } from "../../../model/action.ts";
import type { StatementSummary } from "../../../model/decision.ts";
import type { Admission, Allowed } from "../../../pipeline/guard.ts";
import { Act, type Refusal } from "./act.ts";
import { textFacts } from "./facts.ts";
import { withoutWaiting } from "./held-fit.ts";
import { FAILED, IDLE, type Core } from "./core.ts";
import { CONTEXT_SQL } from "./context.ts";
import { bind, closePortal, closeStatement, execute, parse, query, SYNC as SYNC_FRAME } from "../codec/write.ts";
import { BIND, CLOSE, EXECUTE, PARSE, QUERY, SYNC, type ExpectKind } from "./queue.ts";
import { parserSettingChanged } from "./pins.ts";
import { refusal } from "./refusal.ts";

export type Judged = Act | Refusal;

/**
 * Texts of keywords alone that must come before a transaction's first snapshot, which reading the context would take. They hold no
 * name, so that it does not matter in which context they are judged; judged they are all the same.
 */
const NAMELESS = new RegExp(
  "^\\s*(?:set\\s+transaction|set\\s+local\\s+transaction|begin|start\\s+transaction)(?:[\\s,]+(?:transaction|work|isolation|level|read|write|only|" +
    "committed|uncommitted|repeatable|serializable|not|deferrable))*\\s*;?\\s*$",
  "i",
);

export class Judge {
  readonly #core: Core;
  #outcome: Judged | undefined = undefined;
  /** An allowed text whose EXECUTEs are still to be judged. */
  #main: { readonly admission: Allowed; readonly context: SqlContext } | undefined = undefined;
  #pending = false;
  /** Set with a refusal: the text may pass in two pieces, the second of which begins at this byte. */
  cutAt: number | undefined = undefined;
  /** Counts messages: an answer that comes when its message was dropped must not be taken for the next one's. */
  #message = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The message at hand is done with. */
  reset(): void {
    if (this.#main !== undefined) this.#abandon(new Act(this.#main.admission, [], "", this.#main.context, 0));
    if (this.#outcome instanceof Act && !this.#outcome.kept) this.#abandon(this.#outcome);
    this.#outcome = undefined;
    this.#main = undefined;
    this.#pending = false;
    this.cutAt = undefined;
    this.#message += 1;
  }

  /** Judges the text of the message at hand. `undefined`: not yet; call again when the session was resumed. */
  text(text: string, door: "simple" | "prepare", parameterTypes?: readonly number[]): Judged | undefined {
    return this.#judge(text, (context) => ({ kind: "sql", text, door, context, ...typed(parameterTypes) }));
  }

  /** Judges a call by OID. */
  call(functionOid: number): Judged | undefined {
    return this.#judge("", (context) => ({ kind: "sql_call", functionOid, context }));
  }

  #judge(text: string, payload: (context: SqlContext) => Payload): Judged | undefined {
    if (this.#outcome !== undefined) return this.#outcome;
    if (this.#pending) return undefined;
    const core = this.#core;
    if (this.#main !== undefined) return this.#inner(text, this.#main.admission, this.#main.context);
    const context = this.contextOf(text);
    if (context === undefined) return undefined;
    if ("reason" in context) return (this.#outcome = context);
    const action = this.#action(payload(context));
    const admission = core.parts.guard.admitNow(action, core.can);
    if (admission !== undefined) return this.#admitted(admission, text, context);
    this.#later(
      core.parts.guard.admit(action, core.can),
      (later) => this.#admitted(later, text, context),
      (later) => [later],
    );
    return undefined;
  }

  /** Waits for the guard. An answer for a message that is no longer at hand is settled and forgotten. */
  #later<T>(answer: Promise<T>, take: (value: T) => void, admissions: (value: T) => readonly Admission[]): void {
    const core = this.#core;
    const message = this.#message;
    this.#pending = true;
    answer.then(
      (value) => {
        if (this.#message !== message || core.closed !== undefined) {
          for (const admission of admissions(value)) {
            if (admission.kind === "allow") this.#abandon(new Act(admission, [], "", core.context.current, 0));
          }
          return;
        }
        this.#pending = false;
        take(value);
        core.parts.changed();
      },
      () => {
        if (this.#message !== message) return;
        this.#pending = false;
        this.#outcome = refusal("internal", "the statement could not be judged");
        core.parts.changed();
      },
    );
  }

  #action(payload: Payload): Action {
    const { session, target } = this.#core.parts;
    this.#core.actions += 1;
    return { id: actionId(session.id, this.#core.actions), session, target, payload };
  }

  #admitted(admission: Admission, text: string, context: SqlContext): Judged | undefined {
    if (admission.kind !== "allow") return (this.#outcome = this.#refused(admission, text, context));
    const changed = parserSettingChanged(admission.statements);
    if (changed !== undefined) {
      this.#abandon(new Act(admission, [], text, context, 0), "42501");
      return (this.#outcome = { ...changed, action: admission.id });
    }
    if (this.#core.context.dirty && admission.statements.length > 1) {
      this.#abandon(new Act(admission, [], text, context, 0), "25P02");
      this.cutAt = cutBehind(admission.statements, 0);
      return (this.#outcome = refusal(
        "not_permitted",
        "the transaction has failed and what follows it cannot be judged yet",
        "send ROLLBACK by itself first",
      ));
    }
    if (this.#core.context.unsettled && goesOnAfterEnd(admission.statements)) {
      this.#abandon(new Act(admission, [], text, context, 0), "0A000");
      this.cutAt = cutBehind(admission.statements, admission.statements.findIndex(endsTransaction));
      return (this.#outcome = refusal(
        "not_permitted",
        "the end of this transaction changes what the statements after it mean",
        "send COMMIT or ROLLBACK by itself first",
      ));
    }
    if (textFacts(admission.statements).executes.length === 0) {
      return (this.#outcome = new Act(admission, [], text, context, ++this.#core.serial));
    }
    this.#main = { admission, context };
    return this.#inner(text, admission, context);
  }

  /** Judges what EXECUTE runs: the text that was prepared, under the context of now. */
  #inner(text: string, main: Allowed, context: SqlContext): Judged | undefined {
    const core = this.#core;
    if (!core.drained) {
      core.flush();
      return undefined;
    }
    const here = new Set(main.statements.flatMap((s) => (s.prepared?.kind === "prepare" ? [s.prepared.name] : [])));
    const names = textFacts(main.statements).executes.filter((name) => !here.has(name));
    const prepared = names.map((name) => core.names.statements.get(name));
    const texts = prepared.map((statement) => statement?.text);
    const unknown = names.find((_, i) => texts[i] === undefined);
    if (unknown !== undefined) {
      this.#abandon(new Act(main, [], text, context, 0), "26000");
      this.#main = undefined;
      return (this.#outcome = refusal("not_understood", `prepared statement "${unknown}" does not exist`, undefined, "26000"));
    }
    const judgements = prepared.map((inner) => {
      const payload: Payload = { kind: "sql", text: inner?.text ?? "", door: "prepare", context, ...typed(inner?.parameterTypes) };
      return core.parts.guard.admit(this.#action(payload), core.can);
    });
    const take = (admissions: readonly Admission[]): void =>
      this.#combine(
        text,
        main,
        context,
        admissions,
        texts.map((inner) => inner ?? ""),
      );
    this.#later(Promise.all(judgements), take, (admissions) => admissions);
    return undefined;
  }

  #combine(text: string, main: Allowed, context: SqlContext, admissions: readonly Admission[], texts: readonly string[]): void {
    const serial = ++this.#core.serial;
    const inner: Act[] = [];
    let refused: Refusal | undefined;
    admissions.forEach((admission, i) => {
      if (admission.kind === "allow") inner.push(new Act(admission, [], texts[i] ?? "", context, serial));
      else refused ??= withoutWaiting(this.#refused(admission, texts[i] ?? "", context));
    });
    if (inner.some((act) => act.facts.executes.length > 0))
      refused ??= refusal("not_understood", "a prepared EXECUTE of another prepared statement is not let through");
    const act = new Act(main, inner, text, context, serial);
    if (refused !== undefined) this.#abandon(act);
    this.#main = undefined;
    this.#outcome = refused ?? act;
  }

  #refused(admission: Exclude<Admission, Allowed>, text: string, context: SqlContext): Refusal {
    const refused = refusedAdmission(admission);
    return admission.kind === "hold" && this.#core.parts.held !== undefined ? { ...refused, held: { admission, text, context } } : refused;
  }

  /** Allowed, but not sent: it has an outcome all the same. */
  #abandon(act: Act, code = "57014"): void {
    act.code = code;
    this.#core.transaction.settle(act);
  }

  /** The context that holds now for this text; `undefined` while it is being found out. */
  contextOf(text: string): SqlContext | Refusal | undefined {
    return this.#context(NAMELESS.test(text));
  }

  #context(nameless: boolean): SqlContext | Refusal | undefined {
    const core = this.#core;
    if (core.refreshing) return undefined;
    // What this session may do next depends on how its last act ended: that is known when it is answered.
    const ordered = !core.drained && !core.batchSent && core.parts.guard.inOrder?.(core.parts.session) === true;
    if (core.contextInFlight > 0 || ordered) {
      core.flush();
      return undefined;
    }
    if (core.settings !== undefined && core.drained && !core.batchSent && core.status === IDLE) {
      core.toServer(query(core.settings));
      core.settings = undefined;
      core.expect.push({ kind: QUERY, audience: "nobody" });
      return undefined;
    }
    if (core.repin && core.drained && !core.batchSent && core.status !== FAILED) {
      core.repin = false;
      core.repinnedInside ||= core.status !== IDLE;
      core.toServer(query([...Array.from(core.lifted, (name) => `RESET ${name}`), core.parts.pinSql].join("; ")));
      core.expect.push({ kind: QUERY, audience: "nobody" });
      return undefined;
    }
    // Version 0: no snapshot has been read yet, or none could be.
    const { catalogue } = core.parts;
    if (core.context.stale || catalogue.version === 0 || catalogue.usable?.() === false) return this.#refresh();
    if (!core.context.dirty || nameless) return core.context.current;
    if (core.contextProblem !== undefined) {
      const problem = core.contextProblem;
      core.contextProblem = undefined;
      return refusal("analysis_unavailable", `the session's role and search_path could not be read: ${problem}`);
    }
    if (!core.drained) {
      core.flush();
      return undefined;
    }
    if (core.status === FAILED && !core.batchSent) return core.context.current;
    injectContext(core);
    return undefined;
  }

  /** The catalogue is read until it holds all that this gateway let be defined, and is not older than the source allows. */
  #refresh(): Refusal | undefined {
    const core = this.#core;
    if (core.refreshFailed) {
      core.refreshFailed = false;
      return refusal("analysis_unavailable", "the catalogue could not be read after a change of the schema", "try again");
    }
    core.refreshing = true;
    const done = (ok: boolean): void => {
      core.refreshing = false;
      core.refreshFailed = !ok;
      if (ok) core.context.stale = false;
      core.parts.changed();
    };
    core.parts.catalogue.refresh().then(
      () => done(true),
      () => done(false),
    );
    return undefined;
  }
}

/**
 * A statement about a table that does not exist is answered as the server would, in words that programs look for. It is refused all the
 * same: nothing is sent that was not understood.
 */
function refusedAdmission({ kind, id, reason, statements }: Exclude<Admission, Allowed>): Refusal {
  const absent =
    kind === "deny" && reason.code === "not_understood" ? statements.find((one) => one.absent !== undefined)?.absent : undefined;
  const name = absent?.[0];
  if (name === undefined) return { reason, action: id };
  return { ...refusal("not_understood", `relation "${name}" does not exist`, undefined, "42P01"), action: id };
}

/** Whether something other than transaction control follows the end of a transaction, or the way back to a savepoint. */
function goesOnAfterEnd(statements: readonly StatementSummary[]): boolean {
  const end = statements.findIndex(endsTransaction);
  return end >= 0 && statements.slice(end + 1).some(({ transaction }) => transaction === "none");
}

function endsTransaction({ transaction }: StatementSummary): boolean {
  return ["commit", "rollback", "rollback_to", "prepare_transaction"].includes(transaction);
}

/** Where the statement behind this one begins. COPY data come behind the whole text: what asks for them must not wait for a piece. */
function cutBehind(statements: readonly StatementSummary[], index: number): number | undefined {
  if (statements.slice(0, index + 1).some(({ copy }) => copy === "in")) return undefined;
  return statements[index + 1]?.span.start;
}

function typed(parameterTypes: readonly number[] | undefined): { parameterTypes?: readonly number[] } {
  return parameterTypes === undefined ? {} : { parameterTypes };
}

/** Asks the server for the context on names of our own. Inside a batch it ends with Flush: a Sync would commit. */
function injectContext(core: Core): void {
  const name = "holdfast_context";
  const send = (kind: ExpectKind, bytes: Buffer): void => {
    core.toServer(bytes);
    core.expect.push({ kind, audience: kind === EXECUTE ? "context" : "nobody" });
  };
  send(PARSE, parse(name, CONTEXT_SQL));
  send(BIND, bind(name, name));
  send(EXECUTE, execute(name));
  send(CLOSE, closePortal(name));
  send(CLOSE, closeStatement(name));
  if (core.batchSent) {
    core.flushed = false;
    core.flush();
  } else {
    send(SYNC, SYNC_FRAME);
  }
}

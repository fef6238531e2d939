/**
 * Statements of the extended query protocol that go into the bin: the server has a call under their names, and each Bind brings a ticket of
 * its own, so that a statement that is executed twice is carried out twice.
 * It judges nothing; the messages around it are the session's.
 */
import { bindValues } from "../codec/read.ts";
import { bind, parse } from "../codec/write.ts";
import { Act, type Refusal } from "./act.ts";
import { CARRY_OUT, TICKET_TYPE } from "./bin-text.ts";
import type { Core } from "./core.ts";
import { notPrepared } from "./held-extended.ts";
import type { Judge } from "./judge.ts";
import type { Portal, Statement } from "./names.ts";
import { refusal } from "./refusal.ts";

export class BinExtended {
  readonly #core: Core;
  readonly #judge: Judge;

  constructor(core: Core, judge: Judge) {
    this.#core = core;
    this.#judge = judge;
  }

  /** In place of the client's Parse. */
  parse(name: string): Buffer {
    return parse(name, CARRY_OUT, [TICKET_TYPE]);
  }

  /** In place of the client's Bind. */
  bind(portal: string, name: string, { binned }: Act): Buffer {
    return bind(portal, name, [...(binned?.tickets.values() ?? [])]);
  }

  /** The act of one portal, with its ticket. `values`: what stands behind the names of the client's Bind. `undefined`: not yet. */
  act(statement: Statement, values: Buffer): Act | Refusal | undefined {
    const core = this.#core;
    const given = bindValues(values)?.values.length;
    if (given !== 0) {
      const problem = `bind message supplies ${given ?? "other"} parameters, but the prepared statement requires 0`;
      return refusal("protocol_refused", problem, undefined, "08P01");
    }
    const act = statement.judged ?? this.#judge.text(statement.text, "prepare", statement.parameterTypes);
    if (!(act instanceof Act)) return act;
    const binned = act.limits.bins ? core.bin.of(act) : notPrepared();
    if (binned === undefined) return undefined;
    if (statement.judged === act) statement.judged = undefined;
    if ("reason" in binned) {
      act.code = "42501";
      core.transaction.settle(act);
      return { ...binned, action: act.admission.id };
    }
    act.binned = binned;
    return act;
  }

  /** Whether a bound portal may be executed as it was bound; `undefined`: not yet. */
  executable({ statement, act }: Portal): true | Refusal | undefined {
    if (act?.binned === undefined || act.startedMs !== 0) return true;
    const context = this.#judge.contextOf(statement.text);
    if (context === undefined || "reason" in context) return context;
    // The ticket holds what was judged when it was bound.
    if (context === act.context && act.admission.current?.() !== false) return true;
    return refusal("not_permitted", "what its names mean, or the policy, has changed since it was bound", "bind and execute it again");
  }
}

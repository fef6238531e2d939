/**
 * What the control socket offers of runs, asks and grants, in terms of the parts that do it: who may, within which bounds, and with whom
 * for an answer. Signatures were held against persons' keys before anything here is asked.
 */
import { messageOf } from "../base/message-of.ts";
import { createHash, timingSafeEqual } from "node:crypto";
import { basename } from "node:path";
import { randomText } from "../base/ids.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes } from "../base/ids.ts";
import type { TargetConfig } from "../config/config.ts";
import { type Run, strictestBudget } from "../model/run.ts";
import { makeVerifier } from "../adapters/postgres/scram.ts";
import type { OpenedSession, SessionView } from "../control/contract.ts";
import {
  type ApprovalControl,
  ControlRefusal,
  type HeldSession,
  type SessionControl,
  type Signer,
  type WantedRights,
  type WantedSession,
} from "../control/parts.ts";
import type { LiveRun } from "../sessions/live-run.ts";
import { GrantRefused } from "../sessions/ports.ts";
import { RightsRefused } from "../credentials/role-rights.ts";
import { fromApproval } from "./also-next.ts";
import type { RunControl, ServedTarget } from "./run-control.ts";

export interface ControlSessionsParts {
  readonly runs: RunControl;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Where grants come out of approvals. */
  readonly approvals?: Pick<ApprovalControl, "one">;
  /** Of this build and these settings: which address a program is told. */
  readonly own: (served: ServedTarget) => { readonly host: string; readonly port: number; readonly certificates?: string };
  /** What a program needs to call HTTP APIs, where a proxy for them is served. */
  readonly http?: (principal: string) => OpenedSession["http"];
  /** Told where the programs work. */
  readonly worked?: (folders: readonly string[]) => void;
}

/** Programs at once, of all targets: each is a login and a role at the server. */
const PROGRAMS_MAX = 200;
const CONNECTIONS_MAX = 50;
/** A grant lasts this long at most: what is wanted for longer belongs into the configuration. */
const GRANT_MS_MAX = 24 * 3_600_000;

export class ControlSessions implements SessionControl {
  readonly #parts: ControlSessionsParts;
  /** Digests of the tokens by which asks show that they come from inside. */
  readonly #askTokens = new Map<string, Buffer>();

  constructor(parts: ControlSessionsParts) {
    this.#parts = parts;
  }

  list(): readonly SessionView[] {
    return this.#parts.runs.views();
  }

  async open({ folders, ...wanted }: WantedSession): Promise<HeldSession> {
    const { runs, random } = this.#parts;
    const served = runs.served(wanted.target);
    if (served === undefined) throw new ControlRefusal("not_found", `no target is named \`${wanted.target}\``);
    const programs = runs.runs.list().filter(({ kind, state }) => kind === "program" && state !== "ended");
    if (programs.length >= PROGRAMS_MAX)
      throw new ControlRefusal("too_many", `${programs.length} sessions of programs are open`, "end some");
    const { target } = served;
    const user = sessionName(wanted.program, random);
    const opening = runs.runs.open({
      ...wanted,
      kind: "program",
      principal: user,
      principalKind: "ai_agent",
      environment: target.environment,
      budget: strictestBudget(target.budget, wanted.budget),
    });
    const live = await opening.catch((error: unknown) => {
      throw new ControlRefusal("unavailable", `the session cannot be kept: ${messageOf(error)}`);
    });
    this.#parts.worked?.(folders);
    const password = randomText(32, random);
    const onBehalfOf = wanted.actsFor === "" ? {} : { onBehalfOf: [wanted.actsFor] };
    served.accounts.set(user, {
      name: user,
      kind: "ai_agent",
      verifier: makeVerifier(password, { iterations: 4096, salt: random(16) }),
      databases: null,
      connectionsMax: CONNECTIONS_MAX,
      ...onBehalfOf,
    });
    const askToken = randomText(32, random);
    this.#askTokens.set(live.id, digest(askToken));
    return { opened: this.#opened(served, live, password, askToken), ended: this.#whenEnded(live), letGo: () => this.#letGo(live) };
  }

  #opened(served: ServedTarget, live: LiveRun, password: string, askToken: string): HeldSession["opened"] {
    const { target, database } = served;
    const { principal, budget } = live.snapshot();
    const { name, mode } = target.policy;
    const http = this.#parts.http?.(principal);
    return {
      session: live.id,
      user: principal,
      password,
      ...this.#parts.own(served),
      database,
      ...(http === undefined ? {} : { http }),
      askToken,
      target: target.name,
      environment: target.environment,
      policy: { name, mode },
      budget,
    };
  }

  async #whenEnded(live: LiveRun): Promise<string> {
    await live.over;
    this.#askTokens.delete(live.id);
    return live.because ?? "";
  }

  #letGo(live: LiveRun): void {
    void this.#parts.runs.runs.end(live.id, "its program has ended");
  }

  async end(session: string, because: string, by: Pick<Signer, "person">): Promise<void> {
    const { runs } = this.#parts.runs;
    const why = `${by.person.name} ended it${because === "" ? "" : `: ${because}`}`;
    const run = runs.elsewhere(session) ?? this.#live(session).snapshot();
    this.#demand(run, by, "end");
    await (runs.named(run.id) === undefined ? told(runs.endElsewhere(run, why)) : runs.end(run.id, why));
  }

  async suspend(session: string, because: string, by: Pick<Signer, "person">): Promise<void> {
    const { runs } = this.#parts.runs;
    const { name } = by.person;
    const run = runs.elsewhere(session) ?? this.#live(session).snapshot();
    this.#demand(run, by, "suspend");
    const live = runs.named(run.id);
    await told(live === undefined ? runs.suspendElsewhere(run, because, name) : runs.suspend(live, because, name));
  }

  async resume(session: string, because: string, by: Pick<Signer, "person">): Promise<void> {
    const { runs } = this.#parts.runs;
    const away = runs.elsewhere(session);
    const run = away?.kind === "login" ? away : this.#live(session).snapshot();
    this.#demand(run, by, "resume");
    if (run.state !== "suspended") throw new ControlRefusal("conflict", `session \`${session}\` is not suspended`);
    const live = runs.named(run.id);
    await told(live === undefined ? runs.resumeElsewhere(run, because, by.person.name) : runs.resume(live, because, by.person.name));
  }

  asks() {
    const own = this.#parts.runs.asks.list();
    return this.#parts.runs.others?.asks(own) ?? own;
  }

  async ask(wanted: Parameters<SessionControl["ask"]>[0]) {
    const live = this.#live(wanted.session);
    const run = live.snapshot();
    const token = this.#askTokens.get(live.id);
    if (token !== undefined && !timingSafeEqual(token, digest(wanted.token)))
      throw new ControlRefusal(
        "not_allowed",
        "an ask comes from inside the session that it is for",
        "run it where `holdfast run` started the program",
      );
    const asked = await this.#parts.runs.asks.ask({ ...wanted, run });
    if (asked === undefined) throw new ControlRefusal("too_many", "the session has too many open asks", "wait for a person's answer");
    return asked;
  }

  /** The run that a program's token shows to be its own. Throws {@link ControlRefusal}. */
  inside(session: string, token: string): Run {
    const live = this.#live(session);
    const known = this.#askTokens.get(live.id);
    if (known === undefined || !timingSafeEqual(known, digest(token)))
      throw new ControlRefusal("not_allowed", "this comes from inside a session alone", "run it where `holdfast run` started the program");
    if (live.state !== "open") throw new ControlRefusal("not_allowed", `session \`${session}\` is ${live.state}`);
    return live.snapshot();
  }

  grants() {
    const own = this.#parts.runs.runs.grants.list();
    return this.#parts.runs.others?.grants(own) ?? own;
  }

  async grant(wanted: WantedRights, by: Signer) {
    const { runs, clock } = this.#parts;
    const live = this.#live(wanted.session);
    this.#demand(live.snapshot(), by, "grant rights on");
    const run = live.snapshot();
    if (live.state !== "open") throw new ControlRefusal("conflict", `session \`${wanted.session}\` is ${live.state}`);
    const left = wanted.untilMs - clock.now();
    if (left <= 0 || left > GRANT_MS_MAX)
      throw new ControlRefusal("bad_request", `a grant lasts up to ${GRANT_MS_MAX / 3_600_000} hours, and not into the past`);
    const ask = wanted.ask === undefined ? undefined : runs.asks.get(wanted.ask);
    if (wanted.ask !== undefined && (ask === undefined || ask.run !== run.id || ask.state !== "open"))
      throw new ControlRefusal("conflict", `ask \`${wanted.ask}\` is not one that waits in this session`);
    const { tables, operations, untilMs, usesMax, rowsMax, reason } = wanted;
    const source = await fromApproval(wanted, { run, by, approvals: this.#parts.approvals });
    try {
      const answers = { ...source, ...(ask === undefined ? {} : { ask: ask.id }) };
      const bounds = { untilMs, usesMax, rowsMax };
      const given = await runs.runs.grants.give({
        run,
        tables,
        operations,
        ...bounds,
        by: by.person.name,
        nonce: by.nonce,
        reason,
        ...answers,
      });
      if (ask !== undefined) runs.asks.granted(ask, given.id);
      return given;
    } catch (error) {
      if (error instanceof GrantRefused || error instanceof RightsRefused)
        throw new ControlRefusal("not_allowed", error.message, error instanceof GrantRefused ? error.next : undefined);
      throw new ControlRefusal("unavailable", `the grant was not given: ${messageOf(error)}`);
    }
  }

  async revoke(grant: string, by: Signer): Promise<void> {
    const { grants } = this.#parts.runs.runs;
    const live = grants.get(grant);
    if (live === undefined) throw new ControlRefusal("not_found", `no open grant is named \`${grant}\``);
    const served = this.#parts.runs.served(live.given.target);
    if (served !== undefined) this.#demandEnvironment(served.target, by, "revoke");
    await grants.lapse(live.id, `${by.person.name} took it back`, by.person.name);
  }

  #live(session: string): LiveRun {
    const { runs } = this.#parts.runs;
    const live = runs.named(session);
    if (live === undefined && runs.elsewhere(session) !== undefined)
      throw new ControlRefusal(
        "conflict",
        `session \`${session}\` is another gateway's`,
        "do it there: `holdfast status` names the gateways",
      );
    if (live === undefined)
      throw new ControlRefusal("not_found", `no open session is named \`${session}\``, "see `holdfast sessions list`");
    return live;
  }

  /** A session's own principal is never the person who decides about it, and a person decides only where it may. */
  #demand({ principal, target, environment }: Run, by: Pick<Signer, "person">, what: string): void {
    if (principal === by.person.name)
      throw new ControlRefusal(
        "not_allowed",
        `\`${principal}\` is the session's own principal and cannot ${what} it`,
        "another person has to",
      );
    this.#demandEnvironment(this.#parts.runs.served(target)?.target ?? { name: target, environment }, by, what);
  }

  #demandEnvironment(target: Pick<TargetConfig, "name" | "environment">, by: Pick<Signer, "person">, what: string): void {
    if (by.person.approves.includes(target.environment)) return;
    const may = by.person.approves.join(", ") || "nothing";
    throw new ControlRefusal(
      "not_allowed",
      `\`${by.person.name}\` may decide about ${may}, and target \`${target.name}\` is ${target.environment}: it cannot ${what} it`,
      `holdfast person add ${by.person.name} --approves ${target.environment},...`,
    );
  }
}

/** Of what other gateways have to know too: whoever asked hears when they do not. */
async function told(telling: Promise<void>): Promise<void> {
  await telling.catch((error: unknown) => {
    const because = messageOf(error);
    throw new ControlRefusal("unavailable", `done at this gateway, and the others could not be told: ${because}`);
  });
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Names the program in the record and in the server's lists, and is told apart from every other run. */
function sessionName(program: string, random: RandomBytes): string {
  const word = basename(program).replace(/[^A-Za-z0-9]/g, "_");
  return `run_${word.slice(0, 24)}_${randomText(8, random)}`;
}

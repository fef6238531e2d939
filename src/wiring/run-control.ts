/**
 * Joins runs, budgets, grants and asks to the rest of the gateway: its listeners, its session roles, its log, its store.
 * What persons and programs may ask of it through the control socket stands in `control-sessions.ts`.
 */
import type { Account } from "../adapters/postgres/options.ts";
import type { Listener } from "../adapters/postgres/listener.ts";
import type { Clock } from "../base/clock.ts";
import type { RandomBytes, SessionId } from "../base/ids.ts";
import type { Config, TargetConfig } from "../config/config.ts";
import type { SessionView, StoreStatus } from "../control/contract.ts";
import type { ReasonCode } from "../model/codes.ts";
import type { BreakGlass } from "../model/break-glass.ts";
import type { GrantFact } from "../model/grant.ts";
import { noBudget, type Run } from "../model/run.ts";
import type { RoleRights, TablePrivilege } from "../credentials/role-rights.ts";
import { Asks } from "../sessions/asks.ts";
import { RunGate } from "../sessions/gate.ts";
import { Others } from "../sessions/others.ts";
import { type GrantsAtServer, GrantRefused, type WantedGrant } from "../sessions/ports.ts";
import { Runs } from "../sessions/runs.ts";
import type { OpenedStore } from "./open-store.ts";
import type { SessionRoles } from "./session-roles.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface RunControlParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: WatchedLog;
  readonly warn: (message: string) => void;
  readonly opened: OpenedStore;
}

/** One target while it is served. */
export interface ServedTarget {
  readonly target: TargetConfig;
  readonly database: string;
  /** Who may log in: programs' logins come and go here. */
  readonly accounts: Map<string, Account>;
  readonly roles: SessionRoles | undefined;
  readonly listener: Listener;
  /** PEM, where clients must come with TLS: what they meet. */
  readonly certificates?: string;
}

/** A configured user's run without `roles` lasts this long; with them as long as its role may. */
const LOGIN_RUN_MS = 8 * 3_600_000;

export class RunControl implements GrantsAtServer {
  readonly runs: Runs;
  readonly asks: Asks;
  readonly gate: RunGate;
  readonly #parts: RunControlParts;
  readonly opened: OpenedStore;
  /** Present where other gateways use the same store. */
  readonly others: Others | undefined;
  readonly #served = new Map<string, ServedTarget>();
  /** Set when the guard is there. */
  #grantsChanged: () => void = () => {};
  #gatewayDied: ((gateway: string) => void) | undefined;
  readonly #deadBefore: string[] = [];
  #breakGlassChanged: (glass: BreakGlass) => void = () => {};
  #runClosed: (principal: string) => void = () => {};

  /** Rejects when the store cannot be used, and leaves it open: what a former process left could then not be closed. */
  static async open(parts: RunControlParts): Promise<RunControl> {
    const control = new RunControl(parts);
    await control.runs.adopt();
    await (control.others === undefined ? control.asks.adopt() : control.asks.remember());
    await control.others?.start();
    return control;
  }

  constructor(parts: RunControlParts) {
    const { clock, random, log, warn, config } = parts;
    this.#parts = parts;
    this.opened = parts.opened;
    const { shared } = parts.opened;
    this.others = shared === undefined ? undefined : new Others(shared.store, warn);
    const lifetimes = config.targets.flatMap(({ roles }) => (roles === undefined ? [] : [roles.lease.lifetimeMs]));
    const ports = {
      clock,
      random,
      store: parts.opened.store,
      warn,
      // A log that is broken refuses every act by itself; what ends must end all the same.
      record: (event: Parameters<WatchedLog["log"]["append"]>[0]) => {
        if (log.writable) log.log.append(event);
      },
      seal: () => log.log.seal(),
      grantsChanged: () => this.#grantsChanged(),
      endConnection: (session: SessionId, code: ReasonCode, message: string) => this.#endConnection(session, code, message),
      server: this,
    };
    this.runs = new Runs({
      ...ports,
      closeRun: (run, because) => this.#closeRun(run, because),
      breakGlassChanged: (glass) => this.#breakGlassChanged(glass),
      loginRun: (principal, target) => this.#loginRun(principal, target),
      loginRunMsMax: Math.min(LOGIN_RUN_MS, ...lifetimes),
      ...(shared === undefined
        ? {}
        : { shared: { ...shared, dropAsks: (ids) => this.asks.dropLeft(ids), died: (gateway) => this.#died(gateway) } }),
    });
    this.asks = new Asks(ports);
    this.gate = new RunGate(this.runs, ports);
  }

  /** Whom to tell that another gateway on the same store is dead, and that this one has to clear up after it. */
  onGatewayDied(act: (gateway: string) => void): void {
    this.#gatewayDied = act;
    for (const gateway of this.#deadBefore.splice(0)) act(gateway);
  }

  #died(gateway: string): void {
    if (this.#gatewayDied === undefined) this.#deadBefore.push(gateway);
    else this.#gatewayDied(gateway);
  }

  /** Whom to tell that a principal's grants are others than before. */
  onGrantsChanged(act: () => void): void {
    this.#grantsChanged = act;
  }

  /** Whom to tell of each change of a break-glass. */
  onBreakGlass(act: (glass: BreakGlass) => void): void {
    this.#breakGlassChanged = act;
  }

  /** Whom to tell that nobody comes in any more for a principal: what it has open elsewhere ends, too. */
  onRunClosed(act: (principal: string) => void): void {
    this.#runClosed = act;
  }

  servedTargets(): readonly ServedTarget[] {
    return [...this.#served.values()];
  }

  serve(served: ServedTarget): void {
    this.#served.set(served.target.name, served);
  }

  served(target: string): ServedTarget | undefined {
    return this.#served.get(target);
  }

  /** For the facts of a decision; `undefined` where there are none, so that facts without grants are what they were. */
  grantFacts(target: string, principal: string): readonly GrantFact[] | undefined {
    const facts = this.runs.grants.factsOf(target, principal);
    return facts.length === 0 ? undefined : facts;
  }

  /** Whether the session is a program's, which asks from inside, and has a role of its own that a right could be given to. */
  askable(target: string, principal: string): boolean {
    return this.#served.get(target)?.roles !== undefined && this.runs.find(principal, target)?.snapshot().kind === "program";
  }

  /** For people: every run with its connections and open grants. */
  views(): readonly SessionView[] {
    const open = this.runs.grants.list().filter(({ state }) => state === "open");
    return this.runs.list().map((run) => ({
      ...run,
      connections: this.runs.named(run.id)?.connections ?? 0,
      grants: open.filter((grant) => grant.run === run.id).length,
      ...gatewaysShown(this.runs.gatewaysOf(run.id)),
    }));
  }

  /** For people: where all this is kept, and who else keeps it there. */
  storeStatus(): StoreStatus {
    const { shown, shared } = this.opened;
    if (shared === undefined) return { kind: "sqlite", place: shown };
    const problem = this.runs.storeProblem;
    const gateways = this.runs.gateways.map(({ id, name, version, state, startedAtMs }) => ({ id, name, version, state, startedAtMs }));
    const told = problem === undefined ? {} : { problem };
    return { kind: "postgres", place: shown, shared: { gateway: shared.gateway, ...told, gateways } };
  }

  /** What a principal's role has beside its group's rights now, for the server. */
  rights(target: string, principal: string): readonly RoleRights[] {
    return this.runs.grants.heldBy(target, principal).map(({ tables, operations, sequences }) => ({
      tables,
      sequences,
      privileges: operations.map((operation) => operation.toUpperCase() as TablePrivilege),
    }));
  }

  /** Why an account may not come in now. Never rejects. */
  async barred(target: string, { name }: Account): Promise<string | undefined> {
    const because = await this.runs.join(name, target);
    if (because !== undefined) return because;
    const run = this.runs.find(name, target);
    return run === undefined || run.state === "open" ? undefined : `the session is ${run.state}: ${run.because ?? "no reason was given"}`;
  }

  async resolve({ target, tables }: WantedGrant): Promise<Pick<GrantFact, "tables" | "sequences">> {
    const roles = this.#rolesOf(target);
    return roles.resolveTables(tables);
  }

  async apply(target: string, principal: string): Promise<void> {
    const roles = this.#rolesOf(target);
    this.#beginReadOnly(target, principal, await roles.adjust(principal));
  }

  async revoke(target: string, principal: string): Promise<void> {
    const roles = this.#served.get(target)?.roles;
    if (roles !== undefined) this.#beginReadOnly(target, principal, await roles.adjust(principal));
  }

  /** After the listeners have stopped, before the roles are closed. */
  async close(): Promise<void> {
    this.others?.stop();
    await this.runs.close();
  }

  async closeStore(): Promise<void> {
    await this.opened.store.close();
  }

  #rolesOf(target: string): SessionRoles {
    const roles = this.#served.get(target)?.roles;
    if (roles === undefined)
      throw new GrantRefused(
        `target \`${target}\` has no session roles, so there is nothing that a right could be given to`,
        "set `roles` with `mode: ephemeral` for it: docs/least-privilege.md",
      );
    return roles;
  }

  #beginReadOnly(target: string, principal: string, readOnly: boolean | undefined): void {
    if (readOnly === undefined) return;
    for (const session of this.#served.get(target)?.listener.sessionsOf(principal) ?? []) session.beginReadOnly?.(readOnly);
  }

  #endConnection(id: SessionId, code: ReasonCode, message: string): void {
    for (const { listener } of this.#served.values()) listener.session(id)?.end?.(code, message);
  }

  async #closeRun(run: Run, because: string): Promise<void> {
    this.asks.drop(run);
    const served = this.#served.get(run.target);
    if (served === undefined) return;
    // Nobody comes in any more before those who are in are sent out.
    if (run.kind === "program") served.accounts.delete(run.principal);
    this.#runClosed(run.principal);
    for (const session of served.listener.sessionsOf(run.principal)) session.end?.("suspended", `the session is over: ${because}`);
    await served.roles?.end(run.principal, because);
  }

  #loginRun(principal: string, target: string) {
    const { config } = this.#parts;
    const user = config.users.find(({ name }) => name === principal);
    const at = config.targets.find(({ name }) => name === target);
    if (user === undefined || at === undefined) return undefined;
    return { principalKind: user.kind, environment: at.environment, budget: at.budget ?? noBudget };
  }
}

function gatewaysShown(gateways: readonly string[] | undefined): Pick<SessionView, "gateways"> {
  return gateways === undefined ? {} : { gateways };
}

/** Where a program of this machine reaches what listens on every address. */
export function loopbackOf(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

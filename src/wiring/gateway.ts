/**
 * The running gateway: log, analysis, guard, listeners and control socket, opened in that order and closed in the opposite one.
 * It does not decide anything; every part it joins can be read alone.
 */
import { mkdir } from "node:fs/promises";
import { sha256Hex } from "../base/canonical.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import { type RandomBytes, systemRandom } from "../base/ids.ts";
import type { AuditLog } from "../audit/log.ts";
import { openAuditLog, type RecoveredInfo } from "../audit/open.ts";
import type { Config } from "../config/config.ts";
import type { GatewayStatus } from "../control/contract.ts";
import type { Authority } from "../control/authority-port.ts";
import { type ControlServer, startControlServer } from "../control/server.ts";
import { stateDirectory } from "../control/state-directory.ts";
import { createSqlAnalyser, type SqlAnalyserPool } from "../effects/sql/pool/pool.ts";
import { openGuard, type OpenGuard } from "../pipeline/open-guard.ts";
import type { Situation } from "../pipeline/scopes.ts";
import { decide } from "../policy/decide.ts";
import type { ApprovalDesk } from "./approval-desk.ts";
import { Backups } from "./backups.ts";
import { type Catalogues, createCatalogues } from "./catalogues.ts";
import { type ConsoleParts, openConsole, type OpenConsole } from "./console.ts";
import { ControlSessions } from "./control-sessions.ts";
import { Bins } from "./bin.ts";
import { BinDoors } from "./bin-doors.ts";
import { authorityOf, openApprovals, openRuns } from "./gateway-persons.ts";
import { situationsOf } from "./gateway-situations.ts";
import { gatewayStatus } from "./gateway-status.ts";
import { GuardedState } from "./guarded-state.ts";
import { HttpProxy } from "./http.ts";
import type { HttpDatabases } from "./http-databases.ts";
import { JournalKeeper } from "./journal-keeper.ts";
import { LiveExplainer } from "./live-explainer.ts";
import type { Describe } from "./log-view.ts";
import { Planning } from "./planning.ts";
import { policyLoaded } from "./policy-loaded.ts";
import { needsRestart, samePlaces } from "./reload.ts";
import { Restores } from "./restores.ts";
import { loopbackOf, type RunControl, type ServedTarget } from "./run-control.ts";
import { ServedTargets } from "./served-targets.ts";
import { fitTogether, signerFor } from "./signed-log.ts";
import type { EnvironmentVariables } from "./target-options.ts";
import { Telling } from "./telling.ts";
import type { Vault } from "./vault.ts";
import { logOrigin } from "./vault-and-log.ts";
import { version } from "./version.ts";
import { warmUp } from "./warm-up.ts";
import { boundWasmMemory } from "./wasm-memory.ts";
import { type WatchedLog, watched } from "./watched-log.ts";

export interface Gateway {
  /** Listens on every target, then sends each enforcing one a write that must be refused. Rejects, and serves nobody, when one is not. */
  start(): Promise<void>;
  /** Once started: judges texts of its own beside what clients send, so that the first of those are not slower. Never rejects. */
  warmUp(): Promise<void>;
  /** Stops accepting, lets statements finish within the configured time, seals the log. */
  stop(because: string): Promise<void>;
  status(): GatewayStatus;
  /**
   * Takes over the policies of a configuration; running sessions are judged by them from their next statement on. Returns what
   * else is different and waits for a restart, as a clause each. Throws `WiringError` for one that no person accepted, where persons are
   * registered.
   */
  reload(config: Config): readonly string[];
  /** Looks at vault and configuration now, and not only when its time comes. Never rejects. */
  look(): Promise<void>;
  /** What a crash before this start left behind. */
  readonly recovered: RecoveredInfo;
}

export interface GatewayOptions {
  /** The process's environment variables: where `{ env: NAME }` references are looked up. */
  readonly environment: EnvironmentVariables;
  /** The open vault, where the installation has one: it holds the log's key, and knows how long the log was. */
  readonly vault?: Vault;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  /** Told what an operator should know and nobody waits for: a catalogue that cannot be read. */
  readonly warn?: (message: string) => void;
  /** Says a record of the log in words, for the console; its kind alone without it. */
  readonly describe?: Describe;
}

/** First sights are rare and short; a second lane keeps one slow text from delaying the others. */
const ANALYSIS_WORKERS = 2;

/** Opens everything that does not accept clients yet. Rejects with `WiringError` or the failing part's own error. */
export async function openGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const { clock = systemClock, random = systemRandom, warn = () => {} } = options;
  await mkdir(config.state, { recursive: true, mode: 0o700 });
  const signer = await signerFor(config, options.vault);
  const { log, recovered } = await openAuditLog({ directory: config.auditDirectory, origin: logOrigin, clock, random, signer });
  await fitTogether(config, log, options.vault);
  const broken = watched(log);
  const append: AuditLog["append"] = (event) => {
    // A log that is broken refuses every act by itself.
    if (broken.writable) broken.log.append(event);
    // Who can be asked is told in refusals.
    if (event.kind === "vault_changed") guard.policyChanged();
  };
  const guarded = new GuardedState({ vault: options.vault, config, signer, append, warn });
  boundWasmMemory();
  const analyser = createSqlAnalyser({ workers: ANALYSIS_WORKERS });
  const instance = sha256Hex(signer.publicKey).slice(0, 24);
  const runs = await openRuns({ config, clock, random, log: broken, warn }, { environment: options.environment, clock, random, instance });
  const restored = (database: string) => catalogues.moved(database);
  const bin = new Bins({ config: () => config, environment: options.environment, log: broken, clock, random, warn, restored });
  const changed = () => guard.policyChanged();
  const bins = new BinDoors({ environment: options.environment, clock, random, warn, changed, put: (...where) => bin.put(...where) });
  const journals = new JournalKeeper({ config: () => config, environment: options.environment, log: broken, warn });
  const restores = new Restores({ config, environment: options.environment, log: broken, clock, random, warn });
  const situate = (next: Config) => situationsOf(next, { runs, vault: options.vault, bins, ages: restores.ages });
  const policies = { situate, situation: situate(config) };
  const situation: Situation = (action) => policies.situation(action);
  const { points } = restores;
  const guard = points.keeping(
    openGuard({ clock, random, log: broken.log, analyser, decide, situation, gate: points.watching(runs.gate) }),
  );
  runs.onGrantsChanged(() => guard.policyChanged());
  const catalogues = createCatalogues({
    clock,
    publish: (own, ground) => analyser.publish(own, ground),
    define: (base, version, definitions) => analyser.define(base, version, definitions),
    retire: (catalogueVersion) => analyser.retire(catalogueVersion),
    onChanged: (target, database) => journals.changed(target, database),
    onFailure: (target, database, error) => warn(`target \`${target}\`, database \`${database}\`: ${error.message}`),
  });
  const recovery = (name: string) => restores.ages.of(name);
  const approvals = await openApprovals({ config, clock, random, log: broken, runs, vault: options.vault, instance, warn, recovery });
  return new RunningGateway({
    config,
    policies,
    options: { environment: options.environment, clock, random, warn },
    shown: { vault: options.vault, signer, append, describe: options.describe ?? (({ kind }) => kind) },
    log: broken,
    guarded,
    analyser,
    guard,
    runs,
    bin,
    bins,
    journals,
    approvals,
    restores,
    authority: authorityOf(config, options.vault, { clock, random, record: append }),
    catalogues,
    recovered,
    instance,
  });
}

interface Parts {
  readonly config: Config;
  /** What the guard asks; replaced when policies are reloaded. */
  readonly policies: { readonly situate: (config: Config) => Situation; situation: Situation };
  readonly options: Required<Omit<GatewayOptions, "vault" | "describe">>;
  /** What the console needs beside what every part has. */
  readonly shown: Pick<ConsoleParts, "vault" | "signer" | "append" | "describe">;
  readonly log: WatchedLog;
  readonly guarded: GuardedState;
  readonly analyser: SqlAnalyserPool;
  readonly guard: OpenGuard;
  readonly runs: RunControl;
  readonly bin: Bins;
  readonly bins: BinDoors;
  readonly journals: JournalKeeper;
  readonly approvals: ApprovalDesk;
  readonly restores: Restores;
  readonly authority: Authority | undefined;
  readonly catalogues: Catalogues;
  readonly recovered: RecoveredInfo;
  /** Names this gateway to servers, over its restarts: one state directory, one gateway. */
  readonly instance: string;
}

class RunningGateway implements Gateway {
  readonly #parts: Parts;
  readonly #startedAtMs: number;
  #config: Config;
  readonly #targets: ServedTargets;
  readonly #planning: Planning;
  readonly #explainer: LiveExplainer;
  readonly #telling: Telling;
  #control: ControlServer | undefined;
  #backups: Backups | undefined;
  #console: OpenConsole | undefined;
  #http: HttpProxy | undefined;
  #stopped: Promise<void> | undefined;
  readonly #stopping = new AbortController();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#config = parts.config;
    this.#explainer = new LiveExplainer(parts.analyser);
    this.#startedAtMs = parts.options.clock.now();
    this.#planning = new Planning(parts.config, { ...parts, ...parts.options });
    this.#telling = new Telling({ ...parts, ...parts.options });
    const own = {
      planning: this.#planning,
      explainer: this.#explainer,
      vault: parts.shown.vault,
      catalogued: (...served: Parameters<HttpDatabases["serve"]>) => this.#http?.databases.serve(...served),
    };
    this.#targets = new ServedTargets({ ...parts, ...parts.options, ...own });
  }

  get recovered(): RecoveredInfo {
    return this.#parts.recovered;
  }

  async start(): Promise<void> {
    const { config, log } = this.#parts;
    const digests = config.targets.map(({ policy }) => policy.digest).join(" ");
    log.log.append({ kind: "started", version: version(), policyDigest: digests });
    await this.#parts.guarded.start();
    const { runs, authority, options } = this.#parts;
    const own = ({ listener, certificates }: ServedTarget) => {
      const shown = certificates === undefined ? {} : { certificates };
      return { host: loopbackOf(listener.address.host), port: listener.address.port, ...shown };
    };
    const sessions = new ControlSessions({
      runs,
      clock: options.clock,
      random: options.random,
      own,
      approvals: this.#parts.approvals,
      http: (name) => this.#http?.opened(name),
      worked: (folders) => this.#backups?.worked(folders),
    });
    const tell = this.#telling.recoveryAlarm;
    this.#backups = await Backups.open({ config, ...options, record: this.#parts.shown.append, seal: () => log.log.seal(), tell });
    this.#control = await startControlServer(stateDirectory(config.state).controlSocket, {
      status: () => this.status(),
      authority,
      sessions,
      approvals: this.#parts.approvals,
      plans: this.#planning.control(sessions),
      undo: this.#planning.undo,
      bin: this.#parts.bin,
      breakGlass: this.#telling.breakGlass,
      backups: this.#backups.control,
      drills: await this.#parts.restores.open(this.#backups, () => this.#parts.guard.policyChanged()),
    });
    await this.#openConsole({ sessions, approvals: this.#parts.approvals, ...this.#telling.hook });
    await this.#telling.follow();
    this.#http = await HttpProxy.open({ ...this.#parts, ...options, ...this.#parts.shown, tell: this.#telling.foundCredential });
    for (const target of config.targets) await this.#targets.serve(target);
    this.#planning.settle();
    this.#parts.bin.start();
    this.#parts.journals.start();
    this.#parts.runs.onGatewayDied((gateway) => this.#planning.inherit(gateway));
  }

  async warmUp(): Promise<void> {
    const { options, analyser, policies } = this.#parts;
    const served = this.#explainer.catalogued(this.#config);
    const situation: Situation = (action) => policies.situation(action);
    if (served !== undefined) await warmUp({ ...options, analyser, lanes: ANALYSIS_WORKERS, situation, ...served }, this.#stopping.signal);
  }

  /** Before anything is served: whoever is held is told where a person answers. */
  async #openConsole(control: Pick<ConsoleParts, "sessions" | "approvals" | "hook">): Promise<void> {
    const { config, authority, log, shown, approvals, options } = this.#parts;
    if (config.console === undefined) return;
    const own = {
      config: () => this.#config,
      status: () => this.status(),
      look: () => this.look(),
      authority,
      log,
      explainer: this.#explainer,
    };
    this.#console = await openConsole(config.console, { ...shown, ...options, ...own, ...control });
    approvals.linkTo(this.#console.link);
  }

  reload(config: Config): readonly string[] {
    const { guard, policies, log, guarded, approvals } = this.#parts;
    guarded.demandAccepted(config);
    const waiting = needsRestart(this.#config, config);
    // Targets and users that are new, gone or otherwise different stay as they are until then; only their policies change.
    const next = { ...this.#config, ...samePlaces(this.#config, config) };
    this.#config = next;
    policies.situation = policies.situate(next);
    guard.policyChanged();
    guarded.took(config);
    approvals.took(next);
    for (const { name, policy } of next.targets) log.log.append(policyLoaded(name, policy));
    return waiting;
  }

  look(): Promise<void> {
    return this.#parts.guarded.look();
  }

  stop(because: string): Promise<void> {
    this.#stopping.abort();
    this.#stopped ??= this.#close(because);
    return this.#stopped;
  }

  async #close(because: string): Promise<void> {
    const { catalogues, analyser, log } = this.#parts;
    // Who waits for a person is told to come back.
    this.#parts.approvals.close();
    await Promise.all([this.#http?.stop(), this.#targets.stop()]);
    await this.#parts.runs.close();
    await this.#targets.close();
    await this.#parts.bins.close();
    await this.#parts.bin.close();
    await this.#parts.journals.close();
    await this.#backups?.close();
    await this.#telling.close();
    await this.#console?.close();
    await this.#control?.close();
    await this.#planning.close();
    await this.#parts.restores.close();
    await catalogues.close();
    await analyser.close();
    await this.#parts.guarded.close();
    await this.#parts.runs.closeStore();
    if (log.writable) log.log.append({ kind: "stopped", because });
    await log.log.close();
    await this.#parts.guarded.closed(log.log.size);
  }

  status(): GatewayStatus {
    const { guard, log, runs, guarded } = this.#parts;
    const { listeners, upstreams, replicas } = this.#targets;
    const own = { listeners, upstreams, replicas, console: this.#console?.origin };
    const alarms = this.#backups?.alarms.standing() ?? [];
    const found = this.#http?.alarms.standing() ?? [];
    return gatewayStatus({ alarms, found, config: this.#config, startedAtMs: this.#startedAtMs, guard, log, runs, guarded, ...own });
  }
}

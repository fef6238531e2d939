/**
 * `holdfast run -- <program>`: gives one program a session of its own at Holdfast and nothing else of the database; both end together.
 * What the program can reach beside its environment variables is the sandbox's matter.
 */
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseBudget } from "../../config/budget.ts";
import type { Config, TargetConfig } from "../../config/config.ts";
import { callControl, type HeldSession, holdSession } from "../../control/client.ts";
import type { SessionView } from "../../control/contract.ts";
import type { Budget } from "../../model/run.ts";
import { type Environment, environments } from "../../model/principal.ts";
import type { Define } from "../define.ts";
import { failed, wrongUse } from "../errors.ts";
import { setExit } from "../exit.ts";
import { visible } from "../output.ts";
import { childEnvironment, type ChildEnvironment, withoutDatabase } from "../run/child-environment.ts";
import { pastHoldfast } from "../run/env-files.ts";
import { type HttpEnvironment, openHttpEnvironment } from "../run/http-environment.ts";
import { identifyProgram } from "../run/identify.ts";
import { innerSession } from "../run/inner-session.ts";
import { type Launch, runProgram } from "../run/program.ts";
import { openRunSandbox, sandboxText } from "../run/run-sandbox.ts";
import { openTrust, type Trust } from "../run/session-tls.ts";
import { openPlace, type SessionPlace } from "../run/session-place.ts";
import { createSummary, summaryText } from "../run/summary.ts";
import { toldError } from "../person-call.ts";
import { configOption, configPath, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { vaultKeyOptions, type VaultKeyOptions } from "../unseal.ts";

interface Options extends VaultKeyOptions {
  readonly config?: string;
  readonly target?: string;
  readonly environment?: string;
  readonly database?: string;
  readonly keep?: readonly string[];
  readonly sandbox?: boolean | string;
  readonly writable?: readonly string[];
  readonly purpose?: string;
  readonly for?: string;
  readonly budget?: string;
  readonly quiet?: boolean;
}

export const define: Define = (command, terminal) => {
  vaultKeyOptions(command)
    .argument("<program...>", "the program and its arguments, after --")
    .addOption(configOption())
    .option("-t, --target <name>", "the target (default: the only one)")
    .option("-e, --environment <name>", "what the run is for; a target of a stricter environment is then refused")
    .option("-d, --database <name>", "the database (default: the one the upstream names)")
    .option(
      "-k, --keep <name...>",
      "environment variables, or files by a path with `/`, that the program gets although they look like secrets",
    )
    .option(
      "--sandbox [how]",
      "no network but Holdfast, masked secret files, its own processes (Linux); best-effort: go on with what the machine allows",
    )
    .option("-w, --writable <path...>", "with --sandbox: folders beside this one that the program may write")
    .option("-p, --purpose <text>", "what the run is for, for the record and for whoever is asked")
    .option("--for <person>", "whom it acts for (default: the account's name)")
    .option(
      "-b, --budget <figures>",
      "what it may use up: statements=, rows_read=, rows_changed=, bytes=, held=, wall=; it can only lower the target's",
    )
    .option("-q, --quiet", "no summary")
    .addHelpText(
      "after",
      '\nExamples:\n  holdfast run -- claude\n  holdfast run --environment staging -- npx drizzle-kit push\n  holdfast run --purpose "find slow orders" --budget rows_changed=10,wall=1h -- claude\n\nDATABASE_URL and PG* lead to Holdfast with a password that ends with the run.\nThe exit code is the program\'s own.\n',
    )
    .action((program: readonly string[], options: Options) => run(program, options, terminal));
};

async function run(program: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const inner = innerSession(terminal.env);
  if (inner !== undefined) return runInside(program, options, inner, terminal);
  const budget = budgetOf(options.budget);
  const config = await readConfig(options.config, terminal);
  const target = targetOf(config, options.target);
  demandEnvironment(target, options.environment);
  const place = await openPlace(config, target, options, terminal);
  try {
    const { program: word, version } = await identifyProgram(program[0] ?? "", terminal.env["PATH"], terminal.workingDirectory);
    const folders = [terminal.workingDirectory, ...(options.writable ?? []).map((path) => resolve(terminal.workingDirectory, path))];
    const about = { actsFor: options.for ?? userInfo().username, purpose: options.purpose ?? "", budget, folders };
    const wanted = { target: target.name, program: word, programVersion: version, ...about };
    const held = await holdSession(place.socket, wanted).catch((error: unknown) => Promise.reject(toldError(error)));
    let trust: Trust | undefined;
    let http: HttpEnvironment | undefined;
    try {
      trust = await openTrust(held.opened, terminal.env["NODE_EXTRA_CA_CERTS"]);
      http = await openHttpEnvironment(held.opened, terminal.env, trust.tls?.nodeRoots ?? terminal.env["NODE_EXTRA_CA_CERTS"]);
      await inSession(program, { config, target, place, held, trust, http, options }, terminal);
    } finally {
      await ended(held, place);
      await trust?.close();
      await http?.close();
    }
    if (options.quiet !== true) terminal.err(await told(place, held.opened.user, terminal));
  } finally {
    await place.close();
  }
}

interface RunParts {
  readonly config: Config;
  readonly target: TargetConfig;
  readonly place: SessionPlace;
  readonly held: HeldSession;
  readonly trust: Trust;
  readonly http: HttpEnvironment;
  readonly options: Options;
}

async function inSession(
  program: readonly string[],
  { config, target, place, held, trust, http, options }: RunParts,
  terminal: Terminal,
): Promise<void> {
  const { opened } = held;
  const { host, port, user, password } = opened;
  const gate = target.apiOnly === true && http.gate !== undefined ? http.gate : { host, port };
  const tls = trust.tls === undefined ? {} : { tls: trust.tls };
  const session = { host: trust.host, port, user, password, database: options.database ?? opened.database, ...tls };
  const all = childEnvironment({
    parent: terminal.env,
    session,
    secrets: [place.password ?? ""],
    places: place.server === undefined ? [] : [place.server],
    secretNames: secretNames(config),
    keep: new Set(options.keep ?? []),
  });
  const made = target.apiOnly === true ? withoutDatabase(all) : all;
  // Enough to ask a person for rights, and for nothing else.
  const asking = { HOLDFAST_CONTROL: place.socket, HOLDFAST_ASK_TOKEN: opened.askToken };
  const nodeOptions = [made.variables["NODE_OPTIONS"], http.variables["NODE_OPTIONS"]].filter((each) => each !== undefined).join(" ");
  const forNode = nodeOptions === "" ? {} : { NODE_OPTIONS: nodeOptions };
  const variables = { ...made.variables, ...http.variables, ...forNode, ...asking };
  const child: ChildEnvironment = { ...made, variables, withheld: made.withheld.filter((name) => !http.placeholders.includes(name)) };
  const configFile = configPath(options.config, terminal);
  const shown = [trust.folder, http.folder].filter((folder) => folder !== undefined);
  const also = http.gate === undefined || http.gate === gate ? [] : [http.gate];
  const sandbox = await openRunSandbox({ options, config, configFile, program, child, session, gate, also, shown }, terminal);
  let over = false;
  try {
    if (options.quiet !== true) terminal.err(greeting(target, opened.session, { ...child, placeholders: http.placeholders }, terminal));
    if (sandbox === undefined) terminal.err(await pastHoldfast(terminal.workingDirectory, [gate, session], terminal));
    terminal.err(sandboxText(sandbox, options.quiet === true, terminal));
    void held.ended.then((because) => {
      if (!over) terminal.err(`${terminal.styleErr(["bold", "yellow"], "holdfast: the session is over:")} ${visible(because)}\n`);
    });
    const [file = "", ...args] = program;
    const plain: Launch = { file, args, environment: child.variables };
    setExit(terminal, await runProgram(sandbox?.launch ?? plain));
  } finally {
    over = true;
    await sandbox?.close();
  }
}

/** A run inside a run is a sub-agent: it shares the session that is there, with its budget, and ends nothing. */
async function runInside(program: readonly string[], options: Options, session: string, terminal: Terminal): Promise<void> {
  if (options.budget !== undefined || options.target !== undefined || options.sandbox !== undefined)
    throw wrongUse("this is inside a session already", "what its program starts shares its target, its budget and its sandbox");
  if (options.quiet !== true)
    terminal.err(`${terminal.styleErr("bold", "holdfast")} inside session ${visible(session)}, with its budget\n`);
  const [file = "", ...args] = program;
  const environment = Object.fromEntries(
    Object.entries(terminal.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  setExit(terminal, await runProgram({ file, args, environment }));
}

/** Waits until the gateway has taken everything of the session away: roles dropped, connections closed. */
async function ended({ opened, letGo }: HeldSession, { socket }: SessionPlace): Promise<void> {
  letGo();
  for (let tries = 0; tries < 200; tries++) {
    const answer = await callControl(socket, { method: "GET", path: "/v1/sessions" }).catch(() => undefined);
    const { sessions } = (answer ?? { sessions: [] }) as { sessions: readonly SessionView[] };
    const found = sessions.find(({ id }) => id === opened.session);
    if (found === undefined || found.endedAtMs !== undefined) return;
    await delay(50);
  }
}

function budgetOf(text: string | undefined): Partial<Budget> {
  if (text === undefined) return {};
  const parsed = parseBudget(text);
  if ("message" in parsed) throw wrongUse(visible(parsed.message), "for example --budget rows_changed=10,wall=1h");
  return parsed.budget;
}

function targetOf(config: Config, name: string | undefined): TargetConfig {
  const found = name === undefined ? config.targets[0] : config.targets.find((target) => target.name === name);
  if (found === undefined)
    throw wrongUse(`no target is named \`${visible(name ?? "")}\``, `known: ${config.targets.map((target) => target.name).join(", ")}`);
  if (name === undefined && config.targets.length > 1)
    throw wrongUse("there is more than one target", `give --target ${config.targets.map((each) => each.name).join(" or --target ")}`);
  return found;
}

/** The environment is that of the real target: what a run says of itself can only make this stricter. */
function demandEnvironment(target: TargetConfig, named: string | undefined): void {
  if (named === undefined) return;
  const asked = environments.indexOf(named as Environment);
  if (asked < 0) throw wrongUse(`\`${visible(named)}\` is no environment`, `give one of ${environments.join(", ")}`);
  if (environments.indexOf(target.environment) < asked) {
    throw failed(
      `target \`${target.name}\` is ${target.environment}, and this run is for ${named}`,
      `name a target whose environment is ${named}`,
    );
  }
}

/** Every variable that any target's or user's secret is read from. */
function secretNames(config: Config): ReadonlySet<string> {
  const references = [
    ...config.targets.flatMap(({ upstream }) => [upstream.url, upstream.password]),
    ...config.users.map((user) => user.login),
    ...(config.http?.credentials ?? []).map(({ secret }) => secret),
  ];
  return new Set(references.flatMap((reference) => (reference?.kind === "env" ? [reference.name] : [])));
}

function greeting(
  target: TargetConfig,
  session: string,
  child: ChildEnvironment & Pick<HttpEnvironment, "placeholders">,
  terminal: Terminal,
): string {
  const name = terminal.styleErr("bold", "holdfast");
  const head = `${name} ${visible(target.name)}, ${target.environment}, policy ${visible(target.policyName)}, session ${visible(session)}`;
  const withheld = child.withheld.length === 0 ? "" : `\n  withheld from the program: ${child.withheld.map(visible).join(", ")}`;
  const observing =
    target.policy.mode === "observe" ? `\n  ${terminal.styleErr(["bold", "yellow"], "it only observes: NOTHING IS REFUSED")}` : "";
  const held = child.placeholders.length === 0 ? "" : `\n  placeholders in place of secrets: ${child.placeholders.map(visible).join(", ")}`;
  return `${head}${withheld}${held}${observing}\n`;
}

async function told({ auditDirectory, from }: SessionPlace, principal: string, terminal: Terminal): Promise<string> {
  const { readEvents } = await import("../../audit/events.ts");
  const { summary, step } = createSummary(principal);
  for await (const { event } of readEvents({ directory: auditDirectory, from })) step(event);
  const name = terminal.styleErr("bold", "holdfast");
  const record = terminal.styleErr("dim", `the record is in ${visible(auditDirectory)}`);
  return `${name} the run is over; its login, role and grants are gone\n${summaryText(summary)}  ${record}\n`;
}

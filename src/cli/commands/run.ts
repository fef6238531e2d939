/**
 * `holdfast run -- <program>`: gives one program a session of its own at Holdfast and nothing else of the database; both end together.
 * What the program can reach beside its environment variables is the sandbox's matter.
 */
import { basename, join } from "node:path";
import { randomText, systemRandom } from "../../base/ids.ts";
import type { Config, TargetConfig } from "../../config/config.ts";
import { resolveUpstreamAddress } from "../../config/read-secret.ts";
import { NoGateway, readStatus } from "../../control/client.ts";
import { stateDirectory } from "../../control/state-directory.ts";
import { type Environment, environments } from "../../model/principal.ts";
import type { Define } from "../define.ts";
import { causeText, failed, wrongUse } from "../errors.ts";
import { setExit } from "../exit.ts";
import { visible } from "../output.ts";
import { childEnvironment, type ChildEnvironment } from "../run/child-environment.ts";
import { pastHoldfast } from "../run/env-files.ts";
import { type Launch, runProgram } from "../run/program.ts";
import { openRunSandbox, sandboxText } from "../run/run-sandbox.ts";
import { createSummary, summaryText } from "../run/summary.ts";
import { configOption, configPath, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly config?: string;
  readonly target?: string;
  readonly environment?: string;
  readonly database?: string;
  readonly keep?: readonly string[];
  readonly sandbox?: boolean | string;
  readonly writable?: readonly string[];
  readonly quiet?: boolean;
}

export const define: Define = (command, terminal) => {
  command
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
    .option("-q, --quiet", "no summary")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast run -- claude\n  holdfast run --environment staging -- npx drizzle-kit push\n\nDATABASE_URL and PG* lead to Holdfast with a password that ends with the run. The exit code is the program's own.\n",
    )
    .action((program: readonly string[], options: Options) => run(program, options, terminal));
};

async function run(program: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const config = await readConfig(options.config, terminal);
  const target = targetOf(config, options.target);
  demandEnvironment(target, options.environment);
  const resolved = resolveUpstreamAddress(target.upstream, terminal.env);
  if ("message" in resolved) throw failed(`target \`${target.name}\`: ${resolved.message}`);
  const { upstream } = resolved;
  const { WiringError, newLogin, openGateway } = await import("../../wiring.ts");
  const login = newLogin(systemRandom);
  const user = `run_${basename(program[0] ?? "")
    .replace(/[^A-Za-z0-9]/g, "_")
    .slice(0, 24)}_${randomText(8)}`;
  const own = await ownConfig(config, target, user, login.verifier);
  const fail = (error: unknown): never => {
    throw failed(
      error instanceof WiringError ? error.message : `the session cannot be opened: ${causeText(error)}`,
      "see `holdfast doctor`",
    );
  };
  const gateway = await openGateway(own, { environment: terminal.env }).catch(fail);
  const from = gateway.status().audit.size;
  try {
    await gateway.start().catch(fail);
    const listen = gateway.status().targets[0]?.listen ?? "";
    const port = Number(listen.slice(listen.lastIndexOf(":") + 1));
    const database = options.database ?? upstream.database ?? upstream.role;
    const session = { host: "127.0.0.1", port, user, password: login.password, database };
    const child = childEnvironment({
      parent: terminal.env,
      session,
      secrets: [upstream.password() ?? ""],
      places: [upstream],
      secretNames: secretNames(config),
      keep: new Set(options.keep ?? []),
    });
    const sandbox = await openRunSandbox(
      { options, config, configFile: configPath(options.config, terminal), program, child, session },
      terminal,
    );
    try {
      if (options.quiet !== true) terminal.err(greeting(target, child, terminal));
      if (sandbox === undefined) terminal.err(await pastHoldfast(terminal.workingDirectory, [session], terminal));
      terminal.err(sandboxText(sandbox, options.quiet === true, terminal));
      const [file = "", ...args] = program;
      const plain: Launch = { file, args, environment: child.variables };
      setExit(terminal, await runProgram(sandbox?.launch ?? plain));
    } finally {
      await sandbox?.close();
    }
  } finally {
    await gateway.stop("the run is over");
  }
  if (options.quiet !== true) terminal.err(await told(own.auditDirectory, from, user, terminal));
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

/** One target, one login, one free port on loopback. The log is the configuration's own unless a gateway already writes it. */
async function ownConfig(config: Config, target: TargetConfig, name: string, verifier: string): Promise<Config> {
  const running = await readStatus(stateDirectory(config.state).controlSocket).then(
    () => true,
    (error: unknown) => !(error instanceof NoGateway && error.code !== "EACCES"),
  );
  const state = running ? join(config.state, "runs", name) : config.state;
  const { clientTls: _, ...rest } = target;
  return {
    ...config,
    state,
    auditDirectory: running ? join(state, "audit") : config.auditDirectory,
    targets: [{ ...rest, listen: { host: "127.0.0.1", port: 0 }, clientTlsRequired: false }],
    users: [
      {
        name,
        kind: "ai_agent",
        login: { kind: "verifier", text: verifier },
        targets: [target.name],
        databases: null,
        connectionsMax: 50,
        policies: null,
      },
    ],
  };
}

/** Every variable that any target's or user's secret is read from. */
function secretNames(config: Config): ReadonlySet<string> {
  const references = [
    ...config.targets.flatMap(({ upstream }) => [upstream.url, upstream.password]),
    ...config.users.map((user) => user.login),
  ];
  return new Set(references.flatMap((reference) => (reference?.kind === "env" ? [reference.name] : [])));
}

function greeting(target: TargetConfig, child: ChildEnvironment, terminal: Terminal): string {
  const head = `${terminal.styleErr("bold", "holdfast")} ${visible(target.name)}, ${target.environment}, policy ${visible(target.policyName)}`;
  const withheld = child.withheld.length === 0 ? "" : `\n  withheld from the program: ${child.withheld.map(visible).join(", ")}`;
  const observing =
    target.policy.mode === "observe" ? `\n  ${terminal.styleErr(["bold", "yellow"], "it only observes: NOTHING IS REFUSED")}` : "";
  return `${head}${withheld}${observing}\n`;
}

async function told(directory: string, from: number, principal: string, terminal: Terminal): Promise<string> {
  const { readEvents } = await import("../../audit/events.ts");
  const { summary, step } = createSummary(principal);
  for await (const { event } of readEvents({ directory, from })) step(event);
  return `${terminal.styleErr("bold", "holdfast")} the run is over; its password is gone\n${summaryText(summary)}  ${terminal.styleErr("dim", `the record is in ${visible(directory)}`)}\n`;
}

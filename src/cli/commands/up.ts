/**
 * `holdfast up`: starts the gateway from holdfast.yaml and keeps it running until it is told to stop.
 * It refuses to start on any problem in the configuration, and when the gateway does not pass its own start-up test.
 */
import type { GatewayStatus } from "../../control/contract.ts";
import type { Gateway, GatewayOptions } from "../../wiring.ts";
import { describeEvent } from "../audit/describe.ts";
import { withoutCoreDumps } from "../process-guard.ts";
import { causeText, failed } from "../errors.ts";
import { padEnd, paragraph, visible } from "../output.ts";
import { configOption, readConfig } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";
import { secretPlaces, unsealed, vaultKeyOptions, type VaultKeyOptions } from "../unseal.ts";

interface Options extends VaultKeyOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export const define: Define = (command, terminal) => {
  vaultKeyOptions(command.addOption(configOption()))
    .option("--json", "print one JSON object when it is ready")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast up\n  holdfast up --config staging.yaml\n  holdfast up --vault-key-fd 3 3< KEY\n\nIt stops on SIGINT and " +
        "SIGTERM: running statements get `shutdown_time`, then are ended.\n",
    )
    .action((options: Options) => up(options, terminal));
};

async function up(options: Options, terminal: Terminal): Promise<void> {
  const config = await readConfig(options.config, terminal);
  const vault = await unsealed(config, options, terminal);
  if (vault !== undefined) await withoutCoreDumps(process.pid);
  const ended = terminal.untilEnded();
  const { WiringError, openGateway } = await import("../../wiring.ts");
  const gateway = await openGateway(config, {
    environment: secretPlaces(terminal, vault),
    ...(vault === undefined ? {} : { vault }),
    describe: inWords,
    warn: (message) => terminal.err(`${terminal.styleErr("yellow", "warning:")} ${visible(message)}\n`),
  }).catch((error: unknown) => {
    throw failed(
      error instanceof WiringError ? error.message : `the gateway cannot be opened: ${causeText(error)}`,
      "see `holdfast doctor`",
    );
  });
  try {
    await gateway.start();
  } catch (error) {
    await gateway.stop("it did not start").catch(() => {});
    throw failed(error instanceof WiringError ? error.message : `the gateway does not start: ${causeText(error)}`, "see `holdfast doctor`");
  }
  // Before anybody is told that it is ready: until then the signal ends the process.
  terminal.onHangUp(() => reload(gateway, options, terminal));
  const status = gateway.status();
  await terminal.out(options.json === true ? `${JSON.stringify(status)}\n` : rendered(status, terminal));
  for (const target of status.targets) if (target.policy.mode === "observe") terminal.err(observing(target.name, terminal));
  // Nobody waits for it.
  void gateway.warmUp();
  if (!ended.aborted) await new Promise((resolve) => ended.addEventListener("abort", resolve, { once: true }));
  await gateway.stop(`${String(ended.reason)} was received`);
}

/** As `holdfast audit tail` says it. */
const inWords: NonNullable<GatewayOptions["describe"]> = (event, judgements) => {
  const { word, about, text } = describeEvent(event, judgements);
  return [word, about, text].filter((part) => part !== "").join(" ");
};

/** On SIGHUP: policies are taken over; a configuration with a problem changes nothing. */
async function reload(gateway: Pick<Gateway, "look" | "reload">, options: Options, terminal: Terminal): Promise<void> {
  try {
    // What a person accepted a moment ago counts.
    await gateway.look();
    const waiting = gateway.reload(await readConfig(options.config, terminal));
    terminal.err("policies are reloaded\n");
    for (const clause of waiting) terminal.err(`${terminal.styleErr("yellow", "waits for a restart:")} ${visible(clause)}\n`);
  } catch (error) {
    terminal.err(`policies are not reloaded, the former ones hold: ${causeText(error)}\n`);
  }
}

function rendered(status: GatewayStatus, terminal: Terminal): string {
  const lines = status.targets.map(
    ({ name, environment, listen, upstream, policy }) =>
      `  ${terminal.style("bold", padEnd(visible(name), 14))} ${listen === "" ? "HTTP APIs alone" : `${padEnd(listen, 21)} before ${visible(upstream)}`}, ` +
      `${environment}, policy ${visible(policy.name)} ${policy.digest.slice(0, 12)}\n`,
  );
  const enforcing = status.targets.some(({ policy, listen }) => policy.mode === "enforce" && listen !== "");
  const tested = enforcing ? ": the write of its start-up test was refused, as it must be" : "";
  const record = terminal.style("dim", `audit log in ${visible(status.audit.directory)}`);
  const answered = status.console === undefined ? "" : `  console ${terminal.style("bold", visible(status.console.url))}\n`;
  return `holdfast ${status.version} is up${tested}\n${lines.join("")}${answered}  ${record}\n`;
}

/** Loud on purpose, and on standard error, where it also reaches a log. */
function observing(target: string, terminal: Terminal): string {
  const head = terminal.styleErr(["bold", "yellow"], `WARNING: target ${visible(target)} only observes: NOTHING IS REFUSED there.`);
  const advice = "What its policy would refuse is recorded and let through. Name another policy once you have seen enough.";
  return `${head}\n${paragraph(advice, terminal.columns)}`;
}

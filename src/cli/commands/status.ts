/**
 * `holdfast status`: asks the running gateway over its control socket and shows what it answers.
 * It reads no file of the gateway but the config that says where the socket is.
 */
import { figure } from "../../base/counted.ts";
import { NoGateway, readStatus } from "../../control/client.ts";
import type { GatewayStatus, ReplicaStatus } from "../../control/contract.ts";
import type { StandingFound } from "../../model/standing.ts";
import { causeText, failed } from "../errors.ts";
import { padEnd, table, visible } from "../output.ts";
import { configOption, stateOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { Define } from "../define.ts";

interface Options {
  readonly config?: string;
  readonly socket?: string;
  readonly json?: boolean;
}

export const define: Define = (command, terminal) => {
  command
    .addOption(configOption())
    .option("--socket <path>", "the control socket (default: in the config's state directory)")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast status\n  holdfast status --json | jq .counters\n\nThe exit code is 1 when no gateway answers.\n",
    )
    .action((options: Options) => status(options, terminal));
};

async function status(options: Options, terminal: Terminal): Promise<void> {
  const socket = options.socket ?? (await stateOf(options.config, terminal)).controlSocket;
  const found = await readStatus(socket).catch((error: unknown) => {
    throw error instanceof NoGateway
      ? failed(error.message, adviceFor(error.code))
      : failed(`the gateway gives no status: ${causeText(error)}`);
  });
  await terminal.out(options.json === true ? `${JSON.stringify(found)}\n` : rendered(found, terminal));
}

function adviceFor(code: string): string {
  return code === "EACCES" ? "the socket belongs to another account: ask as the account that runs the gateway" : "start it: holdfast up";
}

function rendered(found: GatewayStatus, terminal: Terminal): string {
  const { counters, audit, vault, config } = found;
  const line = (name: string, text: string) => `${terminal.style("dim", padEnd(name, 10))} ${text}\n`;
  const decisions = [
    `${figure(counters.allowed)} allowed`,
    `${figure(counters.denied)} denied`,
    `${figure(counters.held)} held`,
    ...(counters.observed === 0 ? [] : [`${figure(counters.observed)} only because the policy observes`]),
  ];
  const record = audit.writable
    ? `${figure(audit.size)} records in ${visible(audit.directory)}`
    : terminal.style(["bold", "red"], "cannot be written: nothing that changes data passes");
  const head =
    line("gateway", `holdfast ${found.version}, process ${found.processId}, up since ${new Date(found.startedAtMs).toISOString()}`) +
    line("decisions", decisions.join(", ")) +
    line("audit log", record) +
    (found.store === undefined ? "" : line("store", storeText(found.store, terminal))) +
    (found.console === undefined ? "" : line("console", visible(found.console.url))) +
    (vault === undefined ? "" : line("vault", vaultText(vault, terminal))) +
    (config === undefined ? "" : line("config", configText(config, terminal))) +
    line("sessions", runsText(found)) +
    (found.alarms ?? []).map((alarm) => line("alarm", alarmText(alarm, terminal))).join("") +
    (found.foundCredentials ?? []).map((each) => line("found", foundText(each, terminal))).join("") +
    (found.breakGlass ?? []).map((glass) => line("glass", breakGlassText(glass, terminal))).join("") +
    line("logins", `${figure(counters.sessionsOpened)} connections opened, ${figure(counters.loginsRefused)} logins refused`);
  const replicas = found.targets.flatMap(({ name, replica }) =>
    replica === undefined ? [] : [line("replica", replicaText(name, replica, terminal))],
  );
  return `${head}${replicas.join("")}\n${targetTable(found, terminal)}\n${sessionTable(found, terminal)}`;
}

function foundText({ principal, provider, host, slot, count, lastMs }: StandingFound, terminal: Terminal): string {
  const times = count === 1 ? "once" : `${figure(count)} times`;
  const what = `${visible(principal)} sent a credential that it was not given to ${visible(host)} (${provider}), in ${visible(slot)}, ${times}`;
  return `${terminal.style(["bold", "red"], "FOUND CREDENTIAL")} ${what}, last at ${new Date(lastMs).toISOString().slice(0, 16)}Z: refused`;
}

function runsText({ runs = [] }: GatewayStatus): string {
  const suspended = runs.filter(({ state }) => state === "suspended").length;
  const grants = runs.reduce((sum, run) => sum + run.grants, 0);
  return `${figure(runs.length)} open, ${figure(suspended)} suspended, ${figure(grants)} grants; see holdfast sessions list`;
}

/** Loud: as long as it is open nobody is asked. */
function breakGlassText(glass: NonNullable<GatewayStatus["breakGlass"]>[number], terminal: Terminal): string {
  const { id, state, principal, target, persons, untilMs, uses } = glass;
  const head = terminal.style(["bold", "red"], state === "open" ? `BREAK-GLASS ${id} IS OPEN` : `break-glass ${id} is wanted`);
  const until = new Date(untilMs).toISOString();
  return `${head} for ${visible(principal)} at ${visible(target)} by ${persons.map(visible).join(", ")}, until ${until}; ${figure(uses)} acts`;
}

function alarmText({ target, about, because }: NonNullable<GatewayStatus["alarms"]>[number], terminal: Terminal): string {
  return `${terminal.style(["bold", "red"], about)} at ${visible(target)}: ${visible(because)}; see holdfast backup status`;
}

function storeText({ place, shared }: NonNullable<GatewayStatus["store"]>, terminal: Terminal): string {
  if (shared === undefined) return `${visible(place)}, of this gateway alone`;
  const { gateways, problem } = shared;
  const said = gateways
    .filter(({ state }) => state !== "gone")
    .map(
      ({ id, name, state }) =>
        `${id.slice(0, 8)} (${visible(name)})${id === shared.gateway ? ", this one" : ""}${state === "leaving" ? ", dead" : ""}`,
    );
  const text = `${visible(place)}, shared by ${said.join("; ")}`;
  return problem === undefined ? text : `${text}; ${terminal.style(["bold", "red"], visible(problem))}`;
}

function vaultText({ generation, persons, problem }: NonNullable<GatewayStatus["vault"]>, terminal: Terminal): string {
  const text = `version ${figure(generation)}, ${figure(persons)} ${persons === 1 ? "person" : "persons"} registered`;
  return problem === undefined ? text : terminal.style(["bold", "red"], `its file was touched: ${visible(problem)}`);
}

function configText({ digest, accepted, onDisk }: NonNullable<GatewayStatus["config"]>, terminal: Terminal): string {
  const text = `${digest.slice(0, 12)}${accepted ? ", accepted by a person" : ""}`;
  return onDisk === "as loaded" ? text : `${text}, ${terminal.style(["bold", "yellow"], `the file is ${onDisk} since it was loaded`)}`;
}

function replicaText(target: string, replica: ReplicaStatus, terminal: Terminal): string {
  const { address, state, because, lagMs, reads } = replica;
  const figures = `${lagMs === undefined ? "" : `${figure(lagMs)} ms behind, `}${figure(reads)} reads answered`;
  const about = `${visible(address)} of ${visible(target)}: ${figures}`;
  if (state === "fresh") return about;
  const why = because === undefined ? "it is too far behind" : visible(because);
  return `${about}; ${terminal.style(["bold", "yellow"], `reads go to the server itself: ${why}`)}`;
}

function targetTable(found: GatewayStatus, terminal: Terminal): string {
  const heads = [
    { title: "TARGET" },
    { title: "ENVIRONMENT" },
    { title: "LISTENS ON" },
    { title: "SERVER", shrink: true },
    { title: "POLICY" },
    { title: "DIGEST" },
  ];
  const rows = found.targets.map(({ name, environment, listen, upstream, policy }) => [
    visible(name),
    environment,
    listen === "" ? "HTTP APIs alone" : listen,
    visible(upstream),
    policy.mode === "observe" ? `${visible(policy.name)} (refuses nothing)` : visible(policy.name),
    policy.digest.slice(0, 12),
  ]);
  return table(heads, rows, terminal.columns);
}

function sessionTable(found: GatewayStatus, terminal: Terminal): string {
  if (found.sessions.length === 0) return terminal.style("dim", "no sessions\n");
  const heads = [
    { title: "SESSION" },
    { title: "PRINCIPAL" },
    { title: "TARGET" },
    { title: "DATABASE" },
    { title: "FROM" },
    { title: "CLIENT", shrink: true },
    { title: "SINCE" },
  ];
  const rows = found.sessions.map((session) => [
    session.id,
    visible(session.principal),
    visible(session.target),
    visible(session.database),
    session.peer,
    visible(session.client),
    new Date(session.openedAtMs).toISOString().slice(11, 19),
  ]);
  return table(heads, rows, terminal.columns);
}

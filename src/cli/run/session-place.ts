/**
 * Where a run's session comes from: a gateway that is up already, which needs no secret of ours, or one of our own for just this run.
 * Both are asked through the control socket, so that a session is the same thing either way.
 */
import type { Config, TargetConfig } from "../../config/config.ts";
import { type ResolvedUpstream, resolveUpstreamAddress } from "../../config/read-secret.ts";
import { NoGateway, readStatus } from "../../control/client.ts";
import { stateDirectory } from "../../control/state-directory.ts";
import { withoutCoreDumps } from "../process-guard.ts";
import { causeText, failed } from "../errors.ts";
import { visible } from "../output.ts";
import { toldError } from "../person-call.ts";
import type { Terminal } from "../terminal.ts";
import { secretPlaces, unsealed, type VaultKeyOptions } from "../unseal.ts";

export interface SessionPlace {
  readonly socket: string;
  /** The audit log's next record, when the place was found. */
  readonly from: number;
  readonly auditDirectory: string;
  /** The real server, as far as it is known here: what the program is not to get. */
  readonly server: Pick<ResolvedUpstream, "host" | "port"> | undefined;
  readonly password: string | undefined;
  /** Ends the gateway when it is our own. */
  readonly close: () => Promise<void>;
}

/** Rejects with a CliError that says what to do. */
export async function openPlace(config: Config, target: TargetConfig, options: VaultKeyOptions, terminal: Terminal): Promise<SessionPlace> {
  const socket = stateDirectory(config.state).controlSocket;
  const running = await readStatus(socket).catch((error: unknown) => {
    if (error instanceof NoGateway && error.code !== "EACCES") return undefined;
    throw toldError(error);
  });
  if (running === undefined) return ownGateway(config, target, options, terminal);
  const at = running.targets.find(({ name }) => name === target.name);
  if (at === undefined)
    throw failed(`the running gateway does not serve target \`${visible(target.name)}\``, "restart it with this configuration");
  const resolved = resolveUpstreamAddress(target.upstream, terminal.env);
  const known = "upstream" in resolved ? resolved.upstream : undefined;
  return {
    socket,
    from: running.audit.size,
    auditDirectory: running.audit.directory,
    server: known ?? addressOf(at.upstream),
    password: known?.password(),
    close: () => Promise.resolve(),
  };
}

function addressOf(text: string): { host: string; port: number } | undefined {
  const at = text.lastIndexOf(":");
  const port = Number(text.slice(at + 1));
  return at > 0 && Number.isInteger(port) ? { host: text.slice(0, at), port } : undefined;
}

async function ownGateway(config: Config, target: TargetConfig, options: VaultKeyOptions, terminal: Terminal): Promise<SessionPlace> {
  const vault = await unsealed(config, options, terminal);
  if (vault !== undefined) await withoutCoreDumps(process.pid);
  const environment = secretPlaces(terminal, vault);
  const resolved = target.apiOnly === true ? undefined : resolveUpstreamAddress(target.upstream, environment);
  if (resolved !== undefined && "message" in resolved) throw failed(`target \`${target.name}\`: ${resolved.message}`);
  const { WiringError, openGateway } = await import("../../wiring.ts");
  const fail = (error: unknown): never => {
    throw failed(
      error instanceof WiringError ? error.message : `the session cannot be opened: ${causeText(error)}`,
      "see `holdfast doctor`",
    );
  };
  const gateway = await openGateway(ownConfig(config, target), {
    environment,
    ...(vault === undefined ? {} : { vault }),
    warn: (message) => terminal.err(`${terminal.styleErr("yellow", "warning:")} ${visible(message)}\n`),
  }).catch(fail);
  const from = gateway.status().audit.size;
  await gateway.start().catch(async (error: unknown) => {
    await gateway.stop("it did not start").catch(() => undefined);
    return fail(error);
  });
  return {
    socket: stateDirectory(config.state).controlSocket,
    from,
    auditDirectory: config.auditDirectory,
    server: resolved?.upstream,
    password: resolved?.upstream.password(),
    close: () => gateway.stop("the run is over"),
  };
}

/** One target and the proxy on a free port each of loopback, and nobody but the run's program to log in. */
function ownConfig(config: Config, target: TargetConfig): Config {
  const { clientTls: _, ...rest } = target;
  const http = config.http === undefined ? {} : { http: { ...config.http, listen: { host: "127.0.0.1", port: 0 } } };
  return { ...config, ...http, targets: [{ ...rest, listen: { host: "127.0.0.1", port: 0 }, clientTlsRequired: false }], users: [] };
}

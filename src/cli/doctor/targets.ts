/**
 * Looks at each target: whether its server can be reached, how, as whom, and what the policy is worth there.
 * It changes nothing on the server.
 */
import { systemClock } from "../../base/clock.ts";
import { isLoopback } from "../../config/address.ts";
import type { Config, TargetConfig } from "../../config/config.ts";
import { type ResolvedUpstream, type SecretPlaces, resolveUpstreamAddress, vaultPlace } from "../../config/read-secret.ts";
import { causeText } from "../errors.ts";
import { visible } from "../output.ts";
import { opensWithoutPassword, type Probed, probeServer } from "../probe.ts";
import { type Finding, finding, named, weakness } from "./finding.ts";
import { judgeServer } from "./server.ts";

export interface ExaminedTarget {
  readonly findings: readonly Finding[];
  /** Absent where the address stands in a secret that cannot be read. */
  readonly upstream?: { readonly host: string; readonly port: number };
}

/** `running`: a gateway of this configuration runs, and its session roles are no leftovers. */
export async function examineTarget(target: TargetConfig, env: SecretPlaces, running: boolean): Promise<ExaminedTarget> {
  const topic = `target ${target.name}`;
  const policy = examinePolicy(target, topic);
  const resolved = resolveUpstreamAddress(target.upstream, env);
  const sealed = target.upstream.url?.kind === "vault" && env[vaultPlace] === undefined;
  if ("message" in resolved && sealed)
    return { findings: [...policy, finding(topic, "unknown", "its address stands in the vault, which was not opened")] };
  if ("message" in resolved) return { findings: [...policy, finding(topic, "bad", resolved.message, "set it where Holdfast runs")] };
  const { upstream } = resolved;
  const probe = {
    ...upstream,
    database: upstream.database ?? upstream.role,
    password: upstream.password(),
    ...(target.upstream.ca === undefined ? {} : { ca: target.upstream.ca }),
    ...(target.upstream.serverName === undefined ? {} : { serverName: target.upstream.serverName }),
  };
  const tls = examineTls(target, upstream, topic);
  try {
    const probed = await probeServer(probe);
    const text = `PostgreSQL ${probed.version} at ${upstream.host}:${upstream.port} answers, database \`${visible(probed.database)}\``;
    const server = await examineServer(target, env, { probe, running });
    return { findings: [...policy, finding(topic, "good", text), ...tls, ...examineRole(probed, topic), ...server], upstream };
  } catch (error) {
    const failure = named(
      "server-unreachable",
      finding(
        topic,
        "bad",
        `the server at ${upstream.host}:${upstream.port} cannot be used: ${visible(causeText(error))}`,
        "see `upstream` in the config",
      ),
    );
    return { findings: [...policy, failure, ...tls], upstream };
  }
}

/** Behind the gate: what the server would refuse by itself. */
async function examineServer(
  target: TargetConfig,
  environment: SecretPlaces,
  { probe, running }: { readonly probe: Parameters<typeof probeServer>[0]; readonly running: boolean },
): Promise<readonly Finding[]> {
  const { lookAtServer } = await import("../../wiring.ts");
  try {
    const look = await lookAtServer(target, { environment, now: () => systemClock.now() });
    return judgeServer({ target, host: probe.host, look, running, opensWithoutPassword: await opensWithoutPassword(probe) });
  } catch (error) {
    return [
      weakness("server-rights", `target ${target.name}`, "bad", {
        text: `the server's own rights cannot be looked at: ${visible(causeText(error))}`,
        why: "what stands behind the gate is not known",
        next: target.roles?.admin === undefined ? "see `upstream` in the config" : "see `roles.admin` in the config",
      }),
    ];
  }
}

function examinePolicy(target: TargetConfig, topic: string): readonly Finding[] {
  const { policy, policyName, environment } = target;
  if (policy.mode === "observe") {
    return [
      named(
        "observe",
        finding(
          topic,
          "bad",
          `policy \`${policyName}\` only observes: nothing is refused`,
          "name another policy once you have seen enough",
        ),
      ),
    ];
  }
  return [finding(topic, "good", `policy \`${policyName}\` in ${environment}`)];
}

function examineTls(target: TargetConfig, upstream: ResolvedUpstream, topic: string): readonly Finding[] {
  const local = isLoopback(upstream.host) || upstream.host.startsWith("/");
  const found: Finding[] = [];
  if (!local && upstream.tls === "disable")
    found.push(
      named(
        "server-clear-text",
        finding(topic, "bad", "the connection to the server is not encrypted", "set `tls: verify-full` under `upstream`"),
      ),
    );
  if (upstream.tls === "require")
    found.push(
      named(
        "server-unverified",
        finding(
          topic,
          local ? "weak" : "bad",
          "the server's certificate is not verified: anybody in between can be the server",
          "set `tls: verify-full` and `ca` under `upstream`",
        ),
      ),
    );
  if (target.upstream.md5Allowed)
    found.push(
      named(
        "md5",
        finding(
          topic,
          "weak",
          "md5 is accepted for the server's login",
          "set the role's password anew under scram-sha-256, and remove `md5_allowed`",
        ),
      ),
    );
  if (target.upstream.cleartextAllowed)
    found.push(
      named(
        "clear-password",
        finding(
          topic,
          "weak",
          "the server may ask for the password in clear inside TLS",
          "remove `cleartext_allowed` where the server can do SCRAM",
        ),
      ),
    );
  if (!isLoopback(target.listen.host) && !target.clientTlsRequired)
    found.push(
      named("clients-clear-text", finding(topic, "bad", "clients of other machines may connect without TLS", "set `tls.required: true`")),
    );
  if (target.replication)
    found.push(
      named(
        "replication",
        finding(
          topic,
          "weak",
          "replication connections are let through: no policy sees what they read",
          "remove `replication` where nobody needs it",
        ),
      ),
    );
  return found;
}

/** The gate is one layer; the role's rights are another, and hold when the gate errs. */
function examineRole(probed: Probed, topic: string): readonly Finding[] {
  const { role } = probed;
  const own = "use a role of its own for the agent's work, with the rights that work needs";
  if (role.superuser)
    return [
      named(
        "superuser",
        finding(
          topic,
          "bad",
          `Holdfast logs in as \`${visible(role.name)}\`, a superuser: only the gate stands between the agent and the whole server`,
          own,
        ),
      ),
    ];
  if (role.powers.length > 0)
    return [
      named(
        "powers",
        finding(
          topic,
          "bad",
          `role \`${visible(role.name)}\` reaches past the rights on tables: ${role.powers.map(visible).join(", ")}`,
          own,
        ),
      ),
    ];
  return [finding(topic, "good", `role \`${visible(role.name)}\` is no superuser and has no rights past those on objects`)];
}

export function examineUsers(config: Config): readonly Finding[] {
  // Sessions for APIs alone are opened by `holdfast run`, each with a login of its own.
  if (config.users.length === 0 && config.targets.every(({ apiOnly }) => apiOnly === true)) return [];
  if (config.users.length === 0)
    return [named("no-users", finding("users", "bad", "no user is configured: nobody can connect", "holdfast init makes one"))];
  const plain = config.users.filter((user) => user.login.kind !== "verifier");
  const found = plain.map((user) =>
    named(
      "plain-password",
      finding(
        "users",
        "weak",
        `the password of \`${visible(user.name)}\` stands where Holdfast reads it`,
        "keep its verifier in the config instead",
      ),
    ),
  );
  return [...found, finding("users", "good", `${config.users.length} configured`)];
}

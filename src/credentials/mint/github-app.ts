/**
 * Tokens of a GitHub App's installation: an hour at most, for named repositories and permissions alone, taken back when the session ends.
 * Facts: GitHub REST API, apps/create-an-installation-access-token and apps/revoke-an-installation-access-token.
 */
import type { Clock } from "../../base/clock.ts";
import { jsonOf, type MintRequest, type Minter, type MintSend, refusalOf, tokenOf } from "./minter.ts";
import { rsaKeyOf, signedJwt } from "./signed-jwt.ts";

export interface GithubAppOptions {
  /** The App's id, or its client id. */
  readonly app: string;
  readonly installation: string;
  /** Names without their owner; empty: all of the installation. */
  readonly repositories: readonly string[];
  /** By name: `read`, `write` or `admin`; empty: all that the App has. */
  readonly permissions: Readonly<Record<string, string>>;
  /** `api.github.com`, or an enterprise's own. */
  readonly host: string;
}

/** GitHub takes ten minutes at most, and clocks differ. */
const JWT_S = { before: 60, after: 540 };

export function githubAppMinter(options: GithubAppOptions, send: MintSend, clock: Pick<Clock, "now">): Minter {
  const { app, installation, repositories, permissions, host } = options;
  const scope = [
    repositories.length === 0 ? "all its repositories" : repositories.join(", "),
    Object.keys(permissions).length === 0
      ? "all its permissions"
      : Object.entries(permissions)
          .map(([name, level]) => `${name}: ${level}`)
          .join(", "),
  ];
  const headers = (token: string): MintRequest["headers"] => [
    ["authorization", `Bearer ${token}`],
    ["accept", "application/vnd.github+json"],
    ["x-github-api-version", "2022-11-28"],
    ["content-type", "application/json"],
  ];
  const asked = {
    ...(repositories.length === 0 ? {} : { repositories }),
    ...(Object.keys(permissions).length === 0 ? {} : { permissions }),
  };
  return {
    told: `a token of GitHub installation ${installation} for ${scope.join("; ")}`,
    async mint(secret, _, signal) {
      const key = rsaKeyOf(secret);
      if (key === undefined) return { problem: "the secret is no RSA private key in PEM, as GitHub gives an App" };
      const now = Math.floor(clock.now() / 1_000);
      const jwt = signedJwt({ iat: now - JWT_S.before, exp: now + JWT_S.after, iss: app }, key);
      const url = `https://${host}/app/installations/${installation}/access_tokens`;
      const reply = await send({ method: "POST", url, headers: headers(jwt), body: JSON.stringify(asked) }, signal);
      if (typeof reply === "string") return { problem: reply };
      if (reply.status !== 201) return { problem: refusalOf(reply) };
      const tree = jsonOf(reply.text);
      const value = tokenOf(tree?.["token"]);
      const expiresAtMs = Date.parse(String(tree?.["expires_at"]));
      if (tree === undefined || value === undefined || Number.isNaN(expiresAtMs))
        return { problem: "the provider's answer holds no token" };
      const wider = widerThan(tree, options);
      return wider === undefined ? { value, expiresAtMs } : { problem: wider };
    },
    async revoke(value, _, signal) {
      const reply = await send({ method: "DELETE", url: `https://${host}/installation/token`, headers: headers(value), body: "" }, signal);
      if (typeof reply === "string") return reply;
      // 401: it has ended already.
      return reply.status === 204 || reply.status === 401 ? undefined : `the provider answered ${reply.status}`;
    },
  };
}

const levels: readonly string[] = ["read", "write", "admin"];

/** What was asked for is held against what was given: a wider token than somebody configured is not used. */
function widerThan(tree: Readonly<Record<string, unknown>>, { repositories, permissions }: GithubAppOptions): string | undefined {
  if (repositories.length > 0) {
    const given = Array.isArray(tree["repositories"]) ? (tree["repositories"] as readonly { readonly name?: unknown }[]) : undefined;
    const other = given?.find(({ name }) => !repositories.some((each) => each.toLowerCase() === String(name).toLowerCase()));
    if (tree["repository_selection"] === "all" || other !== undefined)
      return "the provider gave a token for more repositories than were asked for";
  }
  if (Object.keys(permissions).length === 0) return undefined;
  const given = (tree["permissions"] ?? {}) as Readonly<Record<string, unknown>>;
  const wider = Object.entries(given).find(([name, level]) => {
    const asked = permissions[name];
    // Everybody may read metadata: GitHub adds it.
    if (asked === undefined) return !(name === "metadata" && level === "read");
    return levels.indexOf(String(level)) > levels.indexOf(asked);
  });
  return wider === undefined ? undefined : "the provider gave a token with more permissions than were asked for";
}

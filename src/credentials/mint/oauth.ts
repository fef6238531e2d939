/**
 * Bearer tokens of an OAuth 2.0 client (RFC 6749): by its own secret, or by a refresh token, which the provider may change with every use.
 * Taken back by RFC 7009 where the provider has a place for it.
 */
import type { Clock } from "../../base/clock.ts";
import {
  jsonOf,
  type Minted,
  type Minter,
  type MintProblem,
  type MintReply,
  type MintRequest,
  type MintSend,
  refusalOf,
  tokenOf,
} from "./minter.ts";

export interface OauthOptions {
  readonly grant: "client_credentials" | "refresh_token";
  readonly tokenUrl: string;
  readonly revocationUrl?: string;
  readonly clientId: string;
  /** How the client says who it is. */
  readonly clientAuth: "basic" | "body";
  readonly scope?: string;
  readonly audience?: string;
  /** Of a client that has one beside its refresh token; a reason why it is not to be had. */
  readonly clientSecret?: () => { readonly value: string } | { readonly problem: string };
}

/** Where the provider does not say how long: RFC 6749 leaves that to it. */
const LIFE_S_USUAL = 600;

export function oauthMinter(options: OauthOptions, send: MintSend, clock: Pick<Clock, "now">): Minter {
  const { grant, tokenUrl, revocationUrl, clientId, scope, audience } = options;
  const asked = (secret: string, url: string, fields: Readonly<Record<string, string>>): MintRequest | MintProblem => {
    const own = grant === "client_credentials" ? { value: secret } : (options.clientSecret?.() ?? { value: undefined });
    if ("problem" in own) return { problem: `the client's secret is not to be had: ${own.problem}` };
    return clientRequest(url, fields, { ...options, secret: own.value });
  };
  const revoke: Minter["revoke"] = async (value, secret, signal) => {
    const request = asked(secret, revocationUrl ?? "", { token: value, token_type_hint: "access_token" });
    if ("problem" in request) return request.problem;
    const reply = await send(request, signal);
    if (typeof reply === "string") return reply;
    return reply.status === 200 ? undefined : `the provider answered ${reply.status}`;
  };
  return {
    told: `a bearer token of OAuth client ${clientId}${scope === undefined ? "" : ` for ${scope}`}`,
    ...(grant === "refresh_token" ? { shared: true as const } : {}),
    async mint(secret, _, signal) {
      const request = asked(secret, tokenUrl, {
        grant_type: grant,
        ...(grant === "refresh_token" ? { refresh_token: secret } : {}),
        ...(scope === undefined ? {} : { scope }),
        ...(audience === undefined ? {} : { audience }),
      });
      if ("problem" in request) return request;
      const reply = await send(request, signal);
      return typeof reply === "string" ? { problem: reply } : mintedOf(reply, secret, clock);
    },
    ...(revocationUrl === undefined ? {} : { revoke }),
  };
}

function clientRequest(
  url: string,
  fields: Readonly<Record<string, string>>,
  { clientId, clientAuth, secret }: Pick<OauthOptions, "clientId" | "clientAuth"> & { readonly secret: string | undefined },
): MintRequest {
  const basic = clientAuth === "basic" && secret !== undefined;
  const own = basic ? {} : { client_id: clientId, ...(secret === undefined ? {} : { client_secret: secret }) };
  const login = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret ?? "")}`;
  return {
    method: "POST",
    url,
    headers: [
      ["content-type", "application/x-www-form-urlencoded"],
      ["accept", "application/json"],
      ...(basic ? [["authorization", `Basic ${Buffer.from(login).toString("base64")}`] as const] : []),
    ],
    body: new URLSearchParams({ ...fields, ...own }).toString(),
  };
}

function mintedOf(reply: MintReply, secret: string, clock: Pick<Clock, "now">): Minted | MintProblem {
  if (reply.status !== 200) return { problem: refusalOf(reply) };
  const tree = jsonOf(reply.text);
  const value = tokenOf(tree?.["access_token"]);
  const type = tree?.["token_type"] ?? "bearer";
  if (value === undefined) return { problem: "the provider's answer holds no token" };
  if (typeof type !== "string" || type.toLowerCase() !== "bearer") return { problem: "the provider gave a token that is no bearer token" };
  const expiresS = Number(tree?.["expires_in"] ?? LIFE_S_USUAL);
  const next = tokenOf(tree?.["refresh_token"]);
  return {
    value,
    expiresAtMs: clock.now() + (expiresS > 0 ? expiresS : LIFE_S_USUAL) * 1_000,
    ...(next === undefined || next === secret ? {} : { next }),
  };
}

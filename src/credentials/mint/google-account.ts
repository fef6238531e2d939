/**
 * Tokens of a Google service account, by its key file: an access token for named scopes, or an identity token for one audience.
 * Facts: Google Identity, "Using OAuth 2.0 for Server to Server Applications", RFC 7523. Google takes neither back before it ends.
 */
import type { Clock } from "../../base/clock.ts";
import { jsonOf, type Minted, type Minter, type MintProblem, type MintReply, type MintSend, refusalOf, tokenOf } from "./minter.ts";
import { rsaKeyOf, signedJwt } from "./signed-jwt.ts";

export interface GoogleAccountOptions {
  /** Of an access token; empty where `audience` says whom an identity token is for. */
  readonly scopes: readonly string[];
  readonly audience?: string;
}

const TOKEN_URI = "https://oauth2.googleapis.com/token";
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const LIFE_S = 3600;

export function googleAccountMinter({ scopes, audience }: GoogleAccountOptions, send: MintSend, clock: Pick<Clock, "now">): Minter {
  return {
    told: audience === undefined ? `an access token of Google for ${scopes.join(", ")}` : `an identity token of Google for ${audience}`,
    async mint(secret, _, signal) {
      const file = jsonOf(secret);
      const email = file?.["client_email"];
      const pem = file?.["private_key"];
      const key = typeof pem === "string" ? rsaKeyOf(pem) : undefined;
      if (file === undefined || typeof email !== "string" || key === undefined)
        return { problem: "the secret is no key file of a service account, as Google gives it" };
      // A file that names another place would have its signature sent there.
      if ((file["token_uri"] ?? TOKEN_URI) !== TOKEN_URI) return { problem: `the key file's token_uri is not ${TOKEN_URI}` };
      const now = Math.floor(clock.now() / 1_000);
      const what = audience === undefined ? { scope: scopes.join(" ") } : { target_audience: audience };
      const keyId = typeof file["private_key_id"] === "string" ? file["private_key_id"] : undefined;
      const assertion = signedJwt({ iss: email, sub: email, aud: TOKEN_URI, iat: now, exp: now + LIFE_S, ...what }, key, keyId);
      const body = new URLSearchParams({ grant_type: GRANT, assertion }).toString();
      const reply = await send(
        { method: "POST", url: TOKEN_URI, headers: [["content-type", "application/x-www-form-urlencoded"]], body },
        signal,
      );
      return typeof reply === "string" ? { problem: reply } : mintedOf(reply, audience !== undefined, clock);
    },
  };
}

function mintedOf(reply: MintReply, identity: boolean, clock: Pick<Clock, "now">): Minted | MintProblem {
  if (reply.status !== 200) return { problem: refusalOf(reply) };
  const tree = jsonOf(reply.text);
  const value = tokenOf(tree?.[identity ? "id_token" : "access_token"]);
  const expiresS = identity ? LIFE_S : tree?.["expires_in"];
  if (value === undefined || typeof expiresS !== "number" || expiresS <= 0) return { problem: "the provider's answer holds no token" };
  return { value, expiresAtMs: clock.now() + expiresS * 1_000 };
}

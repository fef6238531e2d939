/** Each provider's way of making a token, against what it would check: signatures with the other half of the key, fields by name. */
import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync, verify } from "node:crypto";
import { describe, test } from "node:test";
import { manualClock } from "../../base/clock.ts";
import { assumeRoleMinter } from "./assume-role.ts";
import { googleAccountMinter } from "./google-account.ts";
import { type GithubAppOptions, githubAppMinter } from "./github-app.ts";
import type { Minter, MintReply, MintRequest } from "./minter.ts";
import { oauthMinter, type OauthOptions } from "./oauth.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const clock = manualClock(Date.UTC(2026, 10, 22, 12));
const nowS = clock.now() / 1_000;
const signal = new AbortController().signal;

/** A provider that answers by turns, and what it was asked. */
function provider(...replies: readonly (MintReply | string)[]) {
  const asked: MintRequest[] = [];
  const send = (request: MintRequest) => {
    asked.push(request);
    return Promise.resolve(replies[asked.length - 1] ?? "nothing answers");
  };
  return { asked, send };
}

const reply = (status: number, tree: unknown): MintReply => ({ status, text: JSON.stringify(tree) });
const header = ({ headers }: MintRequest, name: string) => headers.find(([each]) => each === name)?.[1];
const minted = (minter: Minter, secret: string, principal = "run_1") => minter.mint(secret, principal, signal);

/** The claims, where the signature holds. */
function claimsOf(jwt: string): Record<string, unknown> {
  const [head = "", body = "", signature = ""] = jwt.split(".");
  assert(verify("sha256", Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, "base64url")), "the signature holds");
  assert.equal((JSON.parse(Buffer.from(head, "base64url").toString()) as { alg: string }).alg, "RS256");
  return JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
}

describe("a GitHub App", () => {
  const options: GithubAppOptions = {
    app: "12345",
    installation: "678",
    repositories: ["shop"],
    permissions: { contents: "write" },
    host: "api.github.com",
  };
  const good = {
    token: "ghs_0123456789abcdef",
    expires_at: "2026-11-22T13:00:00Z",
    permissions: { contents: "write", metadata: "read" },
    repositories: [{ name: "Shop" }],
    repository_selection: "selected",
  };

  test("asks as itself for the named repositories and permissions, and takes the token back", async () => {
    const { asked, send } = provider(reply(201, good), { status: 204, text: "" });
    const minter = githubAppMinter(options, send, clock);
    const made = await minted(minter, pem);
    assert.deepEqual(made, { value: good.token, expiresAtMs: Date.UTC(2026, 10, 22, 13) });
    const [first] = asked;
    assert(first !== undefined);
    assert.equal(`${first.method} ${first.url}`, "POST https://api.github.com/app/installations/678/access_tokens");
    assert.deepEqual(JSON.parse(first.body), { repositories: ["shop"], permissions: { contents: "write" } });
    const { iss, iat, exp } = claimsOf((header(first, "authorization") ?? "").replace("Bearer ", ""));
    assert.deepEqual([iss, iat, exp], ["12345", nowS - 60, nowS + 540]);
    assert.equal(await minter.revoke?.(good.token, pem, signal), undefined);
    assert.equal(`${asked[1]?.method} ${asked[1]?.url}`, "DELETE https://api.github.com/installation/token");
    assert(asked[1] !== undefined && header(asked[1], "authorization") === `Bearer ${good.token}`);
  });

  const wider: Readonly<Record<string, unknown>> = {
    "another repository": { ...good, repositories: [{ name: "shop" }, { name: "other" }] },
    "every repository": { ...good, repository_selection: "all", repositories: undefined },
    "a higher level": { ...good, permissions: { contents: "admin" } },
    "another permission": { ...good, permissions: { contents: "write", secrets: "read" } },
  };
  for (const [name, tree] of Object.entries(wider))
    test(`does not use a token for ${name}`, async () => {
      const made = await minted(githubAppMinter(options, provider(reply(201, tree)).send, clock), pem);
      assert("problem" in made && /more (repositories|permissions) than were asked for/.test(made.problem), JSON.stringify(made));
    });

  test("says what stood in the way, and nothing of the key", async () => {
    const of = (secret: string, answer: MintReply | string) => minted(githubAppMinter(options, provider(answer).send, clock), secret);
    assert.deepEqual(await of("not a key", "unused"), { problem: "the secret is no RSA private key in PEM, as GitHub gives an App" });
    assert.deepEqual(await of(pem, reply(403, { message: "no", error: "suspended" })), {
      problem: "the provider refused to make one: 403 suspended",
    });
    assert.deepEqual(await of(pem, "nothing came back"), { problem: "nothing came back" });
    assert.deepEqual(await of(pem, reply(201, { token: "x y" })), { problem: "the provider's answer holds no token" });
  });
});

describe("a Google service account", () => {
  const file = JSON.stringify({ client_email: "bot@p.iam.gserviceaccount.com", private_key: pem, private_key_id: "k1" });

  test("asks for an access token of its scopes", async () => {
    const { asked, send } = provider(reply(200, { access_token: "ya29.0123456789", expires_in: 3599, token_type: "Bearer" }));
    const made = await minted(googleAccountMinter({ scopes: ["https://a/one", "https://a/two"] }, send, clock), file);
    assert.deepEqual(made, { value: "ya29.0123456789", expiresAtMs: clock.now() + 3_599_000 });
    assert.equal(asked[0]?.url, "https://oauth2.googleapis.com/token");
    const form = new URLSearchParams(asked[0]?.body);
    assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { iss, aud, scope, iat, exp } = claimsOf(form.get("assertion") ?? "");
    assert.deepEqual(
      [iss, aud, scope, iat, exp],
      ["bot@p.iam.gserviceaccount.com", "https://oauth2.googleapis.com/token", "https://a/one https://a/two", nowS, nowS + 3600],
    );
  });

  test("asks for an identity token of one audience", async () => {
    const { asked, send } = provider(reply(200, { id_token: "eyJhbGciOi.J9.x" }));
    const made = await minted(googleAccountMinter({ scopes: [], audience: "https://run.example" }, send, clock), file);
    assert("value" in made && made.value === "eyJhbGciOi.J9.x");
    assert.equal(claimsOf(new URLSearchParams(asked[0]?.body).get("assertion") ?? "")["target_audience"], "https://run.example");
  });

  test("does not send its signature elsewhere", async () => {
    const { asked, send } = provider();
    const odd = JSON.stringify({ ...(JSON.parse(file) as object), token_uri: "https://evil.example/token" });
    const made = await minted(googleAccountMinter({ scopes: ["s"] }, send, clock), odd);
    assert("problem" in made && /token_uri/.test(made.problem));
    assert.equal(asked.length, 0);
  });
});

describe("an OAuth client", () => {
  const options: OauthOptions = {
    grant: "client_credentials",
    tokenUrl: "https://auth.example/token",
    clientId: "client:1",
    clientAuth: "basic",
    scope: "read write",
  };
  const bearer = { access_token: "at_0123456789", token_type: "bearer", expires_in: 120 };

  test("shows its own secret as it was told to, and nobody else's", async () => {
    const { asked, send } = provider(reply(200, bearer), reply(200, bearer));
    assert.deepEqual(await minted(oauthMinter(options, send, clock), "s3cr:et"), {
      value: "at_0123456789",
      expiresAtMs: clock.now() + 120_000,
    });
    await minted(oauthMinter({ ...options, clientAuth: "body" }, send, clock), "s3cr:et");
    assert(asked[0] !== undefined && asked[1] !== undefined);
    const login = Buffer.from((header(asked[0], "authorization") ?? "").replace("Basic ", ""), "base64").toString();
    assert.equal(login, "client%3A1:s3cr%3Aet");
    assert.deepEqual(
      [...new URLSearchParams(asked[0].body)],
      [
        ["grant_type", "client_credentials"],
        ["scope", "read write"],
      ],
    );
    assert.deepEqual([...new URLSearchParams(asked[1].body)].slice(2), [
      ["client_id", "client:1"],
      ["client_secret", "s3cr:et"],
    ]);
  });

  test("shows its refresh token, and hands on the one that takes its place", async () => {
    const { asked, send } = provider(reply(200, { ...bearer, refresh_token: "rt_next_012345" }));
    const more: OauthOptions = { ...options, grant: "refresh_token", clientSecret: () => ({ value: "own" }) };
    const made = await minted(oauthMinter(more, send, clock), "rt_first_012345");
    assert("value" in made && made.next === "rt_next_012345");
    assert.equal(new URLSearchParams(asked[0]?.body).get("refresh_token"), "rt_first_012345");
  });

  test("asks nobody without its client's secret, and takes no token of another kind", async () => {
    const { asked, send } = provider(reply(200, { ...bearer, token_type: "mac" }));
    const gone: OauthOptions = { ...options, grant: "refresh_token", clientSecret: () => ({ problem: "it was removed" }) };
    assert.deepEqual(await minted(oauthMinter(gone, send, clock), "rt"), {
      problem: "the client's secret is not to be had: it was removed",
    });
    assert.equal(asked.length, 0);
    assert.deepEqual(await minted(oauthMinter(options, send, clock), "s"), {
      problem: "the provider gave a token that is no bearer token",
    });
  });

  test("takes its token back where the provider has a place for it", async () => {
    const { asked, send } = provider({ status: 200, text: "" }, { status: 503, text: "" });
    const minter = oauthMinter({ ...options, revocationUrl: "https://auth.example/revoke" }, send, clock);
    assert.equal(await minter.revoke?.("at_0123456789", "s", signal), undefined);
    assert.equal(new URLSearchParams(asked[0]?.body).get("token"), "at_0123456789");
    assert.equal(await minter.revoke?.("at_0123456789", "s", signal), "the provider answered 503");
    assert.equal(oauthMinter(options, send, clock).revoke, undefined);
  });
});

describe("a role of AWS", () => {
  const options = { role: "arn:aws:iam::123456789012:role/agent", region: "eu-central-1", policyArns: [], durationS: 900 };
  const answer = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE000000000</AccessKeyId>
    <SecretAccessKey>abcdefgh/ijklmnop+0123456789</SecretAccessKey><SessionToken>FwoGZXIvYXdz0123456789==</SessionToken>
    <Expiration>2026-11-22T12:15:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

  test("is asked for by a signed request with the session's policy, and comes back as a pair with its token", async () => {
    const { asked, send } = provider({ status: 200, text: answer });
    const policy = '{"Version":"2012-10-17","Statement":[]}';
    const made = await minted(assumeRoleMinter({ ...options, policy }, send, clock), "AKIAEXAMPLE000000000 secretsecretsecret", "run 1/ä");
    assert.deepEqual(made, {
      value: "ASIAEXAMPLE000000000 abcdefgh/ijklmnop+0123456789 FwoGZXIvYXdz0123456789==",
      expiresAtMs: Date.UTC(2026, 10, 22, 12, 15),
      parts: ["abcdefgh/ijklmnop+0123456789", "FwoGZXIvYXdz0123456789=="],
    });
    const [request] = asked;
    assert(request !== undefined);
    const form = Object.fromEntries(new URLSearchParams(request.body));
    assert.deepEqual(form, {
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: options.role,
      RoleSessionName: "holdfast-run-1--",
      DurationSeconds: "900",
      Policy: policy,
    });
    assert.match(
      header(request, "authorization") ?? "",
      /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE000000000\/20261122\/eu-central-1\/sts\/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}$/,
    );
  });

  test("is signed as AWS works it out", async () => {
    const { asked, send } = provider({ status: 200, text: answer });
    await minted(assumeRoleMinter(options, send, clock), "AKIAEXAMPLE000000000 secretsecretsecret");
    const [request] = asked;
    assert(request !== undefined);
    const mac = (secret: Buffer | string, text: string): Buffer => createHmac("sha256", secret).update(text).digest();
    const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
    const stamp = "20261122T120000Z";
    const canonical = [
      "POST",
      "/",
      "",
      "content-type:application/x-www-form-urlencoded; charset=utf-8",
      "host:sts.eu-central-1.amazonaws.com",
      `x-amz-date:${stamp}`,
      "",
      "content-type;host;x-amz-date",
      sha(request.body),
    ].join("\n");
    const scope = "20261122/eu-central-1/sts/aws4_request";
    const day = mac("AWS4secretsecretsecret", "20261122");
    const key = mac(mac(mac(day, "eu-central-1"), "sts"), "aws4_request");
    const signature = mac(key, ["AWS4-HMAC-SHA256", stamp, scope, sha(canonical)].join("\n")).toString("hex");
    assert(header(request, "authorization")?.endsWith(`Signature=${signature}`), header(request, "authorization"));
    assert.equal(header(request, "x-amz-date"), stamp);
  });

  test("says AWS's own word for a refusal", async () => {
    const { send } = provider({
      status: 403,
      text: "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn...</Message></Error></ErrorResponse>",
    });
    const made = await minted(assumeRoleMinter(options, send, clock), "AKIAEXAMPLE000000000 secretsecretsecret");
    assert.deepEqual(made, { problem: "the provider refused to make one: 403 AccessDenied" });
  });
});

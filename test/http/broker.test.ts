/**
 * The broker on the wire: placeholders in opened places, token endpoints that Holdfast answers, tokens made for a session and taken back
 * with it, and a vault that changes beside a running gateway. The stand-in judges what arrived, and verifies signatures by itself.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, verify } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { VaultContent } from "../../src/wiring/vault.ts";
import { until } from "../grants/scene.ts";
import { type Answered, call, type ProxyLogin } from "./proxy-client.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";
import { vaultCommand } from "./vault-command.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const secretOf = (name: string): string => `${name}_${randomBytes(18).toString("base64")}`;
const clientSecret = secretOf("client");
const spare = secretOf("spare");
const [github, supabase] = ["api.github.com", "api.supabase.com"];

const vaulted = (value: string, hosts: readonly string[]): VaultContent["secrets"][string] => ({
  kind: "token",
  value,
  hosts,
  createdAtMs: 0,
  rotatedAtMs: null,
});

const credentials = `
    github: { secret: { vault: github-app }, mint: { kind: github-app, app: 12345, installation: 678, repositories: [shop], permissions: { contents: read } } }
    supabase:
      secret: { vault: supabase-client }
      mint: { kind: oauth, grant: client_credentials, token_url: "https://${supabase}/v1/oauth/token", client_id: c1 }
    spare: { secret: { vault: spare }, header: x-spare, surfaces: [query, body] }
`;

/** The providers' ends that give tokens out: what they gave, and what is still good. */
interface Tokens {
  readonly github: Set<string>;
  readonly supabase: Set<string>;
  asked: number;
  refuses: boolean;
}

function serveTokens({ railway }: ProxyScene): Tokens {
  const tokens: Tokens = { github: new Set(), supabase: new Set(), asked: 0, refuses: false };
  const json = (response: ServerResponse, status: number, body: unknown): void =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const bearer = ({ headers }: IncomingMessage): string => (headers.authorization ?? "").replace(/^Bearer /, "");
  railway.paths.set("/app/installations/678/access_tokens", (request, response, body) => {
    tokens.asked += 1;
    const [head = "", claims = "", signature = ""] = bearer(request).split(".");
    const right = verify("sha256", Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, "base64url"));
    if (!right || tokens.refuses) return json(response, 403, { message: "no" });
    assert.deepEqual(JSON.parse(body.toString()), { repositories: ["shop"], permissions: { contents: "read" } });
    const token = `ghs_${randomBytes(18).toString("hex")}`;
    tokens.github.add(token);
    json(response, 201, { token, expires_at: new Date(Date.now() + 3_600_000).toISOString(), repositories: [{ name: "shop" }] });
  });
  railway.paths.set("/installation/token", (request, response) => {
    response.writeHead(tokens.github.delete(bearer(request)) ? 204 : 401).end();
  });
  railway.paths.set("/repos/acme/shop", (request, response) => {
    json(response, tokens.github.has(bearer(request)) ? 200 : 401, { name: "shop", echoed: bearer(request) });
  });
  railway.paths.set("/v1/oauth/token", (request, response, body) => {
    const login = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
    const right = login === `c1:${encodeURIComponent(clientSecret)}` && body.toString() === "grant_type=client_credentials";
    if (!right) return json(response, 401, { error: "invalid_client" });
    const token = `sbt_${randomBytes(18).toString("hex")}`;
    tokens.supabase.add(token);
    json(response, 200, { access_token: token, token_type: "bearer", expires_in: 3600 });
  });
  railway.paths.set("/v1/projects", (request, response) => {
    json(response, tokens.supabase.has(bearer(request)) ? 200 : 401, []);
  });
  return tokens;
}

let scene: ProxyScene;
let tokens: Tokens;
const placeholderOf = ({ held }: Pick<ProxyScene, "held">, name: string): string =>
  held.opened.http?.placeholders.find((each) => each.name === name)?.placeholder ?? assert.fail(`no placeholder of ${name}`);
const get = (proxy: ProxyLogin, host: string, path: string, token: string): Promise<Answered> =>
  call(proxy, host, { method: "GET", path, headers: { authorization: `Bearer ${token}` } });
const reasonOf = ({ text }: Answered): { code: string; message: string; next?: string } =>
  (JSON.parse(text) as { error: { code: string; message: string; next?: string } }).error;

describe("the broker", () => {
  before(async () => {
    scene = await openProxyScene({
      hosts: [github, supabase],
      credentials,
      secrets: {
        "github-app": vaulted(pem, [github]),
        "supabase-client": vaulted(clientSecret, [supabase]),
        spare: vaulted(spare, [railwayHost]),
      },
    });
    tokens = serveTokens(scene);
  });
  after(() => scene?.stop());

  test("fills a placeholder in where a place was opened for it, and its answer does not show it", async () => {
    const { railway, graphql } = scene;
    const id = placeholderOf(scene, "spare");
    railway.received.length = 0;
    const answer = await graphql({ query: "query V($id: String!) { volume(id: $id) { id } }", variables: { id } });
    assert.equal(answer.status, 200, answer.text);
    const [got] = railway.received;
    assert(got !== undefined);
    assert.deepEqual((JSON.parse(got.body.toString()) as { variables: unknown }).variables, { id: spare });
    assert.equal(Number(got.headers["content-length"]), got.body.length);
    assert.equal(got.headers.authorization, `Bearer ${scene.token}`);
    railway.paths.set("/echo", (request, response) => {
      const { searchParams } = new URL(request.url ?? "/", "https://stand-in");
      const seen = searchParams.get("k") ?? "";
      const spelled = [seen, Buffer.from(`a${seen}`).toString("base64"), Buffer.from(seen).toString("hex"), encodeURIComponent(seen)];
      response.writeHead(200, { "content-encoding": "gzip", "x-echo": seen }).end(gzipSync(spelled.join(" ")));
    });
    railway.received.length = 0;
    const echoed = await scene.graphql("", { method: "GET", path: `/echo?k=${id}` });
    assert.equal(echoed.status, 200, echoed.text);
    assert.equal(new URL(railway.received[0]?.url ?? "", "https://x").searchParams.get("k"), spare);
    assert.match(echoed.text, /^\*+ \S*\*+\S* \*+ \*+$/);
    assert.doesNotMatch(JSON.stringify(echoed), new RegExp(spare.slice(6, 18).replace(/[+/]/g, "\\$&")));
  });

  test("refuses a placeholder anywhere else by name, and says what would open the place", async () => {
    scene.railway.received.length = 0;
    const body = JSON.stringify({ query: "query V($id: String!) { volume(id: $id) { id } }", variables: { id: scene.placeholder } });
    const refused = await scene.graphql(body);
    assert.equal(refused.status, 403);
    const { code, message, next } = reasonOf(refused);
    assert.equal(code, "protocol_refused");
    assert.match(message, /the placeholder of `railway` stands in the body, where it is not filled in/);
    assert.match(next ?? "", /`http\.credentials\.railway\.surfaces`/);
    assert.deepEqual(scene.railway.received, []);
    assert(!scene.approvals.warnings.some((text) => text.includes("FOUND CREDENTIAL")), "nobody is alarmed by it");
  });

  test("answers a provider's token endpoint itself, and sends the real bearer where the placeholder stands", async () => {
    const placeholder = placeholderOf(scene, "supabase");
    const ask = (secret: string) =>
      call(scene.proxy, supabase, {
        path: "/v1/oauth/token",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `grant_type=client_credentials&client_id=c1&client_secret=${secret}`,
      });
    scene.railway.asked.length = 0;
    scene.railway.received.length = 0;
    const answer = await ask(placeholder);
    assert.equal(answer.status, 200, answer.text);
    const { access_token } = JSON.parse(answer.text) as { access_token: string };
    assert.equal(access_token, placeholder);
    assert.deepEqual([...scene.railway.received, ...scene.railway.asked], [], "nothing of it was sent");
    assert.equal((await get(scene.proxy, supabase, "/v1/projects", access_token)).status, 200);
    assert.equal((await get(scene.proxy, supabase, "/v1/projects", access_token)).status, 200);
    assert.equal(tokens.supabase.size, 1, "one bearer, made once");
    const found = await ask("a-secret-from-elsewhere");
    assert.equal(reasonOf(found).code, "found_credential");
    await until("that is on record", async () => (await scene.approvals.events("token_answered")).length > 0);
    const [told] = await scene.approvals.events("token_answered");
    assert.deepEqual([told?.host, told?.credential, told?.status], [supabase, "supabase", 200]);
  });

  test("makes a token of a session's own, hides it, and has it taken back when the session ends", async () => {
    const own = await scene.another();
    const placeholder = placeholderOf(own, "github");
    const before = tokens.asked;
    const answers = await Promise.all([1, 2, 3].map(() => get(own.proxy, github, "/repos/acme/shop", placeholder)));
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.text, /"echoed":"\*+"/);
    }
    assert.equal(tokens.asked, before + 1);
    const [token = ""] = tokens.github;
    const stolen = await get(scene.proxy, github, "/repos/acme/shop", token);
    assert.equal(reasonOf(stolen).code, "found_credential", "a made one is a real one");
    own.held.letGo();
    await until("the token is taken back", () => Promise.resolve(tokens.github.size === 0));
    await until("that is on record", async () => (await scene.approvals.events("credential_ended")).length > 0);
    const [ended] = await scene.approvals.events("credential_ended");
    assert.deepEqual([ended?.credential, ended?.end], ["github", "revoked"]);
    const minted = (await scene.approvals.events("credential_minted")).find(({ credential }) => credential === "github");
    assert.match(minted?.told ?? "", /installation 678 for shop; contents: read/);
    assert(!JSON.stringify([ended, minted]).includes(token));
  });

  test("sends nothing where no token can be made, and says why by name", async () => {
    const own = await scene.another();
    try {
      tokens.refuses = true;
      scene.railway.received.length = 0;
      const refused = await get(own.proxy, github, "/repos/acme/shop", placeholderOf(own, "github"));
      assert.equal(refused.status, 403);
      assert.equal(reasonOf(refused).code, "credential_unavailable");
      assert.match(reasonOf(refused).message, /the secret `github` is not to be had: the provider refused to make one: 403/);
      assert.deepEqual(scene.railway.received, []);
    } finally {
      tokens.refuses = false;
      own.held.letGo();
    }
  });

  test("follows the vault while it runs: a rotated secret is the next request's, a removed one is none", async () => {
    const { folder } = scene.approvals;
    const { railway } = scene;
    const answered = (id: string) => scene.graphql({ query: "query V($id: String!) { volume(id: $id) { id } }", variables: { id } });
    const secrets = [spare, clientSecret, scene.token, secretOf("rotated"), secretOf("added"), pem];
    const [, , , rotated = "", added = ""] = secrets;
    const said = [
      await vaultCommand(folder, ["list"]),
      await vaultCommand(folder, ["add", "another", "--kind", "token", "--host", github], added),
      await vaultCommand(folder, ["rotate", "spare"], rotated),
      await vaultCommand(folder, ["rotate", "absent"], added),
    ];
    assert.deepEqual(
      said.map(({ code }) => code),
      [0, 0, 0, 1],
      JSON.stringify(said),
    );
    const id = placeholderOf(scene, "spare");
    await until("the next request has the new one", async () => {
      railway.received.length = 0;
      assert.equal((await answered(id)).status, 200);
      return railway.received[0]?.body.includes(rotated) === true;
    });
    const old = await scene.graphql(JSON.stringify({ query: `{ me { name } } # ${rotated}` }));
    assert.equal(reasonOf(old).code, "found_credential", "the new one is looked for as the old one was");
    said.push(await vaultCommand(folder, ["remove", "spare"]));
    await until("it is refused by name", async () => {
      const refused = await answered(id);
      if (refused.status === 200) return false;
      assert.equal(reasonOf(refused).code, "credential_unavailable", refused.text);
      assert.match(reasonOf(refused).message, /the vault holds no secret `spare`/);
      return true;
    });
    assert.equal((await scene.approvals.events("credential_found")).filter(({ host }) => host === railwayHost).length, 1);
    for (const { said: text } of said)
      for (const secret of secrets) assert(!text.includes(secret) && !text.includes(secret.slice(8, 24)), "a secret was printed");
  });

  test("no record holds a secret or a token", async () => {
    const kinds = [
      "judgement",
      "intent",
      "outcome",
      "credential_found",
      "credential_minted",
      "credential_ended",
      "token_answered",
    ] as const;
    const all = JSON.stringify(await Promise.all(kinds.map((kind) => scene.approvals.events(kind))));
    for (const secret of [spare, clientSecret, scene.token, pem.split("\n")[3] ?? "", ...tokens.supabase])
      assert(!all.includes(secret), "a secret stands in the record");
    assert(all.includes(railwayPath));
  });
});

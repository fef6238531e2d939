/** The broker: what is swapped, what is found, and that nothing secret is in what is judged. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Taken } from "../../model/brokered.ts";
import type { BoundSecret } from "./bound-secret.ts";
import { CredentialBroker } from "./broker.ts";

const REAL = "rw_real_0123456789abcdef";
const host = "backboard.railway.com";
const packed = { authSlots: ["authorization", "project-access-token", "cookie"] };
const railway: BoundSecret = {
  name: "railway",
  hosts: [host],
  header: "authorization",
  form: "Bearer {}",
  mode: "placeholder",
  prefix: "hfp_",
  surfaces: new Set(),
  value: () => ({ value: REAL }),
};

function broker(secrets: readonly BoundSecret[] = [railway], known: readonly string[] = [REAL]): CredentialBroker {
  return new CredentialBroker({ secrets, key: Buffer.alloc(32, 7), known: () => known, shaped: (text) => /sk_live_\w{10}/.test(text) });
}

type Pair = readonly [string, string];
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const placeholder = broker().issue("run_1").get("railway") ?? "";
const take = (headers: readonly Pair[], more: { target?: string; host?: string; broker?: CredentialBroker } = {}): Taken =>
  (more.broker ?? broker()).take("run_1", {
    packed,
    host: more.host ?? host,
    method: "POST",
    target: more.target ?? "/graphql/v2",
    headers,
  });

async function sent(taken: Taken) {
  assert(taken.kind === "clean", JSON.stringify(taken));
  const filled = await taken.sent(undefined);
  assert(typeof filled !== "string", String(filled));
  return filled;
}

describe("the broker", () => {
  const forms: readonly (readonly [string, string])[] = [
    [`Bearer ${placeholder}`, `Bearer ${REAL}`],
    [`bearer ${placeholder}`, `bearer ${REAL}`],
    [`token ${placeholder}`, `token ${REAL}`],
    [placeholder, REAL],
    [basic(`x-access-token:${placeholder}`), basic(`x-access-token:${REAL}`)],
    [basic(`${placeholder}:`), basic(`${REAL}:`)],
    [basic(`${placeholder}:x-oauth-basic`), basic(`${REAL}:x-oauth-basic`)],
  ];
  for (const [given, expected] of forms)
    test(`puts the secret in place of the placeholder: ${given.replace(placeholder, "P")}`, async () => {
      const taken = take([
        ["accept", "*/*"],
        ["authorization", given],
      ]);
      assert.deepEqual(await sent(taken), {
        headers: [
          ["accept", "*/*"],
          ["authorization", expected],
        ],
        secrets: [REAL],
      });
      assert(taken.kind === "clean");
      assert.deepEqual(taken.judged, [["accept", "*/*"]]);
    });

  const found: Readonly<Record<string, () => Taken>> = {
    "another token": () => take([["authorization", "Bearer other"]]),
    "the real one": () => take([["authorization", `Bearer ${REAL}`]]),
    "the placeholder with something behind it": () => take([["authorization", `Bearer ${placeholder}x`]]),
    "two words": () => take([["authorization", `Bearer ${placeholder} ${REAL}`]]),
    "a list": () => take([["authorization", `Bearer ${placeholder}, Bearer x`]]),
    "the placeholder in a slot that it is not for": () => take([["project-access-token", placeholder]]),
    "the placeholder in two slots": () =>
      take([
        ["authorization", placeholder],
        ["authorization", placeholder],
      ]),
    "a token beside it": () =>
      take([
        ["authorization", placeholder],
        ["x-api-key", "k"],
      ]),
    "a token in the name of Basic": () => take([["authorization", basic(`${"t".repeat(80)}:${placeholder}`)]]),
    "a password beside the placeholder": () => take([["authorization", basic(`${placeholder}:hunter2hunter2`)]]),
    "the placeholder at another host": () => take([["authorization", placeholder]], { host: "api.github.com" }),
    "another session's": () => take([["authorization", broker().issue("run_2").get("railway") ?? ""]]),
    "a cookie": () => take([["cookie", "a=b"]]),
    "a header with underscores": () => take([["x_api_key", "k"]]),
    "a key in the query": () => take([], { target: "/x?a=1&access_token=abc" }),
    "a key in the query, encoded": () => take([], { target: "/x?access%5ftoken=abc" }),
    "a signature": () => take([], { target: "/x?X-Amz-Signature=abc" }),
    "the secret in the path": () => take([], { target: `/x/${REAL}` }),
    "the secret in base64": () => take([["x-note", Buffer.from(`..${REAL}`).toString("base64")]]),
    "a shape": () => take([["x-note", "sk_live_abcdefghij"]]),
    "AWS's own signature": () =>
      take([["authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/rds/aws4_request, Signature=ab"]]),
  };
  for (const [name, act] of Object.entries(found))
    test(`finds ${name}`, async () => {
      const taken = act();
      assert.equal(taken.kind, "found");
      assert(!JSON.stringify(taken).includes(REAL) && !JSON.stringify(taken).includes(placeholder));
    });

  test("lets through what carries none", async () => {
    const headers: readonly Pair[] = [
      ["accept", "*/*"],
      ["authorization", ""],
      ["idempotency-key", "1"],
      ["x-github-api-version", "2022-11-28"],
    ];
    assert.deepEqual(await sent(take(headers, { target: "/x?key=cache-1&page_token=2&token=" })), {
      headers: headers.filter(([name]) => name !== "authorization"),
      secrets: [],
    });
  });

  test("writes the secret itself where the client sends nothing, and strips nothing that it would have to find", async () => {
    const injecting = broker([{ ...railway, mode: "inject" }]);
    assert.deepEqual((await sent(take([["accept", "*/*"]], { broker: injecting }))).headers, [
      ["accept", "*/*"],
      ["authorization", `Bearer ${REAL}`],
    ]);
    assert.equal(take([["authorization", "Bearer mine"]], { broker: injecting }).kind, "found");
    assert.deepEqual((await sent(take([], { broker: injecting, host: "api.github.com" }))).secrets, []);
  });

  test("a host is bound as it is written: no ending, no port, no subdomain of it", async () => {
    for (const other of [`x${host}`, `${host}.evil.example`, `${host}:8443`, "railway.com"])
      assert.equal(take([["authorization", placeholder]], { host: other }).kind, "found", other);
    const wild = broker([{ ...railway, hosts: ["*.railway.com"] }]);
    assert.equal(take([["authorization", placeholder]], { broker: wild }).kind, "clean");
    assert.equal(take([["authorization", placeholder]], { broker: wild, host: "backboard.railway.com.evil" }).kind, "found");
  });

  test("a secret that is not to be had is said by its name", async () => {
    const gone = broker([{ ...railway, value: () => ({ problem: "the vault holds no secret" }) }]);
    const taken = take([["authorization", placeholder]], { broker: gone });
    assert(taken.kind === "clean");
    assert.equal(await taken.sent(undefined), "the secret `railway` is not to be had: the vault holds no secret");
  });

  test("a secret with a line break does not become two headers", async () => {
    const odd = broker([{ ...railway, value: () => ({ value: "a\r\nx: y" }) }]);
    const taken = take([["authorization", placeholder]], { broker: odd });
    assert(taken.kind === "clean");
    assert(/does not fit/.test(String(await taken.sent(undefined))));
  });

  test("placeholders are a session's own, steady, and forgotten with it", async () => {
    const own = broker();
    const issued = own.issue("run_1").get("railway") ?? "";
    assert.match(issued, /^hfp_[0-9a-f]{40}$/);
    assert.equal(own.issue("run_1").get("railway"), issued);
    assert.notEqual(own.issue("run_2").get("railway"), issued);
    assert.equal(own.holder([["authorization", `Bearer ${issued}`]]), "run_1");
    own.forget("run_1");
    assert.equal(own.holder([["authorization", `Bearer ${issued}`]]), undefined);
  });
});

/**
 * Every form of a signed request, through a real gateway to the stand-in for AWS, which judges signatures by code of its own; and what is
 * refused, by its name, with nothing sent.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadConfig } from "../../src/config/load-config.ts";
import type { Pair } from "../../src/credentials/sigv4/canonical.ts";
import { changeVault, openSealedVault } from "../../src/wiring/vault.ts";
import { vaultPassphrase } from "../grants/scene.ts";
import { type Answered, call, type Call, type ProxyLogin } from "./proxy-client.ts";
import { chunked, type Signing, signedCall } from "./signed-call.ts";
import { newKey, openSigningScene, type SigningScene } from "./sigv4-scene.ts";
import { s3Host } from "./stand-in-s3.ts";

let scene: SigningScene;
let proxy: ProxyLogin;
let pair: { readonly id: string; readonly secret: string };
before(async () => {
  scene = await openSigningScene();
  const { http, user, password } = scene.held.opened;
  assert(http !== undefined);
  proxy = { ...http, user, password };
  const [id, secret] = http.placeholders.map(({ placeholder }) => placeholder);
  pair = { id: id ?? "", secret: secret ?? "" };
});
after(() => scene.stop());

const BUCKET = `shop-staging.${s3Host}`;
const dynamo = "dynamodb.eu-central-1.amazonaws.com";
const sha = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** Signed with the session's pair, unless said otherwise, and sent as `more` changes it. */
function ask(signing: Partial<Signing> & Pick<Signing, "path">, more: (made: Call) => Call = (made) => made): Promise<Answered> {
  const host = signing.host ?? BUCKET;
  return call(proxy, host, more(signedCall({ pair, host, method: "PUT", ...signing })));
}

/** It came with signatures that hold, or it did not come. */
async function assertTaken(answer: Promise<Answered>): Promise<void> {
  const { status, text } = await answer;
  const last = scene.s3.arrived.at(-1);
  assert(status < 300, `${status} ${text} ${JSON.stringify(last)}`);
  assert.equal(last?.refused, undefined);
}

async function assertRefused(answer: Promise<Answered>, why: RegExp, code = "protocol"): Promise<void> {
  const since = arrivedElsewhere();
  const { status, text, headers } = await answer;
  assert.equal(status, 403, text);
  assert.match(text, why);
  if (code === "found_credential") assert.equal(headers["holdfast-reason"], code);
  assert.equal(arrivedElsewhere(), since, `it arrived: ${JSON.stringify(scene.s3.arrived.at(-1))}`);
}

/** But for uploads that were given up on their way, which the stand-in may see late. */
const arrivedElsewhere = (): number => scene.s3.arrived.filter(({ url }) => !url.startsWith("/long-")).length;

describe("a key with empty segments and a parameter in it", () => {
  for (const path of ["/logs//2026//x.txt", "/a;v=1/b"])
    test(`is signed and stored as it is: ${path}`, async () => {
      await assertTaken(ask({ path, body: "hello" }));
      assert.equal(scene.s3.objects.get(`shop-staging${path}`)?.text, "hello", [...scene.s3.objects.keys()].join());
    });
});

describe("what a body is signed as", () => {
  const words: readonly (readonly [string, Partial<Signing>])[] = [
    ["by its hash", { body: "hello" }],
    ["not at all", { body: "hello", payload: "UNSIGNED-PAYLOAD" }],
    ["empty", { body: "" }],
    ["in the query", { body: "hello", presigned: 60 }],
    ["in chunks", { body: chunked("hello ".repeat(10_000), 8_192), payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }],
    ["in chunks with a trailer", { body: chunked("hello ".repeat(10_000), 8_192), payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" }],
    ["in chunks that nobody signed", { body: chunked("hello ".repeat(10_000), 8_192), payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER" }],
    ["in one chunk", { body: chunked("h", 8_192), payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }],
    ["in no chunk but the last", { body: chunked("", 8_192), payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }],
    ["long, by its hash", { body: "x".repeat(3_000_000) }],
    ["long, in chunks", { body: chunked("x".repeat(3_000_000), 100_000), payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }],
    [
      "long, in chunks with a trailer",
      { body: chunked("x".repeat(3_000_000), 65_536), payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" },
    ],
    [
      "long, in chunks that nobody signed",
      { body: chunked("x".repeat(3_000_000), 3_000_000), payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
    ],
  ];
  for (const [name, signing] of words)
    test(`${name}: it arrives whole, signed with the real key`, async () => {
      const key = name.replaceAll(/\W/g, "-");
      await assertTaken(ask({ path: `/${key}`, ...signing }));
      const { body = "" } = signing;
      const said = typeof body === "string" ? body : body.said;
      const stored = scene.s3.objects.get(`shop-staging/${key}`);
      assert.deepEqual([stored?.bytes, stored?.sha256], [said.length, sha(said)]);
      if (signing.payload !== undefined) assert.equal(stored?.payload, signing.payload);
      if (signing.payload?.endsWith("-TRAILER")) assert.match(String(stored?.trailers), /^x-amz-checksum-sha256:/);
    });

  test("a length that was told is told upstream, too: S3 takes no other", async () => {
    await assertTaken(ask({ path: "/long", body: "x".repeat(2_000_000) }));
    assert.equal(scene.s3.arrived.at(-1)?.headers["content-length"], "2000000");
  });

  test("without a header for its hash, as every service but S3 has it: short, and longer than what is judged", async () => {
    const headers: readonly Pair[] = [
      ["x-amz-target", "DynamoDB_20120810.ListTables"],
      ["content-type", "application/x-amz-json-1.0"],
    ];
    const asked = { host: dynamo, path: "/", method: "POST", api: "dynamodb", payload: "", headers };
    await assertTaken(ask({ ...asked, body: "{}" }));
    await assertRefused(
      ask({ ...asked, body: "{}" }, (made) => ({ ...made, body: '{"Limit":1}' })),
      /not the session's/,
    );
    const lambda = {
      host: "lambda.eu-central-1.amazonaws.com",
      path: "/2015-03-31/functions/shop",
      method: "GET",
      api: "lambda",
      payload: "",
    };
    await assertTaken(ask({ ...lambda, path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A1%3Afunction%3Ashop" }));
    await assertRefused(ask({ ...asked, body: "x".repeat(17 * 1024 * 1024) }), /longer than 16777216 bytes/);
  });
});

describe("what is refused by name", () => {
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const minutes = 60_000;
  const cases: readonly (readonly [string, Partial<Signing>, (made: Call) => Call, RegExp])[] = [
    ["another region", { region: "us-east-1" }, (made) => made, /signed for the region `us-east-1`/],
    ["another service", { api: "iam" }, (made) => made, /signed for the service `iam`/],
    ["an hour ago", { stamp: at(-60 * minutes) }, (made) => made, /more than 15 minutes ago/],
    ["in an hour", { stamp: at(60 * minutes) }, (made) => made, /a time that is not yet/],
    ["presigned for a time that is over", { stamp: at(-60 * minutes), presigned: 60 }, (made) => made, /a time that is over/],
    ["presigned for ever", { presigned: 700_000 }, (made) => made, /longer than seven days/],
    ["another day in its scope", { day: "20200101" }, (made) => made, /not of the day/],
    ["another path", {}, (made) => ({ ...made, path: "/other" }), /not the session's/],
    ["another method", {}, (made) => ({ ...made, method: "POST" }), /not the session's/],
    ["a query more", {}, (made) => ({ ...made, path: `${made.path}?acl` }), /not the session's/],
    ["another body", { body: "hello" }, (made) => ({ ...made, body: "hullo" }), /not the one that was signed/],
    [
      "a header of AWS that is not signed",
      {},
      (made) => ({ ...made, headers: { ...made.headers, "x-amz-acl": "public-read" } }),
      /`x-amz-acl` is not among/,
    ],
    [
      "a signed header that is another",
      { headers: [["x-amz-acl", "private"]] },
      (made) => ({ ...made, headers: { ...made.headers, "x-amz-acl": "public-read" } }),
      /not the session's/,
    ],
    ["an unknown form of body", { payload: "STREAMING-SOMETHING" }, (made) => made, /neither a hash nor a form/],
    ["a stream of events", { payload: "STREAMING-AWS4-HMAC-SHA256-EVENTS" }, (made) => made, /stream of signed events/],
    ["version 4A", {}, (made) => swapped(made, (value) => value.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")), /Version 4A/],
    ["version 2", {}, (made) => swapped(made, () => `AWS ${pair.id}:bm90aGluZw==`), /Version 2/],
    ["the key alone", {}, (made) => swapped(made, () => `AWS4-HMAC-SHA256 Credential=${pair.id}`), /not one of Signature Version 4/],
    [
      "a chunk that is another",
      { body: chunked("hello", 8_192), payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" },
      (made) => ({ ...made, body: String(made.body).replace("hello", "hullo") }),
      /signature of a chunk/,
    ],
    [
      "chunks that end too early",
      { body: chunked("hello", 8_192), payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
      (made) => ({ ...made, body: String(made.body).replace(/0\r\n[\s\S]*/, "") }),
      /end before the last one/,
    ],
  ];
  for (const [name, signing, more, why] of cases)
    test(name, () => assertRefused(ask({ path: "/refused", body: "", ...signing }, more), why));

  test("a long body that is another is not finished: nothing of it is stored", async () => {
    const made = signedCall({ pair, host: BUCKET, method: "PUT", path: "/long-other", body: "x".repeat(3_000_000) });
    const refused = async (asked: Call): Promise<void> => {
      const { status, text } = await call(proxy, BUCKET, asked);
      // In the provider's own form, whose clients would ask again after a 5xx.
      assert.equal(status, 403, text);
      assert.match(text, /may have taken effect/);
    };
    await refused({ ...made, body: `${"x".repeat(2_999_999)}y` });
    assert(!scene.s3.objects.has("shop-staging/long-other"));
    const chunks = signedCall({
      pair,
      host: BUCKET,
      method: "PUT",
      path: "/long-chunks",
      body: chunked("x".repeat(3_000_000), 65_536),
      payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    });
    const body = Buffer.from(String(chunks.body).replace(/x\r\n0;chunk/, "y\r\n0;chunk"));
    await refused({ ...chunks, body });
    assert(!scene.s3.objects.has("shop-staging/long-chunks"));
  });
});

describe("whose key it is", () => {
  test("a real key is found in a header and in a query, in old forms as well; the session's with a token is, too", async () => {
    const found = newKey();
    scene.s3.keys.set(found.id, found);
    const asked = { path: "/found", body: "" };
    await assertRefused(ask({ ...asked, pair: found }), /did not give out/, "found_credential");
    await assertRefused(ask({ ...asked, pair: found, presigned: 60 }), /did not give out/, "found_credential");
    await assertRefused(
      ask(asked, (made) => swapped(made, () => `AWS ${found.id}:bm90aGluZw==`)),
      /did not give out/,
      "found_credential",
    );
    await assertRefused(
      ask(asked, (made) => ({ ...made, headers: {}, path: `/found?AWSAccessKeyId=${found.id}&Expires=1&Signature=a` })),
      /did not give out/,
      "found_credential",
    );
    await assertRefused(
      ask({ ...asked, headers: [["x-amz-security-token", "a-token-of-somebody"]] }),
      /did not give out/,
      "found_credential",
    );
    await assertRefused(
      ask(asked, (made) => ({ ...made, path: `${made.path}?X-Amz-Credential=${found.id}%2F20260101%2Fx%2Fs3%2Faws4_request` })),
      /did not give out/,
      "found_credential",
    );
    // The real one itself: an agent that came by it all the same.
    await assertRefused(ask({ ...asked, pair: scene.real }), /did not give out/, "found_credential");
  });

  test("a pair of another session is found; the session's own is refused where it signed with another key", async () => {
    const other = await scene.approvals.program();
    try {
      const [id = "", secret = ""] = other.opened.http?.placeholders.map(({ placeholder }) => placeholder) ?? [];
      assert.notEqual(id, pair.id);
      await assertRefused(ask({ path: "/found", body: "", pair: { id, secret } }), /did not give out/, "found_credential");
    } finally {
      other.letGo();
    }
    await assertRefused(ask({ path: "/found", body: "", pair: { ...pair, secret: "another" } }), /not the session's/);
  });

  test("beside the signature no other credential goes along", async () => {
    const headers: readonly Pair[] = [["x-api-key", "somebody-elses-key"]];
    await assertRefused(ask({ path: "/found", body: "", headers }), /did not give out/, "found_credential");
    await assertRefused(ask({ path: "/found", body: scene.real.secret }), /did not give out/, "found_credential");
    const split = chunked(`secret: ${scene.real.secret}`, 16);
    await assertRefused(
      ask({ path: "/found", body: split, payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER" }),
      /did not give out/,
      "found_credential",
    );
  });

  test("neither the real id nor a signature comes back, where an answer shows the request", async () => {
    for (const signing of [{}, { presigned: 60 }]) {
      const answer = await ask({ path: "/echo", method: "GET", body: "", ...signing });
      assert.equal(answer.status, 200, answer.text);
      const sent = scene.s3.arrived.at(-1);
      const signature = /Signature=([0-9a-f]{64})/.exec(`${sent?.url} ${String(sent?.headers["authorization"])}`)?.[1];
      assert(signature !== undefined);
      for (const part of [scene.real.id, scene.real.secret, signature]) assert(!answer.text.includes(part), answer.text);
      assert.match(answer.text, /Signature=\*{64}/);
    }
  });

  test("credentials that end bring their token with them, from the moment that they are in the vault", async () => {
    const ending = newKey("AQoDYXdzEPT//////////wEXAMPLE/+token==");
    scene.s3.keys.set(ending.id, ending);
    const loaded = loadConfig({ path: join(scene.approvals.folder, "holdfast.yaml") });
    assert("config" in loaded);
    const vault = await openSealedVault(loaded.config, vaultPassphrase());
    const change = async (value: string): Promise<void> => {
      const rotated = (content: typeof vault.content) => {
        const before = content.secrets["aws-key"];
        assert(before !== undefined);
        return { ...content, secrets: { ...content.secrets, "aws-key": { ...before, value } } };
      };
      await changeVault(vault, loaded.config, rotated, "rotated");
      await scene.approvals.gateway.look();
    };
    try {
      await change(`${ending.id} ${ending.secret} ${ending.token}`);
      await assertTaken(ask({ path: "/ending", body: "hello" }));
      assert.equal(scene.s3.arrived.at(-1)?.headers["x-amz-security-token"], ending.token);
      await assertTaken(ask({ path: "/ending", method: "GET", body: "", presigned: 60 }));
      assert.match(String(scene.s3.arrived.at(-1)?.url), /X-Amz-Security-Token=AQoDYXdz/);
      const body = chunked("hello", 8_192);
      await assertTaken(ask({ path: "/ending", body, payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }));
    } finally {
      await change(`${scene.real.id} ${scene.real.secret}`);
      vault.close();
    }
    await assertTaken(ask({ path: "/ending", body: "again" }));
  });
});

function swapped(made: Call, change: (authorization: string) => string): Call {
  const { authorization, ...rest } = made.headers ?? {};
  return { ...made, headers: { ...rest, authorization: change(String(authorization)) } };
}

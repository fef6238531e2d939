import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dummyKeyPair, keyPairOf, keyPairText, secretParts } from "./key-pair.ts";

const id = "AKIAQQQQWWWWEEEERRRR";
const secret = "abc/def+ghi0123456789jklmnopqrstuvwxyzAB";
const token = "AQoDYXdzEPT//////////+token==";

const pairs: readonly (readonly [string, string, boolean])[] = [
  ["two words", `${id} ${secret}`, false],
  ["two lines", `${id}\n${secret}\n`, false],
  ["a colon between them", `${id}:${secret}`, false],
  ["three words", `  ${id} ${secret} ${token}  `, true],
  ["a profile", `[default]\naws_access_key_id = ${id}\naws_secret_access_key=${secret}\n`, false],
  ["a profile that ends", `[x]\r\naws_access_key_id=${id}\r\naws_secret_access_key = ${secret}\r\naws_session_token = ${token}\r\n`, true],
  ["an environment", `export AWS_ACCESS_KEY_ID="${id}"\nexport AWS_SECRET_ACCESS_KEY='${secret}'\n`, false],
  [
    "aws sts",
    JSON.stringify({ Credentials: { AccessKeyId: id, SecretAccessKey: secret, SessionToken: token, Expiration: "2026-01-01" } }),
    true,
  ],
  ["aws iam", JSON.stringify({ AccessKey: { UserName: "x", AccessKeyId: id, SecretAccessKey: secret } }), false],
  ["a credential process", JSON.stringify({ Version: 1, AccessKeyId: id, SecretAccessKey: secret }), false],
  ["an SDK's object", JSON.stringify({ accessKeyId: id, secretAccessKey: secret, sessionToken: token }), true],
];

describe("a key pair is read out of", () => {
  for (const [name, text, ends] of pairs)
    test(name, () => {
      const pair = keyPairOf(text);
      assert.deepEqual(pair, ends ? { id, secret, token } : { id, secret });
      assert(pair !== undefined);
      assert.deepEqual(keyPairOf(keyPairText(pair)), pair);
      assert.deepEqual(secretParts(pair), ends ? [secret, token] : [secret]);
    });

  for (const [name, text] of Object.entries({
    nothing: "",
    "one word": secret,
    "four words": `${id} ${secret} ${token} more`,
    "two profiles": `[a]\naws_access_key_id=${id}\naws_secret_access_key=${secret}\n[b]\naws_access_key_id=${id}\naws_secret_access_key=${secret}`,
    "a profile without its key": `aws_access_key_id=${id}`,
    "JSON of something else": '{"password":"x"}',
    "broken JSON": `{"AccessKeyId":"${id}"`,
    "an id that is none": `a/b ${secret}`,
    "a key that is too short": `${id} abc`,
  }))
    test(`nothing of ${name}`, () => assert.equal(keyPairOf(text), undefined));
});

test("a dummy pair is of the right shape, the same for one holder, and another for each holder, name and key", () => {
  const key = new Uint8Array(32).fill(7);
  const made = dummyKeyPair(key, "run-1", "aws");
  assert.match(made.id, /^AKIA[A-Z2-7]{16}$/);
  assert.match(made.secret, /^[A-Za-z0-9+/]{40}$/);
  assert.deepEqual(dummyKeyPair(key, "run-1", "aws"), made);
  const others = [dummyKeyPair(key, "run-2", "aws"), dummyKeyPair(key, "run-1", "other"), dummyKeyPair(new Uint8Array(32), "run-1", "aws")];
  for (const other of others) assert(other.id !== made.id && other.secret !== made.secret);
});

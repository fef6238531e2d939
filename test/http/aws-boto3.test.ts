/**
 * What boto3 really sends, against what is read out of it: for operations of every wire form that it speaks, the operation that it was
 * asked for is the one that is read, signature included. Nothing leaves the machine: each request is caught where it would have been sent.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { canonicalRequest } from "../../src/effects/http/canonical-request.ts";
import { withParameters } from "../../src/effects/http/model-body.ts";
import { modelCalls } from "../../src/effects/http/model-calls.ts";
import { NOT_TEXT } from "../../src/model/http-request.ts";
import { aws } from "../../src/packs/aws.ts";
import { library } from "../support/tools.ts";

interface Asked {
  /** As boto3 calls it. */
  readonly api: string;
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  /** In base64. */
  readonly body: string;
  readonly problem?: string;
}

/** Services of each form, with how many of their operations: all where no number stands. */
const chosen =
  "s3 s3control dynamodb sqs rds:60 ec2:60 iam:40 lambda route53 cloudfront:60 kms glacier backup sts apigateway:60 cloudwatch ses:20 " +
  "sesv2:20 iot-data logs:20 elbv2:20 eks secretsmanager";

const run = promisify(execFile);
let asked: readonly Asked[] = [];

before(async () => {
  await library("boto3");
  const script = fileURLToPath(new URL("./aws_requests.py", import.meta.url));
  const { stdout } = await run("/usr/bin/python3", [script, ...chosen.split(" ")], { maxBuffer: 256 * 1024 * 1024 });
  asked = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Asked);
});

/** What is read out of it, as the proxy would hand it on: its text, or its bytes where they are none. */
function readOut({ method, url, headers, body }: Asked): readonly string[] {
  const bytes = Buffer.from(body, "base64");
  const text = bytes.toString("utf8");
  const given = Buffer.from(text).equals(bytes) ? { body: text } : { body, opaque: NOT_TEXT };
  const canonical = canonicalRequest({ method, url, headers, ...given });
  if ("refused" in canonical) return [canonical.refused];
  assert(aws.models !== undefined);
  const found = modelCalls(aws.models, withParameters(canonical));
  if (found.kind !== "calls") return [found.kind === "problem" ? found.because : found.kind];
  return found.calls.map(({ api, name }) => `${api.id} ${name ?? "?"}`);
}

/** Operations of S3 that have another name for the same request. */
const alike: readonly ReadonlySet<string>[] = [
  "GetBucketLifecycle GetBucketLifecycleConfiguration",
  "PutBucketLifecycle PutBucketLifecycleConfiguration",
  "GetBucketNotification GetBucketNotificationConfiguration",
  "PutBucketNotification PutBucketNotificationConfiguration",
  "ListBuckets ListDirectoryBuckets",
].map((names) => new Set(names.split(" ")));

const isSame = (name: string, other: string): boolean => name === other || alike.some((names) => names.has(name) && names.has(other));

describe("requests of boto3", () => {
  test("there are many, of every form that it speaks", () => {
    assert.ok(asked.length > 900, `${asked.length}`);
    assert.deepEqual(
      asked.filter(({ problem }) => problem !== undefined),
      [],
    );
    assert.ok(asked.some(({ headers }) => headers.some(([name]) => name.toLowerCase() === "x-amz-target")));
    assert.ok(asked.some(({ body }) => Buffer.from(body, "base64").toString().startsWith("Action=")));
    assert.ok(asked.some(({ body }) => Buffer.from(body, "base64").toString().startsWith("<")));
    const unsigned = asked.filter(({ headers }) => !headers.some(([name, value]) => name === "Authorization" && value.startsWith("AWS4-")));
    assert.deepEqual([...new Set(unsigned.map(({ api }) => api))], ["sts"]);
  });

  test("each is read as the operation that boto3 was asked for, and as no other", () => {
    // A function that stands behind S3 answers with it: nobody else calls it, and it is unknown.
    const called = asked.filter(({ operation }) => operation !== "WriteGetObjectResponse");
    const wrong = called.flatMap((each) => {
      const found = readOut(each);
      const right = found.length > 0 && found.every((name) => isSame(each.operation, name.split(" ")[1] ?? ""));
      return right ? [] : [`${each.api} ${each.operation}: ${each.method} ${each.url} is ${found.join(" + ")}`];
    });
    assert.deepEqual(wrong, []);
  });
});

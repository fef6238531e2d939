import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathFormOf, scopeProblem, type SigningFacts } from "./host-rules.ts";

const facts: SigningFacts = { asSent: ["s3"], signedAs: { email: ["ses"], "data-ats.iot": ["iotdata"] } };
const scope = (region: string, api: string) => ({ day: "20260101", region, api });
const region = "eu-central-1";

describe("a scope is one for the host", () => {
  const fitting: readonly (readonly [string, string, string])[] = [
    ["s3.eu-central-1.amazonaws.com", region, "s3"],
    ["bucket.s3.eu-central-1.amazonaws.com", region, "s3"],
    ["a.bucket.with.dots.s3.eu-central-1.amazonaws.com", region, "s3"],
    ["s3-eu-central-1.amazonaws.com", region, "s3"],
    ["bucket.s3.dualstack.eu-central-1.amazonaws.com", region, "s3"],
    ["s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", "s3"],
    ["123456789012.s3-control.eu-central-1.amazonaws.com", region, "s3"],
    ["bucket.s3.amazonaws.com", region, "s3"],
    ["iam.amazonaws.com", "us-east-1", "iam"],
    ["dynamodb.eu-central-1.amazonaws.com", region, "dynamodb"],
    ["ec2.eu-central-1.api.aws", region, "ec2"],
    ["a1b2c3.execute-api.eu-central-1.amazonaws.com", region, "execute-api"],
    ["search-shop-x.eu-central-1.es.amazonaws.com", region, "es"],
    ["bedrock-runtime.us-west-2.amazonaws.com", "us-west-2", "bedrock"],
    ["identity-chime.us-east-1.amazonaws.com", "us-east-1", "chime"],
    ["api.ecr.eu-central-1.amazonaws.com", region, "ecr"],
    ["email.eu-central-1.amazonaws.com", region, "ses"],
    ["x.data-ats.iot.eu-central-1.amazonaws.com", region, "iotdata"],
    ["rds-fips.ca-central-1.amazonaws.com", "ca-central-1", "rds"],
  ];
  for (const [host, where, api] of fitting)
    test(`${api} in ${where}: ${host}`, () => assert.equal(scopeProblem(host, scope(where, api), facts), undefined));
});

describe("a scope is none for the host", () => {
  const others: readonly (readonly [string, string, string, RegExp])[] = [
    ["s3.eu-central-1.amazonaws.com", "us-east-1", "s3", /region `us-east-1`, and .* in `eu-central-1`/],
    ["bucket.s3-eu-west-1.amazonaws.com", region, "s3", /in `eu-west-1`/],
    ["s3.eu-central-1.amazonaws.com", region, "iam", /service `iam`/],
    // A bucket may be called as it likes.
    ["iam.s3.eu-central-1.amazonaws.com", region, "iam", /service `iam`/],
    ["iam.amazonaws.com", "us-east-1", "sts", /service `sts`/],
    ["email.eu-central-1.amazonaws.com", region, "iotdata", /service `iotdata`/],
    ["ec2.eu-central-1.amazonaws.com", region, "", /service ``/],
  ];
  for (const [host, where, api, why] of others)
    test(`${api} in ${where}: ${host}`, () => assert.match(scopeProblem(host, scope(where, api), facts) ?? "", why));
});

test("S3's paths are signed as they are sent, and no other's", () => {
  assert.equal(pathFormOf("s3", facts), "as_sent");
  assert.equal(pathFormOf("execute-api", facts), "normalised");
});

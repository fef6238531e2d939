/**
 * Refusals in the form in which each provider's clients read errors: what AWS's own clients show of them, in every wire form, asked once
 * and not again; and of each other pack that the sentence stands where its clients look for it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { formed, formFor } from "../../src/adapters/http/refusal-form.ts";
import { parseCbor } from "../../src/effects/http/cbor.ts";
import { parseStrictXml } from "../../src/effects/http/strict-xml.ts";
import { packs } from "../../src/packs/index.ts";
import { library, tool } from "../support/tools.ts";
import { openSigningScene, type SigningScene } from "./sigv4-scene.ts";

describe("clients of AWS", () => {
  let scene: SigningScene;
  before(async () => {
    scene = await openSigningScene();
  });
  after(() => scene.stop());

  test("boto3 raises our sentence in every wire form, and asks once", async () => {
    await library("boto3");
    const acts = [
      's3.delete_bucket(Bucket="shop-staging")',
      'boto3.client("ec2").terminate_instances(InstanceIds=["i-0123456789abcdef0"])',
      'boto3.client("rds").delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)',
      'boto3.client("dynamodb").delete_table(TableName="orders")',
      'boto3.client("lambda").delete_function(FunctionName="shop")',
      'boto3.client("cloudfront").delete_distribution(Id="E1", IfMatch="e")',
    ];
    const script = `
import boto3, botocore
s3 = boto3.client("s3")
for act in [${acts.map((act) => `lambda: ${act}`).join(",\n  ")}]:
    try:
        act()
        print("went through")
    except botocore.exceptions.ClientError as error:
        told = error.response["ResponseMetadata"]
        print(told["HTTPStatusCode"], told["RetryAttempts"], told["HTTPHeaders"]["holdfast-reason"], told.get("RequestId", "none") , str(error), sep="|")
`;
    const ran = await scene.ran("/usr/bin/python3", ["-c", script], { AWS_MAX_ATTEMPTS: "4" });
    const lines = ran.out.trim().split("\n");
    assert.equal(lines.length, acts.length, ran.err);
    for (const line of lines) {
      const [status, again, reason, request, error = ""] = line.split("|");
      assert.deepEqual([status, again], ["403", "0"], line);
      assert.match(reason ?? "", /^(?:approval_required|other_environment)$/);
      assert.match(error, /An error occurred \(AccessDenied(?:Exception)?\) when calling the \w+ operation: \S+.*person/, line);
      assert.match(request ?? "", /^apr_|^[a-z]/, line);
    }
  });

  test("whoever runs the command line reads it", async () => {
    const aws = await tool("aws");
    const ran = await scene.ran(aws, ["rds", "delete-db-instance", "--db-instance-identifier", "shop"]);
    assert.notEqual(ran.code, 0);
    assert.match(ran.err, /An error occurred \(AccessDenied\) when calling the DeleteDBInstance operation: .*person/s);
  });
});

const told = {
  reason: { code: "approval_required" as const, message: 'it needs <a person\'s> "approval"', next: "ask & wait" },
  status: 403,
  approval: "a1",
};
const sentence = `${told.reason.message}; ${told.reason.next}`;

/** What a client asks, and the path at which it finds the sentence. */
const rows: readonly (readonly [provider: string, url: string, headers: Readonly<Record<string, string>>, at: string])[] = [
  ["aws", "https://monitoring.eu-central-1.amazonaws.com/service/x/operation/y", { "smithy-protocol": "rpc-v2-cbor" }, "message"],
  ["aws", "https://dynamodb.eu-central-1.amazonaws.com/", { "x-amz-target": "DynamoDB_20120810.DeleteTable" }, "message"],
  ["aws", "https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/f", {}, "message"],
  ["aws", "https://b.s3.eu-central-1.amazonaws.com/key", {}, "Error.Message"],
  ["aws", "https://s3-eu-west-1.amazonaws.com/b/key", {}, "Error.Message"],
  ["aws", "https://1234.s3-control.eu-west-1.amazonaws.com/v20180820/x", {}, "ErrorResponse.Error.Message"],
  ["aws", "https://s3tables.eu-west-1.amazonaws.com/buckets/x", {}, "message"],
  ["aws", "https://ec2.eu-west-1.amazonaws.com/?Action=DeleteVolume", {}, "Response.Errors.Error.Message"],
  ["aws", "https://rds.eu-west-1.amazonaws.com/?Action=DeleteDBInstance", {}, "ErrorResponse.Error.Message"],
  [
    "aws",
    "https://iam.amazonaws.com/",
    { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    "ErrorResponse.Error.Message",
  ],
  ["gcp", "https://sqladmin.googleapis.com/v1/projects/p", {}, "error.message"],
  ["azure", "https://management.azure.com/subscriptions/s", {}, "error.message"],
  ["github", "https://api.github.com/repos/o/r", {}, "message"],
  ["github", "https://api.github.com/graphql", {}, "errors.0.message"],
  ["kubernetes", "https://kubernetes.default.svc/api/v1/namespaces/n", {}, "message"],
  ["railway", "https://backboard.railway.com/graphql/v2", {}, "errors.0.message"],
  ["fly", "https://api.machines.dev/v1/apps/a", {}, "error"],
  ["fly", "https://api.fly.io/graphql", {}, "errors.0.message"],
  ["cloudflare", "https://api.cloudflare.com/client/v4/zones/z", {}, "errors.0.message"],
  ["stripe", "https://api.stripe.com/v1/customers/c", {}, "error.message"],
  ["vercel", "https://api.vercel.com/v9/projects/p", {}, "error.message"],
  ["heroku", "https://api.heroku.com/apps/a", {}, "message"],
  ["render", "https://api.render.com/v1/services/s", {}, "message"],
  ["supabase", "https://api.supabase.com/v1/projects/p", {}, "message"],
  ["neon", "https://console.neon.tech/api/v2/projects/p", {}, "message"],
  ["netlify", "https://api.netlify.com/api/v1/sites/s", {}, "message"],
  ["digitalocean", "https://api.digitalocean.com/v2/droplets/1", {}, "message"],
  ["planetscale", "https://api.planetscale.com/v1/organizations/o", {}, "message"],
];

describe("the sentence stands where clients look for it", () => {
  for (const [provider, url, headers, at] of rows)
    test(`${provider}: ${url}`, () => {
      const { host, pathname, search } = new URL(url);
      const forms = packs.find((pack) => pack.provider === provider)?.refusals ?? [];
      const form = formFor(forms, { host, path: `${pathname}${search}`, header: (name) => headers[name] });
      assert.ok(form !== undefined, "it has a form");
      assert.equal(foundAt(formed(form, told), at), sentence);
    });

  test("every pack says how", () =>
    assert.deepEqual(
      packs.flatMap(({ provider, refusals = [] }) => (refusals.length > 0 ? [] : [provider])),
      [],
    ));
});

function foundAt({ type, body }: ReturnType<typeof formed>, at: string): unknown {
  if (type.endsWith("/cbor")) {
    const parsed = parseCbor(body);
    assert.ok("tree" in parsed && parsed.tree instanceof Map);
    return parsed.tree.get(at);
  }
  if (type.endsWith("/xml")) {
    const parsed = parseStrictXml(body.toString());
    assert.ok("tree" in parsed, JSON.stringify(parsed));
    return at.split(".").reduce<unknown>((tree, name) => (tree instanceof Map ? (tree.get(name) as unknown) : undefined), parsed.tree);
  }
  const json: unknown = JSON.parse(body.toString());
  return at.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], json);
}

/**
 * Requests to AWS by hand: each wire form, each way to write a host, what must not be read as something, what is looked into, and what a
 * preset decides on it.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Effect } from "../../src/model/effect.ts";
import { type HttpRequest, NOT_TEXT } from "../../src/model/http-request.ts";
import { explainRequest, requestEffects } from "./requests.ts";

const R = "eu-central-1.amazonaws.com";
const signedFor = (api: string): [string, string] => [
  "Authorization",
  `AWS4-HMAC-SHA256 Credential=AKIDPLACEHOLDER/20260101/eu-central-1/${api}/aws4_request, SignedHeaders=host, Signature=00`,
];
const target = (name: string): [string, string] => ["X-Amz-Target", name];

/** `METHOD URL`, then headers and a body. */
function request(line: string, headers: readonly (readonly [string, string])[] = [], body = ""): HttpRequest {
  const [method = "", url = ""] = line.split(" ");
  return { method, url, headers, body };
}

/** `class of resource`, the strictest first. */
async function told(asked: HttpRequest): Promise<readonly string[]> {
  return (await requestEffects(asked)).map(({ detail, resource }: Effect) => `${detail} ${resource.name}`);
}

describe("the five forms give an operation's name", () => {
  const rows: readonly (readonly [what: string, asked: HttpRequest, told: string])[] = [
    ["rest-json", request(`DELETE https://lambda.${R}/2015-03-31/functions/f`), "destroy aws:stack/f"],
    ["rest-json, a read", request(`GET https://lambda.${R}/2015-03-31/functions/f`), "read aws:lambda/GetFunction"],
    ["rest-json, another version of it", request(`DELETE https://lambda.${R}/2031-01-01/functions/f`), "destroy aws:stack/f"],
    ["rest-xml", request(`DELETE https://shop.s3.${R}/dir/key`), "destroy aws:object/shop/dir/key"],
    ["rest-xml, a sub-resource", request(`DELETE https://s3.${R}/shop?tagging`), "outage aws:s3/shop"],
    ["json", request(`POST https://dynamodb.${R}/`, [target("DynamoDB_20120810.DeleteTable")], '{"TableName":"t"}'), "destroy aws:table/t"],
    ["query", request(`POST https://rds.${R}/`, [], "Action=DeleteDBInstance&DBInstanceIdentifier=shop"), "destroy aws:database/shop"],
    ["query in the URL", request(`GET https://rds.${R}/?Action=DeleteDBInstance&DBInstanceIdentifier=shop`), "destroy aws:database/shop"],
    ["ec2", request(`POST https://ec2.${R}/`, [], "Action=TerminateInstances&InstanceId.1=i-1"), "destroy aws:machine/i-1"],
    [
      "smithy-rpc-v2-cbor",
      request(`POST https://monitoring.${R}/service/GraniteServiceVersion20100801/operation/DeleteAlarms`),
      "disarm aws:cloudwatch/?",
    ],
    ["a service that speaks several: JSON", request(`POST https://sqs.${R}/`, [target("AmazonSQS.PurgeQueue")], "{}"), "wipe aws:sqs/?"],
    ["a service that speaks several: query", request(`POST https://sqs.${R}/1/q`, [], "Action=PurgeQueue"), "wipe aws:sqs/?"],
    ["any letter case", request(`POST https://rds.${R}/`, [], "action=deletedbinstance"), "destroy aws:database/?"],
    ["signed", request(`POST https://rds.${R}/`, [signedFor("rds")], "Action=DeleteDBInstance"), "destroy aws:database/?"],
    ["a read", request(`POST https://rds.${R}/`, [], "Action=DescribeDBInstances&Version=2014-10-31"), "read aws:rds/DescribeDBInstances"],
    [
      "SQL of the data API",
      request(`POST https://redshift-data.${R}/`, [target("RedshiftData.ExecuteStatement")], "{}"),
      "exec aws:redshift-data/?",
    ],
    ["a secret", request(`POST https://secretsmanager.${R}/`, [target("secretsmanager.GetSecretValue")], "{}"), "credential aws:secret/?"],
  ];
  for (const [what, asked, first] of rows) {
    test(`${what}: ${first}`, async () => {
      const [strictest] = await told(asked);
      assert.equal(strictest, first);
    });
  }
});

describe("hosts", () => {
  const destroying = "Action=DeleteDBInstance";
  const hosts = [
    `rds.${R}`,
    "rds.us-east-1.api.aws",
    "rds-fips.us-gov-west-1.amazonaws.com",
    "rds.cn-north-1.amazonaws.com.cn",
    "vpce-0a1b-2c3d.rds.eu-central-1.vpce.amazonaws.com",
    "vpce-0a1b-2c3d-eu-central-1a.rds.eu-central-1.vpce.amazonaws.com",
    `RDS.${R}:443`,
  ];
  for (const host of hosts) {
    test(`${host} is the service's`, async () => {
      assert.deepEqual(await told(request(`POST https://${host}/`, [], destroying)), ["destroy aws:database/?"]);
    });
  }

  const buckets = [
    `https://s3.${R}/shop/key`,
    `https://shop.s3.${R}/key`,
    "https://shop.s3.amazonaws.com/key",
    "https://s3.amazonaws.com/shop/key",
    "https://shop.s3-eu-west-1.amazonaws.com/key",
    "https://shop.s3-fips.us-east-1.amazonaws.com/key",
    "https://shop.s3.dualstack.eu-central-1.amazonaws.com/key",
    "https://shop.s3-accelerate.amazonaws.com/key",
    "https://shop.s3-accelerate.dualstack.amazonaws.com/key",
    "https://shop.bucket.vpce-0a1b-2c3d.s3.eu-central-1.vpce.amazonaws.com/key",
  ];
  for (const url of buckets) {
    test(`${url} is a key in a bucket`, async () => {
      assert.deepEqual(await told(request(`DELETE ${url}`)), ["destroy aws:object/shop/key"]);
    });
  }

  test("access points, outposts and buckets that are called like a region", async () => {
    for (const host of [
      `point-123456789012.s3-accesspoint.${R}`,
      `point-123456789012.op-01.s3-outposts.${R}`,
      "m.accesspoint.s3-global.amazonaws.com",
      "shop--euc1-az1--x-s3.s3express-euc1-az1.eu-central-1.amazonaws.com",
      "eu-west-1.s3.amazonaws.com",
      "global.s3.amazonaws.com",
    ])
      assert.match((await told(request(`DELETE https://${host}/key`)))[0] ?? "", /^destroy aws:object\/.+\/key$/, host);
    // `PUT /key` is an object there, and no new bucket.
    assert.match((await told(request("PUT https://global.s3.amazonaws.com/key", [], "text")))[0] ?? "", /^outage aws:object\/global\/key$/);
  });

  test("what a customer has under the provider's domain is no API of it", async () => {
    for (const host of [
      "a1b2c3.execute-api.eu-central-1.amazonaws.com",
      "lb-1.eu-central-1.elb.amazonaws.com",
      "shop.s3-website.eu-central-1.amazonaws.com",
    ]) {
      const [effect] = await requestEffects(request(`GET https://${host}/`));
      assert.deepEqual([effect?.operation, effect?.detail, effect?.resource.name], ["connect", "unpacked_host", host]);
    }
  });
});

describe("what contradicts itself, or cannot be read, is nothing that passes", () => {
  const rows: readonly (readonly [what: string, asked: HttpRequest])[] = [
    ["a signature for another service", request(`POST https://rds.${R}/`, [signedFor("ec2")], "Action=DescribeDBInstances")],
    [
      "a signature that does not say its service",
      request(`POST https://rds.${R}/`, [["Authorization", "AWS4-HMAC-SHA256 x"]], "Action=DescribeDBInstances"),
    ],
    ["a target of another service", request(`POST https://kms.${R}/`, [target("DynamoDB_20120810.ListTables")], "{}")],
    ["a target without its service", request(`POST https://kms.${R}/`, [target("ListKeys")], "{}")],
    ["an RPC path of another service", request(`POST https://monitoring.${R}/service/DynamoDB_20120810/operation/ListTables`)],
    ["no operation", request(`POST https://rds.${R}/`, [], "Version=2014-10-31")],
    ["no operation, and read", request(`GET https://rds.${R}/`)],
    ["a list of operations", request(`POST https://rds.${R}/`, [], "Action[]=DescribeDBInstances&Action[]=DeleteDBInstance")],
    ["an operation inside another", request(`POST https://rds.${R}/`, [], "Action.x=DescribeDBInstances")],
    ["two operations in a body", request(`POST https://rds.${R}/`, [], "Action=DescribeDBInstances&Action=DeleteDBInstance")],
    ["a body of unknown kind", request(`POST https://rds.${R}/`, [["Content-Type", "text/plain"]], "Action=DescribeDBInstances")],
    ["a compressed body", request(`POST https://rds.${R}/`, [["Content-Encoding", "gzip"]], "Action=DescribeDBInstances")],
    ["an operation that no model has", request(`POST https://rds.${R}/`, [], "Action=DescribeEverything")],
    ["a route that no model has", request(`GET https://lambda.${R}/2015-03-31/nothing`)],
  ];
  for (const [what, asked] of rows) {
    test(what, async () => {
      assert.notEqual((await explainRequest(asked)).decision, "allow");
      assert.notEqual((await explainRequest(asked, "read-only")).decision, "allow");
    });
  }

  test("two operations in one request are both", async () => {
    const both = request(`POST https://rds.${R}/?Action=DescribeDBInstances`, [], "Action=DeleteDBInstance&DBInstanceIdentifier=shop");
    assert.deepEqual(
      (await told(both)).map((each) => each.split(" ")[0]),
      ["destroy", "read"],
    );
    const routes = request(`DELETE https://s3.${R}/shop?policy&tagging`);
    assert.deepEqual(
      (await told(routes)).map((each) => each.split(" ")[0]),
      ["disarm", "outage"],
    );
    // S3 knows no `POLICY`, and deletes the bucket.
    assert.match((await told(request(`DELETE https://s3.${R}/shop?POLICY`))).join(), /destroy aws:bucket\/shop/);
  });

  test("a name of a destroying family that no model has is destroying", async () => {
    assert.match((await told(request(`POST https://rds.${R}/`, [], "Action=DeleteEverything"))).join(), /^destroy aws:rds/);
  });

  test("an `Action` that is a parameter names no operation", async () => {
    const asked = request(
      `POST https://lambda.${R}/2015-03-31/functions/f/policy`,
      [],
      '{"Action":"lambda:InvokeFunction","Principal":"*"}',
    );
    assert.deepEqual(await told(asked), ["credential aws:lambda/f"]);
  });
});

describe("what stands inside is looked into", () => {
  /** `{"Alarm": false}` and kin, in CBOR: maps of texts to texts and truths. */
  function cbor(entries: Readonly<Record<string, string | boolean>>): Buffer {
    const text = (value: string) => [0x60 + value.length, ...Buffer.from(value)];
    const items = Object.entries(entries).flatMap(([key, value]) => [
      ...text(key),
      ...(typeof value === "string" ? text(value) : [value ? 0xf5 : 0xf4]),
    ]);
    return Buffer.from([0xbf, ...items, 0xff]);
  }

  const rows: readonly (readonly [what: string, asked: HttpRequest, told: string])[] = [
    [
      "XML: versioning suspended",
      request(
        `PUT https://shop.s3.${R}/?versioning`,
        [],
        '<?xml version="1.0" encoding="UTF-8"?><VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Suspended</Status></VersioningConfiguration>',
      ),
      "disarm outage",
    ],
    [
      "XML: versioning on",
      request(`PUT https://shop.s3.${R}/?versioning`, [], "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
      "outage",
    ],
    [
      "XML with an entity",
      request(
        `PUT https://shop.s3.${R}/?versioning`,
        [],
        '<!DOCTYPE v [<!ENTITY s "Suspended">]><VersioningConfiguration><Status>&s;</Status></VersioningConfiguration>',
      ),
      "disarm outage",
    ],
    ["form: protection off", request(`POST https://rds.${R}/`, [], "Action=ModifyDBInstance&DeletionProtection=false"), "disarm outage"],
    ["query: protection off", request(`GET https://rds.${R}/?Action=ModifyDBInstance&DeletionProtection=FALSE`), "disarm outage"],
    ["form: nothing of it", request(`POST https://rds.${R}/`, [], "Action=ModifyDBInstance&DBInstanceClass=db.t3"), "outage"],
    [
      "json: protection off, deep inside",
      request(`POST https://dms.${R}/`, [target("AmazonDMSv20160101.ModifyReplicationInstance")], '{"x":[{"DeletionProtection":false}]}'),
      "disarm outage",
    ],
    ["header: open to all", request(`PUT https://shop.s3.${R}/key`, [["x-amz-acl", "public-read"]], "text"), "publish outage"],
    [
      "json: a policy for everybody",
      request(`PUT https://shop.s3.${R}/?policy`, [], '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*"}]}'),
      "disarm publish",
    ],
  ];
  for (const [what, asked, classes] of rows) {
    test(what, async () => {
      assert.equal((await told(asked)).map((each) => each.split(" ")[0]).join(" "), classes);
    });
  }

  test("CBOR, as the proxy hands it on: read, or strictly not", async () => {
    const asked = (body: Buffer): HttpRequest => ({
      ...request(`POST https://gamelift.${R}/service/GameLift/operation/UpdateFleetAttributes`, [["Content-Type", "application/cbor"]]),
      body: body.toString("base64"),
      opaque: NOT_TEXT,
    });
    const classes = async (body: Buffer) => (await told(asked(body))).map((each) => each.split(" ")[0]).join(" ");
    assert.equal(await classes(cbor({ FleetId: "f", Name: "n" })), "write");
    assert.equal(await classes(cbor({ FleetId: "f", DeletionProtection: false })), "disarm write");
    // What is not read counts as holding all of it.
    assert.match(await classes(cbor({ FleetId: "f" }).subarray(0, 5)), /disarm/);
  });

  test("the name of what it is about", async () => {
    const first = async (asked: HttpRequest) => (await told(asked))[0];
    assert.equal(await first(request(`DELETE https://backup.${R}/backup-vaults/v/recovery-points/r`)), "destroy aws:backup/v/r");
    assert.equal(
      await first(request(`POST https://kms.${R}/`, [target("TrentService.ScheduleKeyDeletion")], '{"KeyId":"k"}')),
      "destroy aws:key/k",
    );
  });

  test("a final snapshot that is skipped leaves no way back", async () => {
    const of = async (body: string) => (await requestEffects(request(`POST https://rds.${R}/`, [], body)))[0]?.reversibility;
    assert.equal(await of("Action=DeleteDBInstance&FinalDBSnapshotIdentifier=s"), "restorable");
    assert.equal(await of("Action=DeleteDBInstance&SkipFinalSnapshot=true"), "irreversible");
    assert.equal(await of("Action=DeleteDBInstance&DeleteAutomatedBackups=true"), "irreversible");
  });
});

describe("decisions of guarded-writes", () => {
  const rows: readonly (readonly [asked: HttpRequest, decision: "allow" | "hold" | "deny"])[] = [
    [request(`GET https://shop.s3.${R}/key`), "allow"],
    [request(`HEAD https://shop.s3.${R}/key`), "allow"],
    [request(`GET https://shop.s3.${R}/?list-type=2&prefix=a`), "allow"],
    [request(`POST https://ec2.${R}/`, [], "Action=DescribeInstances"), "allow"],
    [request(`POST https://ec2.${R}/`, [], "Action=CreateTags&ResourceId.1=i-1&Tag.1.Key=a&Tag.1.Value=b"), "allow"],
    [request(`POST https://logs.${R}/`, [target("Logs_20140328.PutLogEvents")], "{}"), "allow"],
    [request(`POST https://logs.${R}/`, [target("Logs_20140328.DeleteLogGroup")], "{}"), "hold"],
    [request(`POST https://ec2.${R}/`, [], "Action=TerminateInstances&InstanceId.1=i-1"), "hold"],
    [request(`POST https://shop.s3.${R}/?delete`, [], "<Delete><Object><Key>a</Key></Object></Delete>"), "hold"],
    [request(`PUT https://shop.s3.${R}/?lifecycle`, [], "<LifecycleConfiguration/>"), "hold"],
    [request(`POST https://lambda.${R}/2015-03-31/functions/f/invocations`, [], "{}"), "hold"],
    [request(`POST https://iam.amazonaws.com/`, [], "Action=CreateAccessKey&UserName=u"), "deny"],
    [request(`POST https://ssm.${R}/`, [target("AmazonSSM.GetParameter")], '{"Name":"/db/password","WithDecryption":true}'), "deny"],
  ];
  for (const [asked, decision] of rows) {
    const name = asked.headers.find(([key]) => key === "X-Amz-Target")?.[1] ?? /Action=\w+/.exec(asked.body)?.[0] ?? "";
    test(`${asked.method} ${asked.url} ${name}: ${decision}`, async () => {
      assert.equal((await explainRequest(asked)).decision, decision);
    });
  }
});

/**
 * AWS asked about its things end to end: every read and every trial is signed anew with the real key on its way, and the stand-in takes
 * nothing else. What it answers decides: a new object and one whose older version stays are plain writes, and what would be lost is held.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { library } from "../support/tools.ts";
import { openSigningScene, type SigningScene } from "./sigv4-scene.ts";

let scene: SigningScene;
before(async () => {
  await library("boto3");
  scene = await openSigningScene({ policy: "guarded-writes" });
  const { objects, buckets, versioned } = scene.s3;
  for (const bucket of ["plain", "kept"]) buckets.add(bucket);
  versioned.add("kept");
  for (const name of ["plain/there", "plain/dir/", "kept/there", "kept/other"])
    objects.set(name, { bytes: 1, sha256: "", text: "1", payload: "", trailers: [] });
});
after(() => scene.stop());

/** What each act came to: `ok`, or the reason's code. */
async function boto(acts: readonly string[]): Promise<readonly string[]> {
  const script = `
import boto3, botocore, io
s3 = boto3.client("s3")
for act in [${acts.map((act) => `lambda: ${act}`).join(",\n  ")}]:
    try:
        act()
        print("ok")
    except botocore.exceptions.ClientError as error:
        print(error.response["ResponseMetadata"]["HTTPHeaders"].get("holdfast-reason", str(error)))
`;
  const since = scene.s3.arrived.length;
  const ran = await scene.ran("/usr/bin/python3", ["-c", script]);
  assert.equal(ran.code, 0, ran.err);
  for (const { method, url, refused } of scene.s3.arrived.slice(since)) assert.equal(refused, undefined, `${method} ${url}`);
  return ran.out.trim().split("\n");
}

const put = (bucket: string, key: string): string => `s3.put_object(Bucket="${bucket}", Key="${key}", Body=b"2")`;
const remove = (bucket: string, key: string, more = ""): string => `s3.delete_object(Bucket="${bucket}", Key="${key}"${more})`;

describe("objects of S3", () => {
  test("a new one is a plain write, and the next write over it is not", async () => {
    assert.deepEqual(await boto([put("plain", "new/ü+ 1"), put("plain", "new/ü+ 1"), put("plain", "there"), put("plain", "dir/")]), [
      "ok",
      ...Array<string>(3).fill("approval_required"),
    ]);
    assert.equal(scene.s3.objects.get("plain/new/ü+ 1")?.text, "2");
    assert.equal(scene.s3.objects.get("plain/there")?.text, "1");
  });

  test("a bucket that keeps versions loses nothing by writes and removals; a version by its id is lost", async () => {
    const many = (more: string): string => `s3.delete_objects(Bucket="kept", Delete={"Objects": [{"Key": "other"${more}}]})`;
    const acts = [
      put("kept", "there"),
      remove("kept", "there"),
      remove("kept", "there", ', VersionId="1"'),
      many(', "VersionId": "1"'),
      many(""),
      remove("plain", "there"),
    ];
    assert.deepEqual(await boto(acts), ["ok", "ok", "approval_required", "approval_required", "ok", "approval_required"]);
    assert.ok(scene.s3.objects.has("plain/there"));
  });

  test("an upload in parts is one write; a copy counts where it goes to", async () => {
    const copy = (bucket: string, key: string): string => `s3.copy_object(Bucket="${bucket}", Key="${key}", CopySource="plain/there")`;
    const upload = (key: string): string => `s3.upload_fileobj(io.BytesIO(b"x" * (9 * 1024 * 1024)), "plain", "${key}")`;
    assert.deepEqual(await boto([upload("parts"), copy("plain", "copied"), copy("plain", "there")]), ["ok", "ok", "approval_required"]);
    assert.equal(scene.s3.objects.get("plain/parts")?.bytes, 9 * 1024 * 1024);
    // The abort that boto3 sends after a completion that was held would lose what was uploaded: it is held, too.
    const [answer = ""] = await boto([upload("there")]);
    assert.match(answer, /approval_required|Failed/);
  });

  test("what could not be asked is held, and what others may read is published still", async () => {
    const acts = [`s3.put_object(Bucket="plain", Key="fresh", Body=b"2", ACL="public-read")`];
    assert.deepEqual(await boto(acts), ["approval_required"]);
    assert.ok(!scene.s3.objects.has("plain/fresh"));
  });

  test("a bucket whose tag says production is none of a staging session's", async () => {
    scene.s3.buckets.add("tagged");
    scene.s3.tags.set("tagged", "<Tagging><TagSet><Tag><Key>Environment</Key><Value>production</Value></Tag></TagSet></Tagging>");
    assert.deepEqual(await boto([put("tagged", "new")]), ["other_environment"]);
  });
});

describe("what a person reads, asked of AWS by signed reads", () => {
  const tag = "<Key>Environment</Key><Value>staging</Value>";
  const answers: Readonly<Record<string, string>> = {
    "rds DescribeDBInstances": `<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>
      <DBInstanceIdentifier>shop</DBInstanceIdentifier><AllocatedStorage>48</AllocatedStorage><DeletionProtection>false</DeletionProtection>
      <BackupRetentionPeriod>7</BackupRetentionPeriod><TagList><Tag>${tag}</Tag></TagList>
      </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`,
    "rds DescribeDBSnapshots": `<DescribeDBSnapshotsResponse><DescribeDBSnapshotsResult><DBSnapshots>
      <DBSnapshot><SnapshotCreateTime>2026-01-02T03:04:05Z</SnapshotCreateTime></DBSnapshot></DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>`,
    "ec2 DescribeVolumes": `<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><size>100</size><attachmentSet><item/></attachmentSet>
      <tagSet><item><key>env</key><value>staging</value></item></tagSet></item></volumeSet></DescribeVolumesResponse>`,
    "ec2 DescribeSnapshots": "<DescribeSnapshotsResponse><snapshotSet/></DescribeSnapshotsResponse>",
    "dynamodb DescribeTable": JSON.stringify({
      Table: { TableName: "orders", TableArn: "arn:orders", TableSizeBytes: 5_000_000, ItemCount: 41, DeletionProtectionEnabled: false },
    }),
    "dynamodb DescribeContinuousBackups": JSON.stringify({
      ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" } },
    }),
    "dynamodb ListTagsOfResource": JSON.stringify({ Tags: [{ Key: "env", Value: "staging" }] }),
  };
  const dryRun = "<Response><Errors><Error><Code>DryRunOperation</Code><Message>would have succeeded</Message></Error></Errors></Response>";
  before(() => {
    for (const [called, text] of Object.entries(answers)) scene.s3.answers.set(called, { status: 200, text });
    scene.s3.answers.set("ec2 DeleteVolume DryRun", { status: 412, text: dryRun });
    scene.s3.buckets.add("shop-data");
    scene.s3.tags.set("shop-data", `<Tagging><TagSet><Tag>${tag}</Tag></TagSet></Tagging>`);
    for (const key of ["a", "b", "c"])
      scene.s3.objects.set(`shop-data/${key}`, { bytes: 1, sha256: "", text: "1", payload: "", trailers: [] });
  });

  /** What the person who is asked about it reads. */
  async function told(act: string): Promise<string> {
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    assert.deepEqual(await boto([act]), ["approval_required"]);
    const [asked, other] = (await scene.approvals.approvals()).filter(({ id }) => !known.includes(id));
    assert(asked !== undefined && other === undefined, JSON.stringify([asked, other]));
    return JSON.stringify(asked.plan);
  }

  const rows: readonly (readonly [act: string, words: readonly RegExp[]])[] = [
    [
      'boto3.client("rds").delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)',
      [
        /database `shop`, 48 GB/,
        /1 backup, the newest of 2026-01-02 03:04/,
        /deletion protection: false/,
        /days that automated backups are kept: 7/,
      ],
    ],
    [
      'boto3.client("ec2").delete_volume(VolumeId="vol-1")',
      [/volume `vol-1`, 100 GB/, /1 machine/, /there is no backup of it/, /\(DryRun\) that it would go through/],
    ],
    [
      'boto3.client("dynamodb").delete_table(TableName="orders")',
      [/table `orders`, 5 MB/, /items: 41/, /deletion protection: false/, /point-in-time recovery: DISABLED/, /staging/],
    ],
    ['s3.delete_bucket(Bucket="shop-data")', [/`shop-data`/, /3 objects/, /staging/]],
  ];
  for (const [act, words] of rows)
    test(act, async () => {
      const since = scene.s3.arrived.length;
      const plan = await told(act);
      for (const each of words) assert.match(plan, each);
      const asked = scene.s3.arrived.slice(since);
      assert.ok(asked.length >= 2, "nothing was asked");
      assert.ok(asked.every(({ refused }) => refused === undefined));
      assert.ok(scene.s3.buckets.has("shop-data"));
    });
});

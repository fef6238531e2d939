/**
 * AWS's own clients with the variables that a session gets: they sign with a pair that is worth nothing, the stand-in takes what the real
 * pair signed and nothing else, and what destroys is held with the objects still there.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../grants/scene.ts";
import { library, tool } from "../support/tools.ts";
import { newKey, openSigningScene, type Ran, type SigningScene } from "./sigv4-scene.ts";

let scene: SigningScene;
before(async () => {
  scene = await openSigningScene();
});
after(() => scene.stop());

const BUCKET = "shop-staging";
const ODD = "a folder/ü+(1)&=~.txt";

/** Each line of `acts` is a Python expression over `s3` and `client`; the answer is what each came to. */
async function boto(
  acts: readonly string[],
  more: Record<string, string> = {},
): Promise<{ readonly ran: Ran; readonly came: readonly string[] }> {
  await library("boto3");
  const script = `
import boto3, botocore, json, io
client = lambda name: boto3.client(name)
s3 = client("s3")
def came(act):
    try:
        act()
        return "ok"
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPHeaders"].get("holdfast-reason", str(error))
for act in [${acts.map((act) => `lambda: ${act}`).join(",\n  ")}]:
    print(came(act))
`;
  const ran = await scene.ran("/usr/bin/python3", ["-c", script], more);
  return { ran, came: ran.out.trim().split("\n") };
}

/** The real pair signed all that arrived since, and no client saw any of it. */
function assertSigned(since: number, ...shown: readonly Ran[]): void {
  const arrived = scene.s3.arrived.slice(since);
  assert(arrived.length > 0, JSON.stringify(shown));
  for (const { method, url, refused } of arrived) assert.equal(refused, undefined, `${method} ${url}`);
  for (const { out, err } of shown) for (const part of [scene.real.id, scene.real.secret]) assert(!`${out}${err}`.includes(part));
}

describe("boto3", () => {
  test("what reads and what uploads goes through, signed with the real key, whatever the key is called", async () => {
    const since = scene.s3.arrived.length;
    const { ran, came } = await boto([
      "s3.list_buckets()",
      `s3.put_object(Bucket="${BUCKET}", Key="${ODD}", Body=b"hello")`,
      `s3.put_object(Bucket="${BUCKET}", Key="summed", Body=b"with a checksum after it", ChecksumAlgorithm="SHA256")`,
      `s3.get_object(Bucket="${BUCKET}", Key="summed")["Body"].read() == b"with a checksum after it" or 1/0`,
      `s3.head_object(Bucket="${BUCKET}", Key="${ODD}")`,
      `s3.list_objects_v2(Bucket="${BUCKET}", Prefix="a folder/")`,
      'client("dynamodb").list_tables()',
      'client("lambda").get_function(FunctionName="arn:aws:lambda:eu-central-1:123456789012:function:shop")',
    ]);
    assert.deepEqual(came, ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok"], ran.err);
    assertSigned(since, ran);
    assert.equal(scene.s3.objects.get(`${BUCKET}/${ODD}`)?.text, "hello");
    const summed = scene.s3.objects.get(`${BUCKET}/summed`);
    assert.equal(summed?.payload, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    assert.match(String(summed?.trailers), /^x-amz-checksum-sha256:/);
  });

  test("an upload in parts is whole", async () => {
    const since = scene.s3.arrived.length;
    const { ran, came } = await boto([
      `s3.upload_fileobj(io.BytesIO(b"x" * (20 * 1024 * 1024)), "${BUCKET}", "parts")`,
      `s3.upload_fileobj(io.BytesIO(b"x" * (9 * 1024 * 1024)), "${BUCKET}", "summed-parts", ExtraArgs={"ChecksumAlgorithm": "CRC32"})`,
    ]);
    assert.deepEqual(came, ["ok", "ok"], ran.err);
    assertSigned(since, ran);
    assert.equal(scene.s3.objects.get(`${BUCKET}/parts`)?.bytes, 20 * 1024 * 1024);
    assert.equal(scene.s3.objects.get(`${BUCKET}/summed-parts`)?.bytes, 9 * 1024 * 1024);
  });

  test("what destroys is held and nothing of it arrives; asked again after a yes it goes out, once", async () => {
    await boto([`s3.put_object(Bucket="${BUCKET}", Key="dear", Body=b"1")`]);
    const since = scene.s3.arrived.length;
    const remove = `s3.delete_object(Bucket="${BUCKET}", Key="dear")`;
    const known = (await scene.approvals.approvals()).map(({ id }) => id);
    const held = await boto([
      remove,
      `s3.delete_objects(Bucket="${BUCKET}", Delete={"Objects": [{"Key": "dear"}]})`,
      `s3.delete_bucket(Bucket="${BUCKET}")`,
    ]);
    assert.deepEqual(held.came, ["approval_required", "approval_required", "approval_required"], held.ran.err);
    const arrived = scene.s3.arrived.slice(since).filter(({ method }) => method !== "GET" && method !== "HEAD");
    assert.deepEqual(arrived, []);
    assert(scene.s3.objects.has(`${BUCKET}/dear`));
    const asked = (await scene.approvals.approvals()).filter(({ id }) => !known.includes(id));
    const one = asked.find(({ plan }) => JSON.stringify(plan).includes("/dear"));
    assert(one !== undefined, JSON.stringify(asked));
    // Nobody is shown a signature: the same act has another one each time.
    assert(!JSON.stringify(one).match(/Signature=|x-amz-date|AWS4/i));
    await scene.approvals.answer(one.id, "ada");
    const again = await boto([remove]);
    assert.deepEqual(again.came, ["ok"], again.ran.err);
    assert(!scene.s3.objects.has(`${BUCKET}/dear`));
    await boto([`s3.put_object(Bucket="${BUCKET}", Key="dear", Body=b"2")`]);
    const third = await boto([remove]);
    assert.deepEqual(third.came, ["approval_required"]);
    assert(scene.s3.objects.has(`${BUCKET}/dear`));
    assertSigned(since, held.ran, again.ran, third.ran);
  });

  test("a real key that was found is refused and alarmed, whatever it signs", async () => {
    const found = newKey();
    scene.s3.keys.set(found.id, found);
    const since = scene.s3.arrived.length;
    const before = (await scene.approvals.events("credential_found")).length;
    const more = { AWS_ACCESS_KEY_ID: found.id, AWS_SECRET_ACCESS_KEY: found.secret };
    const presigned = `__import__("urllib.request").request.urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": "${BUCKET}", "Key": "summed"}))`;
    const { ran, came } = await boto(["s3.list_buckets()", 'client("dynamodb").list_tables()'], more);
    assert.deepEqual(came, ["found_credential", "found_credential"], ran.err);
    const inQuery = await boto([presigned], more);
    assert.match(inQuery.ran.err, /403/);
    // The session's own pair with somebody's token.
    const token = await boto(["s3.list_buckets()"], { AWS_SESSION_TOKEN: `F${"w".repeat(120)}` });
    assert.deepEqual(token.came, ["found_credential"]);
    assert.equal(scene.s3.arrived.length, since);
    let events: Awaited<ReturnType<typeof scene.approvals.events<"credential_found">>> = [];
    await until("all four are on record", async () => {
      events = (await scene.approvals.events("credential_found")).slice(before);
      return events.length >= 4;
    });
    assert.deepEqual(
      events.map(({ provider, slot }) => `${provider}: ${slot}`),
      [
        "aws: the header authorization",
        "aws: the header authorization",
        "aws: x-amz-credential of its query",
        "aws: the header x-amz-security-token",
      ],
    );
    assert(!JSON.stringify(events).includes(found.id));
    assert(scene.approvals.warnings.some((each) => each.includes("FOUND CREDENTIAL")));
  });
});

describe("the AWS command line", () => {
  test("copies, lists, sums up and presigns; a removal is held", async () => {
    const aws = await tool("aws");
    const since = scene.s3.arrived.length;
    const script = `set -e
head -c 300000 /dev/zero > file
"${aws}" s3 cp --only-show-errors file s3://${BUCKET}/cli/file
"${aws}" s3api put-object --bucket ${BUCKET} --key cli/summed --body file --checksum-algorithm CRC32 > /dev/null
"${aws}" s3 ls s3://${BUCKET}/cli/ | wc -l
"${aws}" s3 cp --only-show-errors s3://${BUCKET}/summed - && echo
curl -sS "$("${aws}" s3 presign s3://${BUCKET}/summed)" && echo
"${aws}" s3 rm s3://${BUCKET}/cli/file || echo "rm: $?"`;
    const ran = await scene.ran("/bin/sh", ["-c", script]);
    assert.equal(ran.code, 0, `${ran.out}\n${ran.err}`);
    const lines = ran.out.trim().split("\n");
    assert.deepEqual(lines.slice(1, 3), ["with a checksum after it", "with a checksum after it"], ran.out);
    assert.equal(lines.at(-1), "rm: 1");
    assertSigned(since, ran);
    const file = scene.s3.objects.get(`${BUCKET}/cli/file`);
    assert.equal(file?.bytes, 300_000);
    const summed = scene.s3.objects.get(`${BUCKET}/cli/summed`);
    assert.equal(summed?.payload, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    assert.equal(summed?.sha256, file?.sha256);
    assert(scene.s3.arrived.slice(since).some(({ url, host }) => url.includes("X-Amz-Signature=") && host.includes(".s3.")));
  });
});

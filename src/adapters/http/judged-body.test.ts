import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { judgedBody } from "./judged-body.ts";

const FORM = "application/x-www-form-urlencoded; charset=utf-8";
const judged = (first: Buffer, encoding: string, type = "application/json") =>
  judgedBody({ first, whole: true }, new Map([...Object.entries({ "content-type": type, "content-encoding": encoding })]));

test("a form that the AWS SDKs compress is judged by what it holds", () => {
  const metrics = `Action=PutMetricData&Version=2010-08-01&${Array.from({ length: 400 }, (_, n) => `MetricData.member.${n}.Value=${n * 7919}`).join("&")}`;
  assert.deepEqual(judged(gzipSync(metrics), "gzip", FORM), { body: metrics, uncompressed: true });
});

test("what could be read as it is, too, is not looked into", () => {
  // A gzip file may have a name, and a block need not be packed: a server that passes over the coding reads a form.
  const body = gzipSync("Action=DescribeInstances");
  const name = Buffer.from("&Action=StopInstances&\0");
  const named = Buffer.concat([body.subarray(0, 3), Buffer.of(8), body.subarray(4, 10), name, body.subarray(10)]);
  const stored = deflateSync("x&Action=TerminateInstances&InstanceId.1=i-1", { level: 0 });
  for (const [form, encoding] of [
    [named, "gzip"],
    [stored, "deflate"],
  ] as const)
    assert.match(judged(form, encoding, FORM).opaque ?? "", /read as it is/);
  assert.equal(judged(named, "gzip").body, "Action=DescribeInstances", "no server reads a form in what says that it is JSON");
  // Brotli of nothing, and of a text that is long enough.
  const short = brotliCompressSync("", { params: { [constants.BROTLI_PARAM_LGWIN]: 16 } });
  assert.match(judged(short, "br").opaque ?? "", /read as it is/);
});

test("a push that is compressed shows the bytes that it holds", () => {
  const { bytes } = judged(gzipSync("0000"), "gzip", "application/x-git-receive-pack-request");
  assert.equal(Buffer.from(bytes ?? "", "base64").toString(), "0000");
});

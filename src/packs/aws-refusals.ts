/**
 * Errors of AWS in each of its wire forms, as its SDKs and its command line read them: smithy's RPC in CBOR, JSON by `X-Amz-Target`, S3's
 * XML, EC2's, the query form's, and REST in JSON. All are 403: an SDK asks again by itself after 429 and after every 5xx.
 * Sources: smithy.io on AWS protocols, "Operation error serialization"; Amazon S3 API reference, "Error responses".
 */
import type { RefusalForm } from "../model/refusal-form.ts";

const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
const code = "AccessDenied";
const type = "AccessDeniedException";
const status = 403;
const requestId = { "x-amzn-requestid": "{id}" };
const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>{message}</Message></Error>`;

/** Hosts of S3 itself, however a bucket is named; its other APIs are called otherwise. */
const s3 =
  /(?:^|\.)(?:s3|s3-fips|s3-accelerate|s3-external-1|s3-accesspoint(?:-fips)?|s3-object-lambda|s3express-[a-z0-9-]+|s3-[a-z]{2}-[a-z]+-\d)\./;

const queryForm: RefusalForm = {
  status,
  type: "text/xml",
  headers: requestId,
  body: { xml: `${head}<ErrorResponse>${error}<RequestId>{id}</RequestId></ErrorResponse>` },
};

const jsonHeaders = { ...requestId, "x-amzn-errortype": type };

export const awsRefusals: readonly RefusalForm[] = [
  {
    when: { header: ["smithy-protocol", /^rpc-v2-cbor$/] },
    status,
    headers: { ...requestId, "smithy-protocol": "rpc-v2-cbor" },
    body: { cbor: { __type: type, message: "{message}" } },
  },
  {
    when: { header: ["x-amz-target", /./] },
    status,
    type: "application/x-amz-json-1.1",
    headers: jsonHeaders,
    body: { json: { __type: type, message: "{message}", Message: "{message}" } },
  },
  {
    when: { host: s3 },
    status,
    headers: { "x-amz-request-id": "{id}" },
    body: { xml: `${head}<Error><Code>${code}</Code><Message>{message}</Message><RequestId>{id}</RequestId></Error>` },
  },
  {
    when: { host: /(?:^|\.)ec2(?:-fips)?\./ },
    status,
    type: "text/xml",
    headers: requestId,
    body: {
      xml: `${head}<Response><Errors><Error><Code>${code}</Code><Message>{message}</Message></Error></Errors><RequestID>{id}</RequestID></Response>`,
    },
  },
  { when: { header: ["content-type", /^application\/x-www-form-urlencoded/i] }, ...queryForm },
  { when: { path: /[?&]Action=/i }, ...queryForm },
  { when: { host: /(?:^|\.)(?:s3-control|route53|cloudfront)(?:-fips)?\./ }, ...queryForm },
  { status, headers: jsonHeaders, body: { json: { message: "{message}", Message: "{message}" } } },
];

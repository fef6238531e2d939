/** Operations of S3, over the path and the virtual-host form: what is deleted, overwritten, opened to others or stripped of a safeguard. */
import { operationsAt } from "./operation.ts";
import type { Look, PackOperation } from "./pack.ts";

const at = "https://s3.eu-central-1.amazonaws.com";
const op = operationsAt(at);
const doors = (names: string): readonly string[] => names.split(" ").map((name) => `AWS s3 ${name}`);

const everybody: Look = {
  at: "input **.Principal",
  is: ["*"],
  class: "publish",
  because: "it lets everybody in",
};

const bypass: Look = {
  at: "header x-amz-bypass-governance-retention",
  is: [true],
  class: "destroy",
  reversibility: "irreversible",
  because: "it passes by the retention of governance mode",
};

const opened: Look = {
  at: "header x-amz-acl",
  is: ["public-read", "public-read-write", "authenticated-read"],
  class: "publish",
  because: "it lets others read it",
};

export const awsS3: readonly PackOperation[] = [
  op(
    ["s3", "destroy", "bucket"],
    doors("DeleteBucket DeleteObjectAnnotation AbortMultipartUpload DeleteBucketMetadata*"),
    {
      matches: [
        "DELETE /shop",
        "DELETE /shop?x-id=DeleteBucket",
        "DELETE /shop?POLICY",
        "DELETE https://shop.s3.amazonaws.com/",
        "DELETE https://bucket.vpce-0a1b2c-3d4e.s3.eu-central-1.vpce.amazonaws.com/shop",
        "DELETE https://s3-eu-west-1.amazonaws.com/shop",
      ],
      misses: ["GET /shop", "DELETE /shop?policy", "DELETE /shop?lifecycle", "DELETE /shop/key"],
    },
    { undo: "versioning, where it is on", many: true, look: [bypass] },
  ),
  op(
    ["s3-remove", "destroy", "object"],
    doors("DeleteObject"),
    {
      matches: [
        "DELETE /shop/dir/key?versionId=1",
        "DELETE https://shop.s3.amazonaws.com/key",
        "DELETE https://my.shop.s3.dualstack.eu-central-1.amazonaws.com/key",
        "DELETE https://shop.s3-accelerate.amazonaws.com/key",
        "DELETE https://point-123456789012.s3-accesspoint.eu-central-1.amazonaws.com/key",
      ],
      misses: ["HEAD /shop/key", "DELETE /shop", "POST /shop/key?uploads"],
    },
    { undo: "versioning, where it is on", look: [bypass] },
  ),
  op(
    ["s3-remove-many", "destroy", "objects"],
    doors("DeleteObjects"),
    {
      matches: [
        "POST /shop?delete <Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>",
        "POST https://shop.s3.eu-central-1.amazonaws.com/?delete= <Delete/>",
      ],
      misses: ["DELETE /shop", "DELETE /shop/key"],
    },
    { undo: "versioning, where it is on", many: true, look: [bypass] },
  ),
  op(
    ["s3-put", "outage", "object"],
    doors("PutObject CopyObject CompleteMultipartUpload"),
    {
      matches: ["PUT /shop/key text", "PUT https://shop.s3.amazonaws.com/key text", "POST /shop/key?uploadId=1 <CompleteMultipartUpload/>"],
      misses: ["GET /shop/key", "PUT /shop", "PUT /shop/key?uploadId=1&partNumber=1 text"],
    },
    { look: [opened] },
  ),
  op(
    ["s3-change", "outage", "object"],
    doors("RenameObject RestoreObject UpdateObjectEncryption PutObjectAnnotation"),
    { matches: ["POST /shop/key?restore <RestoreRequest/>"], misses: ["PUT /shop/key text"] },
    { look: [opened] },
  ),
  // A part is nothing until its upload is completed.
  op(["s3-part", "write", "upload"], doors("UploadPart UploadPartCopy"), {
    matches: ["PUT /shop/key?uploadId=1&partNumber=1 text"],
    misses: ["PUT /shop/key text", "POST /shop/key?uploadId=1 <CompleteMultipartUpload/>"],
  }),
  op(
    ["s3cfg", "disarm", "bucket"],
    doors(
      "PutBucketLifecycle PutBucketLifecycleConfiguration DeleteBucketLifecycle PutBucketPolicy DeleteBucketPolicy " +
        "PutObjectLockConfiguration " +
        "PutObjectRetention PutObjectLegalHold PutPublicAccessBlock DeletePublicAccessBlock PutBucketReplication DeleteBucketReplication " +
        "PutBucketLogging DeleteBucketEncryption PutBucketEncryption DeleteBucketOwnershipControls PutBucketAbac",
    ),
    {
      matches: [
        "PUT /shop?lifecycle <LifecycleConfiguration><Rule><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
        'PUT /shop?policy {"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}',
        "DELETE /shop?policy",
        "DELETE https://shop.s3.eu-central-1.amazonaws.com/?publicAccessBlock",
        "PUT /shop?object-lock <ObjectLockConfiguration/>",
        "PUT /shop/key?retention <Retention/>",
      ],
      misses: ["GET /shop?lifecycle", "GET /shop?policy", "PUT /shop/lifecycle text"],
    },
    { look: [everybody, { ...everybody, at: "input **.Principal.AWS" }, bypass] },
  ),
  op(
    ["s3cfg-versioning", "outage", "bucket"],
    doors("PutBucketVersioning"),
    {
      matches: [
        "PUT /shop?versioning <VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        "PUT https://shop.s3.amazonaws.com/?versioning <VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
      ],
      misses: ["GET /shop?versioning"],
    },
    {
      look: [
        { at: "body VersioningConfiguration.Status", is: ["Suspended"], class: "disarm", because: "versioning is suspended" },
        { at: "body VersioningConfiguration.Status", is: "absent", class: "disarm", because: "whether versioning stays on does not show" },
        {
          at: "body VersioningConfiguration.MfaDelete",
          is: ["Disabled"],
          class: "disarm",
          because: "deleting asks for no second factor any more",
        },
      ],
    },
  ),
  op(["s3-open", "publish", "bucket"], doors("PutBucketAcl PutObjectAcl PutBucketWebsite PutBucketCors PutBucketOwnershipControls"), {
    matches: ["PUT /shop?acl <AccessControlPolicy/>", "PUT /shop/key?acl <AccessControlPolicy/>"],
    misses: ["GET /shop?acl", "PUT /shop?tagging <Tagging/>"],
  }),
];

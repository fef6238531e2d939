/**
 * What S3 and DynamoDB say of buckets, objects and tables: whether an object is there, whether its bucket keeps versions, and what a table
 * holds. From their API references: "HeadObject" (404 where the key has no current version), "GetBucketVersioning" (no status: never on).
 */
import type { AnswerPath, LookupRead, MeansRule, OperationLookup, PackThing } from "../lookup.ts";

const named = ["environment", "env", "stage"];
const bucketTags = named.map((key): AnswerPath => `tags.Tagging.TagSet.Tag[Key=${key}].Value`);
const versioning: LookupRead = { as: "versioning", ask: "GET /{root*}?versioning" };
const tags: LookupRead = { as: "tags", ask: "GET /{root*}?tagging", optional: true };
const kept = { name: "versioned", at: "versioning.VersioningConfiguration.Status", is: "Enabled" } as const;
const status = { at: "versioning.VersioningConfiguration.Status", what: "versioning" };
const list = "list.ListBucketResult";

/** What stays as it is while an object is put or removed: asked once for many. */
const bucket: PackThing = { reads: [versioning, tags], environment: bucketTags, states: [kept], notes: [status], unplaced: true };

const wholeBucket: PackThing = {
  reads: [versioning, { as: "list", ask: "GET /{root*}?list-type=2&max-keys=1000", optional: true }, tags],
  environment: bucketTags,
  dependants: [{ at: `${list}.Contents`, what: "object" }],
  notes: [status, { at: `${list}.IsTruncated`, what: "more objects than these" }],
  unplaced: true,
};

const object: PackThing = {
  reads: [{ as: "one", ask: "HEAD own", exists: true }],
  states: [{ name: "new", at: "one.there", is: false }],
  fresh: true,
  unplaced: true,
};

const table: PackThing = {
  reads: [
    tableRead("one", "DescribeTable", { TableName: "{id}" }),
    { ...tableRead("copies", "DescribeContinuousBackups", { TableName: "{id}" }), optional: true },
    { ...tableRead("tags", "ListTagsOfResource", { ResourceArn: "{one.Table.TableArn}" }), optional: true },
  ],
  name: ["one.Table.TableName"],
  same: ["one.Table.TableArn"],
  environment: named.map((key) => `tags.Tags[Key=${key}].Value`),
  size: { at: "one.Table.TableSizeBytes", unit: "B" },
  notes: [
    { at: "one.Table.ItemCount", what: "items" },
    { at: "one.Table.DeletionProtectionEnabled", what: "deletion protection" },
    {
      at: "copies.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus",
      what: "point-in-time recovery",
    },
  ],
};

function tableRead(as: string, name: string, json: Readonly<Record<string, string>>): LookupRead {
  return {
    as,
    ask: "POST /",
    headers: { "x-amz-target": `DynamoDB_20120810.${name}` },
    body: { type: "application/x-amz-json-1.0", json },
  };
}

const ofBucket = { thing: "bucket", at: ["path Bucket"] } as const;
const marked: Omit<MeansRule, "unless"> = {
  class: "write",
  where: ["bucket versioned"],
  because: "the bucket keeps versions: what was there stays, behind a mark that says deleted",
};

export const storageThings: Readonly<Record<string, PackThing>> = { bucket, wholeBucket, object, table };

export const storageOperations: Readonly<Record<string, OperationLookup>> = {
  s3: { names: [{ thing: "wholeBucket", at: ["path Bucket"] }] },
  "s3-put": {
    names: [{ thing: "object", at: ["path Key"] }, ofBucket],
    means: [
      { class: "write", where: ["object new"], because: "there is no object of that name: none is overwritten" },
      { class: "write", where: ["bucket versioned"], because: "the bucket keeps versions: what was there stays as an older one" },
    ],
  },
  "s3-remove": { names: [ofBucket], means: [{ ...marked, unless: ["query versionId"] }] },
  "s3-remove-many": { names: [ofBucket], means: [{ ...marked, unless: ["body **.VersionId"], with: "body Delete.Object.Key" }] },
  dynamodb: { names: [{ thing: "table", at: ["body TableName"] }], backupCoupling: "same_blast_radius" },
  "dynamodb-change": { names: [{ thing: "table", at: ["body TableName"] }] },
};

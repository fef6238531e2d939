/** AWS by its public service models: where its services answer, and their operations. The classes of names stand in aws-families.ts. */
import { awsFamilies, awsLooks, awsReads } from "./aws-families.ts";
import { ec2Trial } from "./lookups/aws.ts";
import { awsOperations } from "./data/aws-operations.ts";
import type { PackModels } from "./models.ts";

/** `eu-central-1`, `us-gov-west-1`, `ap-southeast-7`. */
const region = "[a-z]{2,4}(?:-[a-z]+){1,2}-\\d{1,2}";

export const awsModels: PackModels = {
  apis: awsOperations,
  hosts: {
    suffixes: [
      ...["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws", "api.amazonwebservices.com.cn", "api.amazonwebservices.eu"],
    ],
    rewrites: [
      // Endpoints in a network of one's own; S3 has one for each of its APIs.
      [/\.vpce$/, ""],
      [/(^|\.)control\.vpce-[0-9a-z-]+\.s3\./, "$1s3-control."],
      [/(^|\.)(?:bucket|accesspoint)\.vpce-[0-9a-z-]+\.s3\./, "$1s3."],
      [/(^|\.)vpce-[0-9a-z-]+\./, "$1"],
      // As they were once written, and still answer.
      [new RegExp(`(^|\\.)s3-(?:fips-)?(?=${region}$)`), "$1s3."],
      [/(^|\.)s3-external-1$/, "$1s3"],
      [new RegExp(`^${region}\\.queue$`), "queue"],
      [/^fips\./, ""],
    ],
    ignored: new RegExp(`${region}|dualstack|global|aws-global|us-gov|fips`),
    marks: /-fips(?=$|-)/,
    more: [["queue", "sqs"]],
  },
  families: awsFamilies,
  reads: awsReads,
  trial: { api: "ec2", preview: ec2Trial },
  looks: awsLooks,
};

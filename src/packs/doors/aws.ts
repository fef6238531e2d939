/** Command lines and tools of AWS. `aws SERVICE OPERATION` is an operation's own name and needs no list; what has words of its own does. */
import { type ProviderDoors, ways } from "./door.ts";

export const awsDoors: ProviderDoors = {
  provider: "aws",
  programs: ["aws", "eksctl", "eb", "sam", "cdk", "copilot"],
  reads: ["help; ls|list|status|logs|diff|synth|doctor|version; get cluster|nodegroup"],
  ownReads: { aws: ["s3 ls; configure list; logs tail; help"] },
  operations: {
    rds: ways("", "delete db instance; delete db cluster; delete db snapshot; delete rds"),
    rdsmod: ways("", "modify db instance; modify db cluster"),
    s3: ways("s3 rm|rb|mv; s3 sync --delete", "delete bucket; delete object"),
    s3cfg: ways("", "put bucket lifecycle; put bucket policy; put bucket versioning"),
    ec2: ways("", "terminate instance; delete volume; delete snapshot; deregister image; delete vpc"),
    dynamodb: ways("", "delete table; delete backup; batch write item"),
    kms: ways("", "schedule key deletion; disable key"),
    secrets: ways("", "delete secret"),
    backup: ways("", "delete recovery point; delete backup vault; delete backup plan"),
    audit: ways("", "stop logging; delete trail; delete log group"),
    iac: ways(
      "cdk destroy; destroy; delete; terminate; delete cluster|nodegroup; app|svc|env delete",
      "delete stack; execute change set; delete cluster; delete function; delete file system; delete replication group",
    ),
    iam: ways(
      "configure sso; create iamidentitymapping|iamserviceaccount",
      "create access key; attach role policy; put role policy; delete role; delete user; attach user policy",
    ),
  },
  naming: {
    switches: "--debug --no-cli-pager --no-paginate --no-sign-request --no-verify-ssl --recursive --force --dryrun --quiet --all -f",
    valued: "--profile --region --output --query --endpoint-url --exclude --include --name",
    behind: { "s3 s3 rm|rb|mv": 1, "iac cdk destroy": "each", "iac destroy": "each" },
  },
  examples: {
    commands: {
      "aws s3 rb s3://shop --force": "s3",
      "aws --profile prod s3 rm s3://shop --recursive": "s3",
      "cdk destroy --all --force": "iac",
      "eksctl delete cluster --name shop": "iac",
      "aws s3 ls": "read",
      "aws --profile dev --no-cli-pager s3 ls": "read",
      "eb logs": "read",
      "cdk deploy": "unknown",
    },
    tools: {
      'delete_db_instance {"DBInstanceIdentifier":"shop"}': "rds",
      'delete-stack {"StackName":"shop"}': "iac",
      "describe_instances {}": "unknown",
    },
  },
};

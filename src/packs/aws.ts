/** AWS: operations by their names over the query, JSON and RPC forms, and routes where an API has them. S3 is known by sub-resources. */
import { awsSigning } from "./aws-signing.ts";
import type { Pack, PackOperation } from "./pack.ts";
import { operationsAt } from "./operation.ts";

const at = (api: string): string => `https://${api}.eu-central-1.amazonaws.com`;
const op = operationsAt(at("rds"));
const query = (api: string, name: string, rest = ""): string => `POST ${at(api)}/ Action=${name}${rest}`;
const doors = (api: string, names: string): readonly string[] => names.split(" ").map((name) => `AWS ${api} ${name}`);
const routes = (api: string, ...lines: readonly string[]): readonly string[] =>
  lines.map((line) => line.replace(" /", ` ${api}.*amazonaws.com/`));
const examples = (matches: readonly string[], misses: readonly string[]): PackOperation["examples"] => ({ matches, misses });

export const aws: Pack = {
  provider: "aws",
  hosts: ["*.amazonaws.com", "*.api.aws"],
  authSlots: ["authorization", "x-amz-security-token"],
  signing: awsSigning,
  readNames: ["Describe*", "Get*", "List*", "Head*", "Lookup*", "Search*", "BatchGet*", "Query", "Scan", "ConsoleGet*"],
  operations: [
    op(
      ["rds", "destroy", "database"],
      doors("rds", "DeleteDBInstance DeleteDBCluster DeleteDBSnapshot DeleteDBClusterSnapshot DeleteDB*AutomatedBackup"),
      examples(
        [
          query("rds", "DeleteDBInstance", "&DBInstanceIdentifier=shop"),
          query("rds", "DeleteDBSnapshot"),
          `POST ${at("rds")}/?Action=DeleteDBCluster&DBClusterIdentifier=c`,
          `GET ${at("rds")}/?Action=DeleteDBInstance`,
        ],
        [query("rds", "DescribeDBInstances")],
      ),
      {
        undo: "a final snapshot, unless it is skipped",
        look: [
          {
            at: "body SkipFinalSnapshot",
            is: [true],
            class: "destroy",
            reversibility: "irreversible",
            because: "it skips the final snapshot",
          },
          {
            at: "query SkipFinalSnapshot",
            is: [true],
            class: "destroy",
            reversibility: "irreversible",
            because: "it skips the final snapshot",
          },
        ],
      },
    ),
    op(
      ["rdsmod", "disarm", "database"],
      doors("rds", "ModifyDBInstance ModifyDBCluster"),
      examples([query("rds", "ModifyDBInstance", "&DeletionProtection=false")], [query("rds", "DescribeDBInstances")]),
    ),
    op(
      ["s3", "destroy", "bucket"],
      [...routes("*s3", "DELETE /**"), "DELETE *.s3.amazonaws.com/**"],
      examples(
        [`DELETE ${at("s3")}/shop`, `DELETE ${at("s3")}/shop/key?versionId=1`, "DELETE https://shop.s3.amazonaws.com/key"],
        [`GET ${at("s3")}/shop`],
      ),
      { undo: "versioning, where it is on" },
    ),
    op(
      ["s3-post", "outage", "bucket"],
      routes("*s3", "POST /**"),
      examples([`POST ${at("s3")}/shop?delete <Delete/>`], [`GET ${at("s3")}/shop?list-type=2`]),
      { look: [{ at: "query delete", is: "present", class: "destroy", because: "it deletes many objects" }] },
    ),
    op(
      ["s3cfg", "outage", "bucket"],
      routes("*s3", "PUT /**"),
      examples(
        [`PUT ${at("s3")}/shop?versioning <VersioningConfiguration/>`, `PUT ${at("s3")}/shop/key text`],
        [`GET ${at("s3")}/shop?versioning`],
      ),
      {
        look: ["lifecycle", "versioning", "policy", "object-lock", "publicAccessBlock", "acl", "replication"].map((name) => ({
          at: `query ${name}` as const,
          is: "present" as const,
          class: "disarm" as const,
          because: `it replaces the bucket's ${name}`,
        })),
      },
    ),
    op(
      ["ec2", "destroy", "machine"],
      doors("ec2", "TerminateInstances DeleteVolume DeleteSnapshot DeregisterImage DeleteVpc"),
      examples(
        [query("ec2", "TerminateInstances", "&InstanceId.1=i-1"), query("ec2", "DeleteVolume", "&VolumeId=v")],
        [query("ec2", "DescribeInstances")],
      ),
    ),
    op(
      ["ec2mod", "disarm", "machine"],
      doors("ec2", "ModifyInstanceAttribute"),
      examples([query("ec2", "ModifyInstanceAttribute", "&DisableApiTermination.Value=false")], [query("ec2", "DescribeInstances")]),
    ),
    op(
      ["dynamodb", "destroy", "table"],
      doors("dynamodb", "DeleteTable DeleteBackup BatchWriteItem"),
      examples(
        [query("dynamodb", "DeleteTable"), `POST ${at("dynamodb")}/service/DynamoDB/operation/DeleteTable`],
        [query("dynamodb", "DescribeTable")],
      ),
      { undo: "point-in-time recovery, where it is on" },
    ),
    op(
      ["dynamodb-change", "disarm", "table"],
      doors("dynamodb", "UpdateTable UpdateContinuousBackups UpdateTimeToLive"),
      examples([query("dynamodb", "UpdateTable")], [query("dynamodb", "ListTables")]),
    ),
    op(
      ["sqlexec", "exec", "table"],
      [
        ...doors("dynamodb", "ExecuteStatement BatchExecuteStatement ExecuteTransaction"),
        ...routes("rds-data", "POST /Execute", "POST /BatchExecute", "POST /ExecuteSql"),
      ],
      examples(
        [query("dynamodb", "ExecuteStatement"), `POST ${at("rds-data")}/Execute {"sql":"DROP TABLE t"}`],
        [query("dynamodb", "ListTables")],
      ),
    ),
    op(
      ["kms", "destroy", "key"],
      doors("kms", "ScheduleKeyDeletion DisableKey DeleteImportedKeyMaterial DeleteAlias"),
      examples([query("kms", "ScheduleKeyDeletion")], [query("kms", "DescribeKey")]),
      { undo: "a waiting window of 7 to 30 days" },
    ),
    op(
      ["secrets", "destroy", "secret"],
      doors("secretsmanager", "DeleteSecret"),
      examples([query("secretsmanager", "DeleteSecret")], [query("secretsmanager", "DescribeSecret")]),
      {
        undo: "30 days by default",
        look: [
          {
            at: "body ForceDeleteWithoutRecovery",
            is: [true],
            class: "destroy",
            reversibility: "irreversible",
            because: "it asks for no way back",
          },
        ],
      },
    ),
    op(
      ["secretRead", "credential", "secret"],
      [
        ...doors("secretsmanager", "GetSecretValue BatchGetSecretValue PutSecretValue UpdateSecret"),
        ...doors("ssm", "GetParameter*"),
        ...doors("sts", "AssumeRole* GetSessionToken GetFederationToken"),
        ...doors("kms", "Decrypt GenerateDataKey*"),
        ...doors("redshift", "GetClusterCredentials*"),
        "GET+HEAD portal.sso.*amazonaws.com/federation/credentials",
        ...doors("ec2", "GetPasswordData"),
        ...doors("ecr", "GetAuthorizationToken"),
      ],
      examples([query("secretsmanager", "GetSecretValue"), query("sts", "AssumeRole")], [query("sts", "GetCallerIdentity")]),
    ),
    op(
      ["backup", "destroy", "backup"],
      routes("backup", "DELETE /**"),
      examples(
        [
          `DELETE ${at("backup")}/backup-vaults/v/recovery-points/r`,
          `DELETE ${at("backup")}/backup-vaults/v/vault-lock`,
          `DELETE ${at("backup")}/backup/plans/p`,
        ],
        [`GET ${at("backup")}/backup-vaults`],
      ),
    ),
    op(
      ["audit", "disarm", "logging"],
      [
        ...doors("cloudtrail", "StopLogging DeleteTrail UpdateTrail PutEventSelectors"),
        ...doors("logs", "DeleteLogGroup DeleteLogStream PutRetentionPolicy"),
        ...doors("config", "StopConfigurationRecorder DeleteConfigurationRecorder"),
        ...routes("guardduty", "DELETE /**"),
      ],
      examples(
        [query("cloudtrail", "StopLogging"), query("logs", "DeleteLogGroup"), `DELETE ${at("guardduty")}/detector/d`],
        [query("cloudtrail", "DescribeTrails")],
      ),
    ),
    op(
      ["iac", "destroy", "stack"],
      [
        ...doors("cloudformation", "DeleteStack ExecuteChangeSet UpdateStack DeleteStackSet DeleteStackInstances"),
        ...doors("elasticache", "DeleteReplicationGroup DeleteCacheCluster"),
        ...doors("redshift", "DeleteCluster"),
        ...doors("ecr", "BatchDeleteImage DeleteRepository"),
        ...routes("eks", "DELETE /**"),
        ...routes("lambda", "DELETE /**"),
        ...routes("elasticfilesystem", "DELETE /**"),
      ],
      examples(
        [
          query("cloudformation", "DeleteStack", "&StackName=s"),
          `DELETE ${at("eks")}/clusters/c`,
          `DELETE ${at("lambda")}/2015-03-31/functions/f`,
          query("ecr", "BatchDeleteImage"),
        ],
        [query("cloudformation", "DescribeStacks")],
      ),
      { many: true },
    ),
    op(
      ["dns", "outage", "zone"],
      ["POST route53.*amazonaws.com/*/hostedzone/{z}/rrset", "DELETE route53.*amazonaws.com/*/hostedzone/{z}"],
      examples(
        ["POST https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset <C/>"],
        ["GET https://route53.amazonaws.com/2013-04-01/hostedzone"],
      ),
    ),
    op(
      ["iam", "credential", "rights"],
      [
        ...doors("iam", "Delete* Create* Attach* Detach* Put* Update* Add* Remove* Set* Upload* Deactivate* Enable*"),
        ...doors("organizations", "LeaveOrganization RemoveAccountFromOrganization CloseAccount DetachPolicy"),
      ],
      examples(
        [
          "POST https://iam.amazonaws.com/ Action=CreateAccessKey",
          "POST https://iam.amazonaws.com/ Action=DeleteRole&RoleName=r",
          query("organizations", "LeaveOrganization"),
        ],
        ["POST https://iam.amazonaws.com/ Action=ListUsers"],
      ),
    ),
  ],
};

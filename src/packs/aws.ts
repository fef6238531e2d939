/**
 * AWS: the operations whose class their names do not tell, or that need a look inside. All others have theirs by the families of names
 * (aws-families.ts), and how a request says its operation by the public service models (aws-models.ts).
 */
import { awsLookups } from "./lookups/aws.ts";
import { awsModels } from "./aws-models.ts";
import { awsRefusals } from "./aws-refusals.ts";
import { awsS3 } from "./aws-s3.ts";
import { awsSigning } from "./aws-signing.ts";
import { operationsAt } from "./operation.ts";
import type { Look, OperationClass, Pack, PackOperation } from "./pack.ts";

const at = (api: string): string => `https://${api}.eu-central-1.amazonaws.com`;
const op = operationsAt(at("rds"));
const query = (api: string, name: string, rest = ""): string => `POST ${at(api)}/ Action=${name}${rest}`;
const doors = (api: string, names: string): readonly string[] => names.split(" ").map((name) => `AWS ${api} ${name}`);
const examples = (matches: readonly string[], misses: readonly string[]): PackOperation["examples"] => ({ matches, misses });
const look = (path: string, is: Look["is"], ofClass: OperationClass, because: string): Look => ({
  at: `input ${path}`,
  is,
  class: ofClass,
  because,
});
const gone = (path: string, is: Look["is"], because: string): Look => ({
  ...look(path, is, "destroy", because),
  reversibility: "irreversible",
});

export const aws: Pack = {
  provider: "aws",
  hosts: [
    "*.amazonaws.com",
    "*.api.aws",
    "*.amazonaws.com.cn",
    "*.amazonaws.eu",
    "*.api.amazonwebservices.com.cn",
    "*.api.amazonwebservices.eu",
  ],
  // Keys of objects. docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html: any character but for segments of dots alone.
  exactPaths: ["s3.amazonaws.com/{name}", "s3.*.amazonaws.com/{name}", "*.s3.amazonaws.com", "*.s3.*.amazonaws.com"],
  slashedNames: ["/tags/{arn%}", "/{v}/tags/{arn%}", "bedrock-runtime.*.amazonaws.com/model/{m%}/**"],
  authSlots: ["authorization", "x-amz-security-token"],
  refusals: awsRefusals,
  signing: awsSigning,
  models: awsModels,
  lookups: awsLookups,
  operations: [
    ...awsS3,
    op(
      ["rds", "destroy", "database"],
      [
        ...doors("rds", "DeleteDBInstance DeleteDBCluster DeleteDBSnapshot DeleteDBClusterSnapshot DeleteDB*AutomatedBackup"),
        ...doors("redshift", "DeleteCluster DeleteClusterSnapshot"),
        ...doors("elasticache", "DeleteReplicationGroup DeleteCacheCluster DeleteServerlessCache DeleteSnapshot"),
      ],
      examples(
        [
          query("rds", "DeleteDBInstance", "&DBInstanceIdentifier=shop&Version=2014-10-31"),
          query("rds", "DeleteDBSnapshot"),
          `POST ${at("rds")}/?Action=DeleteDBCluster&DBClusterIdentifier=c`,
          `GET ${at("rds")}/?Action=DeleteDBInstance`,
          "POST https://vpce-0a1b-2c3d.rds.eu-central-1.vpce.amazonaws.com/ Action=DeleteDBInstance",
          "POST https://rds-fips.us-east-1.api.aws/ Action=deletedbinstance",
        ],
        [query("rds", "DescribeDBInstances"), query("rds", "StopDBInstance")],
      ),
      {
        undo: "a final snapshot, unless it is skipped",
        look: [
          gone("SkipFinalSnapshot", [true], "it skips the final snapshot"),
          gone("SkipFinalClusterSnapshot", [true], "it skips the final snapshot"),
          gone("DeleteAutomatedBackups", [true], "its automated backups go with it"),
        ],
      },
    ),
    op(
      ["rdsmod", "outage", "database"],
      doors("rds", "ModifyDBInstance ModifyDBCluster"),
      examples(
        [query("rds", "ModifyDBInstance", "&DeletionProtection=false"), query("rds", "ModifyDBCluster", "&BackupRetentionPeriod=0")],
        [query("rds", "DescribeDBInstances")],
      ),
      {
        look: [
          look("DeletionProtection", [false], "disarm", "deletion protection is switched off"),
          look("BackupRetentionPeriod", [0], "disarm", "automated backups end, and those there are go"),
          look("PubliclyAccessible", [true], "publish", "it can be reached from the internet"),
          look("MasterUserPassword", "present", "credential", "it sets the master password"),
        ],
      },
    ),
    op(
      ["ec2", "destroy", "machine"],
      doors("ec2", "TerminateInstances DeleteVolume DeleteSnapshot DeregisterImage DeleteVpc"),
      examples(
        [query("ec2", "TerminateInstances", "&InstanceId.1=i-1&InstanceId.2=i-2"), query("ec2", "DeleteVolume", "&VolumeId=v")],
        [query("ec2", "DescribeInstances"), query("ec2", "StopInstances")],
      ),
      { undo: "the recycle bin, where a rule keeps it", many: true },
    ),
    op(
      ["ec2mod", "disarm", "machine"],
      doors("ec2", "ModifyInstanceAttribute"),
      examples([query("ec2", "ModifyInstanceAttribute", "&DisableApiTermination.Value=false")], [query("ec2", "DescribeInstances")]),
    ),
    op(
      ["dynamodb", "destroy", "table"],
      doors("dynamodb", "DeleteTable DeleteBackup DeleteItem BatchWriteItem TransactWriteItems"),
      examples(
        [query("dynamodb", "DeleteTable"), `POST ${at("dynamodb")}/service/DynamoDB_20120810/operation/DeleteTable`],
        [query("dynamodb", "DescribeTable"), query("dynamodb", "GetItem")],
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
      doors("dynamodb", "ExecuteStatement BatchExecuteStatement ExecuteTransaction"),
      examples([query("dynamodb", "ExecuteStatement")], [query("dynamodb", "ListTables")]),
    ),
    op(
      ["sqlexec-rds", "exec", "database"],
      doors("rds-data", "ExecuteStatement BatchExecuteStatement"),
      examples(
        [`POST ${at("rds-data")}/Execute {"sql":"DROP TABLE t","resourceArn":"arn:aws:rds:eu-central-1:123456789012:cluster:shop"}`],
        [`POST ${at("rds-data")}/CommitTransaction {}`],
      ),
      {
        // A statement in a transaction meets what statements before it changed.
        sql: {
          at: ["sql"],
          project: "body resourceArn",
          database: "database",
          shifts: ["schema", "transactionId"],
          engine: "several",
          parameters: "named",
          rows: ["records"],
          unrowed: ["formatRecordsAs"],
        },
      },
    ),
    op(
      ["sqlexec-legacy", "exec", "database"],
      doors("rds-data", "ExecuteSql"),
      examples([`POST ${at("rds-data")}/ExecuteSql {"sqlStatements":"DROP TABLE t"}`], [`POST ${at("rds-data")}/RollbackTransaction {}`]),
    ),
    op(
      ["kms", "destroy", "key"],
      doors("kms", "ScheduleKeyDeletion DisableKey DeleteImportedKeyMaterial DeleteAlias DeleteCustomKeyStore"),
      examples([query("kms", "ScheduleKeyDeletion")], [query("kms", "DescribeKey")]),
      { undo: "a waiting window of 7 to 30 days" },
    ),
    op(
      ["secrets", "destroy", "secret"],
      doors("secretsmanager", "DeleteSecret"),
      examples([query("secretsmanager", "DeleteSecret")], [query("secretsmanager", "DescribeSecret")]),
      { undo: "30 days by default", look: [gone("ForceDeleteWithoutRecovery", [true], "it asks for no way back")] },
    ),
    op(
      ["secretRead", "credential", "secret"],
      [
        ...doors("secretsmanager", "GetSecretValue BatchGetSecretValue PutSecretValue UpdateSecret"),
        ...doors("ssm", "GetParameter*"),
        ...doors("sts", "AssumeRole* GetSessionToken GetFederationToken"),
        ...doors("kms", "Decrypt GenerateDataKey*"),
        ...doors("redshift", "GetClusterCredentials*"),
        ...doors("sso", "GetRoleCredentials"),
        ...doors("ec2", "GetPasswordData"),
        ...doors("ecr", "GetAuthorizationToken"),
      ],
      examples(
        [
          query("secretsmanager", "GetSecretValue"),
          "POST https://sts.amazonaws.com/ Action=AssumeRole",
          `GET ${at("portal.sso")}/federation/credentials?role_name=r&account_id=1`,
        ],
        [query("sts", "GetCallerIdentity")],
      ),
    ),
    op(
      ["backup", "destroy", "backup"],
      doors("backup", "Delete* Disassociate* StopBackupJob"),
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
        ...doors("cloudtrail", "StopLogging DeleteTrail UpdateTrail PutEventSelectors DeleteEventDataStore StopEventDataStoreIngestion"),
        ...doors("logs", "DeleteLogGroup DeleteLogStream PutRetentionPolicy"),
        ...doors("config", "StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel"),
        ...doors("guardduty", "Delete* Disassociate* StopMonitoringMembers"),
      ],
      examples(
        [query("cloudtrail", "StopLogging"), query("logs", "DeleteLogGroup"), `DELETE ${at("guardduty")}/detector/d`],
        [query("cloudtrail", "DescribeTrails"), `GET ${at("guardduty")}/detector`],
      ),
    ),
    op(
      ["iac", "destroy", "stack"],
      [
        ...doors(
          "cloudformation",
          "DeleteStack ExecuteChangeSet UpdateStack DeleteStackSet DeleteStackInstances UpdateStackSet RollbackStack",
        ),
        ...doors("cloudcontrol", "DeleteResource"),
        ...doors("ecr", "BatchDeleteImage DeleteRepository"),
        ...doors("eks", "Delete*"),
        ...doors("lambda", "Delete*"),
        ...doors("efs", "Delete*"),
        ...doors("organizations", "CloseAccount"),
      ],
      examples(
        [
          query("cloudformation", "DeleteStack", "&StackName=s"),
          `DELETE ${at("eks")}/clusters/c`,
          `DELETE ${at("lambda")}/2015-03-31/functions/f`,
          `DELETE ${at("elasticfilesystem")}/2015-02-01/file-systems/fs-1`,
          query("api.ecr", "BatchDeleteImage"),
        ],
        [query("cloudformation", "DescribeStacks"), query("cloudformation", "CreateChangeSet", "&StackName=s")],
      ),
      { many: true },
    ),
    op(
      ["dns", "outage", "zone"],
      doors("route53", "ChangeResourceRecordSets DeleteHostedZone"),
      examples(
        [
          "POST https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset <ChangeResourceRecordSetsRequest/>",
          "DELETE https://route53.amazonaws.com/2013-04-01/hostedzone/Z1",
        ],
        ["GET https://route53.amazonaws.com/2013-04-01/hostedzone"],
      ),
    ),
    op(
      ["iam", "credential", "rights"],
      [
        ...doors(
          "iam",
          "Delete* Create* Attach* Detach* Put* Update* Add* Remove* Set* Upload* Deactivate* Enable* Tag* Untag* Change* Reset*",
        ),
        ...doors("organizations", "LeaveOrganization RemoveAccountFromOrganization DetachPolicy"),
      ],
      examples(
        [
          "POST https://iam.amazonaws.com/ Action=CreateAccessKey",
          "POST https://iam.amazonaws.com/ Action=DeleteRole&RoleName=r",
          "POST https://organizations.us-east-1.amazonaws.com/ Action=LeaveOrganization",
        ],
        ["POST https://iam.amazonaws.com/ Action=ListUsers"],
      ),
    ),
  ],
};

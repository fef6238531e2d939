/**
 * What AWS says of its things, by the query form, whose answers are XML; and EC2's own trial, by which 756 of its operations can be asked
 * whether they would go through. A tag tells the environment. The rights of the session's key decide what can be read.
 */
import type { OperationLookup, PackLookups, ProviderPreview } from "../lookup.ts";
import { storageOperations, storageThings } from "./aws-storage.ts";

/** Amazon EC2's documentation, "DryRun": an answer that is this error means that the request would have succeeded. */
export const ec2Trial: ProviderPreview = {
  called: "DryRun",
  how: { form: "DryRun=true" },
  passes: { at: "preview.Response.Errors.Error.Code", is: "DryRunOperation" },
};

const tags = (at: string, key: string, value: string): readonly string[] =>
  ["environment", "env", "stage"].map((name) => `${at}[${key}=${name}].${value}`);
const instance = "one.DescribeDBInstancesResponse.DescribeDBInstancesResult.DBInstances.DBInstance";
const instanceCopies = "copies.DescribeDBSnapshotsResponse.DescribeDBSnapshotsResult.DBSnapshots.DBSnapshot";
const cluster = "one.DescribeDBClustersResponse.DescribeDBClustersResult.DBClusters.DBCluster";
const clusterCopies = "copies.DescribeDBClusterSnapshotsResponse.DescribeDBClusterSnapshotsResult.DBClusterSnapshots.DBClusterSnapshot";
const machine = "one.DescribeInstancesResponse.reservationSet.item.instancesSet.item";
const volume = "one.DescribeVolumesResponse.volumeSet.item";
const parent = (path: string): string => path.slice(0, path.lastIndexOf("."));
const rds = (action: string, parameters: string): string => `GET /?Action=${action}&Version=2014-10-31&${parameters}`;
const ec2 = (action: string, parameters: string): string => `GET /?Action=${action}&Version=2016-11-15&${parameters}`;

/** AWS CloudFormation's documentation, "DescribeChangeSet": what executing the change set would do to each resource. */
const changeSet: ProviderPreview = {
  called: "change set",
  how: {
    read: "GET /?Action=DescribeChangeSet&Version=2010-05-15&StackName={stack}&ChangeSetName={set}",
    with: { stack: ["body StackName", "query StackName"], set: ["body ChangeSetName", "query ChangeSetName"] },
  },
  shown: [
    {
      each: "preview.DescribeChangeSetResponse.DescribeChangeSetResult.Changes.member.ResourceChange",
      words: ["Action", "ResourceType", "LogicalResourceId", "PhysicalResourceId"],
    },
  ],
};

const databases: OperationLookup = {
  names: [
    { thing: "database", at: ["body DBInstanceIdentifier", "query DBInstanceIdentifier"] },
    { thing: "cluster", at: ["body DBClusterIdentifier", "query DBClusterIdentifier"] },
  ],
};

export const awsLookups: PackLookups = {
  things: {
    ...storageThings,
    database: {
      reads: [
        { as: "one", ask: rds("DescribeDBInstances", "DBInstanceIdentifier={id}") },
        { as: "copies", ask: rds("DescribeDBSnapshots", "DBInstanceIdentifier={id}"), optional: true },
      ],
      name: [`${instance}.DBInstanceIdentifier`],
      within: [[`${instance}.DBClusterIdentifier`]],
      same: [`${instance}.DBInstanceArn`],
      environment: tags(`${instance}.TagList.Tag`, "Key", "Value"),
      size: { at: `${instance}.AllocatedStorage`, unit: "GB" },
      backups: { in: parent(instanceCopies), at: instanceCopies, time: `${instanceCopies}.SnapshotCreateTime` },
      notes: [
        { at: `${instance}.DeletionProtection`, what: "deletion protection" },
        { at: `${instance}.BackupRetentionPeriod`, what: "days that automated backups are kept" },
      ],
    },
    cluster: {
      reads: [
        { as: "one", ask: rds("DescribeDBClusters", "DBClusterIdentifier={id}") },
        { as: "copies", ask: rds("DescribeDBClusterSnapshots", "DBClusterIdentifier={id}"), optional: true },
      ],
      name: [`${cluster}.DBClusterIdentifier`],
      same: [`${cluster}.DBClusterArn`],
      environment: tags(`${cluster}.TagList.Tag`, "Key", "Value"),
      dependants: [{ at: `${cluster}.DBClusterMembers.DBClusterMember`, what: "database" }],
      backups: { in: parent(clusterCopies), at: clusterCopies, time: `${clusterCopies}.SnapshotCreateTime` },
      notes: [{ at: `${cluster}.DeletionProtection`, what: "deletion protection" }],
    },
    machine: {
      reads: [{ as: "one", ask: ec2("DescribeInstances", "InstanceId.1={id}") }],
      name: [`${machine}.tagSet.item[key=name].value`, `${machine}.instanceId`],
      environment: tags(`${machine}.tagSet.item`, "key", "value"),
      dependants: [{ at: `${machine}.blockDeviceMapping.item`, what: "volume" }],
    },
    volume: {
      reads: [
        { as: "one", ask: ec2("DescribeVolumes", "VolumeId.1={id}") },
        { as: "copies", ask: ec2("DescribeSnapshots", "Filter.1.Name=volume-id&Filter.1.Value.1={id}"), optional: true },
      ],
      name: [`${volume}.tagSet.item[key=name].value`, `${volume}.volumeId`],
      environment: tags(`${volume}.tagSet.item`, "key", "value"),
      size: { at: `${volume}.size`, unit: "GB" },
      dependants: [{ at: `${volume}.attachmentSet.item`, what: "machine" }],
      backups: {
        in: "copies.DescribeSnapshotsResponse.snapshotSet",
        at: "copies.DescribeSnapshotsResponse.snapshotSet.item",
        time: "copies.DescribeSnapshotsResponse.snapshotSet.item.startTime",
      },
    },
  },
  operations: {
    ...storageOperations,
    rds: databases,
    rdsmod: databases,
    ec2: {
      names: [
        { thing: "machine", at: ["body InstanceId.*", "query InstanceId.*"] },
        { thing: "volume", at: ["body VolumeId", "query VolumeId"] },
      ],
      backupCoupling: "independent",
      preview: ec2Trial,
    },
    iac: { names: [], preview: changeSet },
    ec2mod: { names: [{ thing: "machine", at: ["body InstanceId", "query InstanceId"] }], preview: ec2Trial },
  },
};

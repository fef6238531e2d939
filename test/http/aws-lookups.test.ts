/**
 * What AWS would be asked before a request is judged, and what its answers say: reads by the query form with answers in XML, tags that tell
 * the environment, and EC2's own trial.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerTree } from "../../src/effects/http/answer-tree.ts";
import { factsOf } from "../../src/effects/http/resolve-facts.ts";
import { type EffectLookups, lookupsOf } from "../../src/effects/http/resolve-lookups.ts";
import { previewSentences } from "../../src/effects/http/resolve-preview.ts";
import { previewRequest, requestsOf } from "../../src/effects/http/resolve-reads.ts";
import type { Tree } from "../../src/effects/http/tree.ts";
import type { ProviderPreview } from "../../src/packs/lookup.ts";
import { requestEffects } from "./requests.ts";

const RDS = "https://rds.eu-central-1.amazonaws.com/";
const EC2 = "https://ec2.eu-central-1.amazonaws.com/";

async function groupOf(url: string, body: string): Promise<EffectLookups> {
  const [group] = lookupsOf(await requestEffects({ method: "POST", url, headers: [], body }));
  assert.ok(group !== undefined, body);
  return group;
}

describe("a database of RDS", () => {
  const answer = `<?xml version="1.0"?>
    <DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBInstancesResult><DBInstances><DBInstance>
      <DBInstanceIdentifier>shop</DBInstanceIdentifier><AllocatedStorage>48</AllocatedStorage><DeletionProtection>true</DeletionProtection>
      <TagList><Tag><Key>Team</Key><Value>staging-tools</Value></Tag><Tag><Key>Environment</Key><Value>production</Value></Tag></TagList>
    </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`;
  const copies = `<DescribeDBSnapshotsResponse><DescribeDBSnapshotsResult><DBSnapshots>
      <DBSnapshot><DBSnapshotIdentifier>a</DBSnapshotIdentifier><SnapshotCreateTime>2026-01-01T00:00:00Z</SnapshotCreateTime></DBSnapshot>
      <DBSnapshot><DBSnapshotIdentifier>b</DBSnapshotIdentifier><SnapshotCreateTime>2026-02-01T00:00:00Z</SnapshotCreateTime></DBSnapshot>
    </DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>`;

  test("is asked about by its identifier, and its tag tells the environment, its answer the size and the copies", async () => {
    const group = await groupOf(RDS, "Action=DeleteDBInstance&DBInstanceIdentifier=shop%26x");
    const [lookup] = group.lookups;
    assert.ok(lookup !== undefined && group.rules !== undefined);
    const asked = lookup.thing.reads.flatMap((read) => requestsOf(read, lookup, group, new Map()));
    assert.deepEqual(
      asked.map(({ method, host, target }) => `${method} ${host}${target}`),
      [
        "GET rds.eu-central-1.amazonaws.com/?Action=DescribeDBInstances&Version=2014-10-31&DBInstanceIdentifier=shop%26x",
        "GET rds.eu-central-1.amazonaws.com/?Action=DescribeDBSnapshots&Version=2014-10-31&DBInstanceIdentifier=shop%26x",
      ],
    );
    const answers = new Map<string, Tree>([
      ["one", answerTree(answer) ?? null],
      ["copies", answerTree(copies) ?? null],
    ]);
    const facts = factsOf(lookup, answers, group, []);
    assert.equal(facts.name, "shop");
    assert.equal(facts.placed.environment, "production");
    assert.equal(facts.sizeBytes, 48e9);
    assert.equal(facts.backups?.count, 2);
  });

  test("each of what is asked is a read itself", async () => {
    for (const url of [`${RDS}?Action=DescribeDBInstances&Version=2014-10-31`, `${EC2}?Action=DescribeVolumes&VolumeId.1=v`]) {
      const effects = await requestEffects({ method: "GET", url, headers: [], body: "" });
      assert.deepEqual(
        effects.map(({ operation }) => operation),
        ["read"],
      );
    }
  });
});

describe("EC2's own trial", () => {
  const passes =
    "<Response><Errors><Error><Code>DryRunOperation</Code><Message>Request would have succeeded</Message></Error></Errors></Response>";
  const fails = "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";

  async function previewOf(body: string): Promise<{ readonly group: EffectLookups; readonly preview: ProviderPreview }> {
    const group = await groupOf(EC2, body);
    assert.ok(group.rules?.preview !== undefined, body);
    return { group, preview: group.rules.preview };
  }

  for (const body of [
    "Action=TerminateInstances&InstanceId.1=i-1",
    "Action=DeleteSubnet&SubnetId=s",
    "Action=StopInstances&InstanceId.1=i-1",
  ]) {
    test(`${body}: asked with the same form, and DryRun in it`, async () => {
      const { group, preview } = await previewOf(body);
      const sent = { method: "POST", target: "/", body, contentType: "application/x-www-form-urlencoded" };
      const own = previewRequest(preview, group, sent);
      assert.equal(own?.body, `${body}&DryRun=true`);
      assert.equal(own?.target, "/");
      assert.equal(previewRequest(preview, group, { ...sent, target: `/?${body}`, body: "" })?.target, `/?${body}&DryRun=true`);
    });
  }

  test("what its answers mean", async () => {
    const { preview } = await previewOf("Action=TerminateInstances&InstanceId.1=i-1");
    assert.match(previewSentences(preview, { status: 412, text: passes }, "i-1")[0] ?? "", /would go through/);
    assert.match(previewSentences(preview, { status: 403, text: fails }, "i-1")[0] ?? "", /would not go through/);
    assert.match(previewSentences(preview, { status: 200, text: "<a><b></a>" }, "i-1")[0] ?? "", /would not go through/);
  });

  test("is not asked where the models have none", async () => {
    const group = await groupOf("https://elasticloadbalancing.eu-central-1.amazonaws.com/", "Action=DeleteLoadBalancer&LoadBalancerName=l");
    assert.equal(group.rules, undefined);
  });
});

describe("CloudFormation's change sets", () => {
  const STACKS = "https://cloudformation.eu-central-1.amazonaws.com/";
  const sent = (body: string) => ({ method: "POST", target: "/", body, contentType: "application/x-www-form-urlencoded" });
  const answer = `<DescribeChangeSetResponse><DescribeChangeSetResult><Status>CREATE_COMPLETE</Status><Changes>
    <member><Type>Resource</Type><ResourceChange><Action>Remove</Action><LogicalResourceId>Orders</LogicalResourceId>
      <PhysicalResourceId>orders-prod</PhysicalResourceId><ResourceType>AWS::RDS::DBInstance</ResourceType></ResourceChange></member>
    <member><Type>Resource</Type><ResourceChange><Action>Modify</Action><LogicalResourceId>Web</LogicalResourceId>
      <ResourceType>AWS::ECS::Service</ResourceType></ResourceChange></member>
    </Changes></DescribeChangeSetResult></DescribeChangeSetResponse>`;

  test("are read before they are executed, by the names in the request", async () => {
    const body = "Action=ExecuteChangeSet&StackName=shop%2Fx&ChangeSetName=drop";
    const group = await groupOf(STACKS, body);
    const preview = group.rules?.preview;
    assert.ok(preview !== undefined);
    const own = previewRequest(preview, group, sent(body));
    assert.deepEqual(
      [own?.method, own?.target, own?.body],
      ["GET", "/?Action=DescribeChangeSet&Version=2010-05-15&StackName=shop%2Fx&ChangeSetName=drop", undefined],
    );
    const effects = await requestEffects({ method: "GET", url: `${STACKS.slice(0, -1)}${own?.target}`, headers: [], body: "" });
    assert.deepEqual(
      effects.map(({ operation }) => operation),
      ["read"],
    );
    assert.deepEqual(previewSentences(preview, { status: 200, text: answer }, ""), [
      "the provider says (change set) that it would go through: Remove AWS::RDS::DBInstance Orders orders-prod, Modify AWS::ECS::Service Web",
    ]);
  });

  test("are not asked about where the request names none", async () => {
    const body = "Action=DeleteStack&StackName=shop";
    const group = await groupOf(STACKS, body);
    assert.ok(group.rules?.preview !== undefined);
    assert.equal(previewRequest(group.rules.preview, group, sent(body)), undefined);
  });
});

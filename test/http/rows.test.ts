/** Every operation of the survey of providers, by a request of its own: what the request does is of the class that the survey says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { packs } from "../../src/packs/index.ts";
import { requestOfText } from "../../src/effects/http/request-text.ts";
import { effectsOf, strictnessOf } from "./requests.ts";

const rows = `
railway: volumeDelete=destroy volumeInstanceBackupDelete=destroy volumeInstanceBackupRestore=restore
railway: volumeInstanceBackupScheduleUpdate=disarm environmentPatch=destroy projectDelete=destroy
railway: projectScheduleDeleteForce=destroy environmentDelete=destroy serviceDelete=destroy workspaceDelete=destroy
railway: variables=outage deployment=outage creds=credential exec=exec disarm2fa=disarm net=outage transfer=transfer
fly: volume=destroy app=destroy machine=destroy exec=exec org=destroy secrets=outage creds=credential update=disarm
fly: scale=outage
heroku: app=destroy addon=destroy pgreset=wipe pgbackupdel=destroy pgrestore=restore pgunschedule=disarm pgcred=credential
heroku: config=outage rollback=outage space=destroy transfer=transfer NOT-destroy=outage
render: postgres=destroy keyvalue=destroy disk=destroy diskrestore=restore service=destroy suspend=outage envgroup=outage
render: project=destroy pguser=credential connstr=credential
vercel: project=destroy deployment=destroy env=outage blob=destroy edgeconfig=destroy domain=outage integration=destroy
vercel: team=destroy traffic=outage transfer=transfer
netlify: site=destroy db=destroy dbrestore=restore dns=outage env=outage deploy=outage account=destroy
supabase: project=destroy sql=exec migrate=exec branch=destroy restore=restore pause=outage secrets=credential net=disarm
supabase: function=destroy
neon: project=destroy branch=destroy database=destroy role=credential snapshot=destroy restore=restore bucket=destroy
neon: endpoint=outage transfer=transfer
planetscale: database=destroy branch=destroy backup=destroy disarm=disarm demote=outage keyspace=destroy creds=credential
planetscale: sql=exec
cloudflare: zone=destroy dns=outage r2=destroy d1=destroy d1sql=exec d1restore=restore kv=destroy worker=destroy queue=wipe
cloudflare: tunnel=outage account=credential purge=outage
aws: rds=destroy rdsmod=disarm s3=destroy s3cfg=disarm ec2=destroy dynamodb=destroy kms=destroy secrets=destroy backup=destroy
aws: audit=disarm iac=destroy iam=credential
gcp: project=destroy sql=destroy sqldb=destroy sqlrestore=restore sqlexec=exec disk=destroy gcs=destroy bq=destroy gke=destroy
gcp: kms=destroy firestore=destroy iam=credential
azure: rg=destroy lock=disarm sql=destroy pg=destroy storage=destroy cosmos=destroy vm=destroy kv=destroy rsv=destroy
azure: aks=destroy
digitalocean: db=destroy volume=destroy droplet=destroy dangerous=destroy k8s=destroy misc=destroy
github: repo=destroy ref=destroy push=destroy protect=disarm visibility=publish transfer=transfer release=destroy
github: secrets=credential org=destroy merge=write
stripe: customer=destroy refund=money payout=money subscription=destroy invoice=destroy account=destroy hooks=outage
kubernetes: ns=destroy pvc=destroy crd=destroy workload=outage secret=credential exec=exec node=outage disarm=disarm
kubernetes: rbac=credential
`
  .trim()
  .split("\n")
  .flatMap((line) => {
    const [provider = "", ...words] = line.split(/:? /);
    return words.map((word) => ({ provider, row: word.split("=")[0] ?? "", wanted: word.split("=")[1] ?? "" }));
  });

test("the survey is whole: 169 operations of 17 providers", () => {
  assert.equal(rows.length, 169);
  assert.deepEqual([...new Set(rows.map(({ provider }) => provider))].sort(), packs.map(({ provider }) => provider).sort());
});

/** Of `read-only`, `guarded-writes`, `migrations` and `observe`, in staging: 0 is allow, 1 hold, 2 deny. */
const answers: Readonly<Record<string, readonly number[]>> = { credential: [2, 2, 2, 2], write: [2, 0, 0, 0] };
const held = [2, 1, 1, 1];

for (const { provider, row, wanted } of rows) {
  test(`${provider} ${row} is ${wanted}`, async () => {
    const operations = packs
      .filter((pack) => pack.provider === provider)
      .flatMap((pack) => pack.operations)
      .filter(({ id }) => id === row || id.startsWith(`${row}-`));
    const classes = new Set<string>();
    for (const { examples, sql } of operations)
      for (const text of examples.matches)
        for (const { detail, resource } of await effectsOf(text)) {
          // What SQL in a body would do is said by the analysis of SQL, in its own words.
          classes.add(sql !== undefined && resource.type !== "api_resource" ? "exec" : detail);
        }
    assert.ok(classes.has(wanted), `${[...classes].join(", ")}`);
    const least = answers[wanted] ?? held;
    for (const { examples } of operations.filter(({ class: own, sql, git }) => own === wanted && sql === undefined && git === undefined))
      for (const text of examples.matches) {
        const request = requestOfText(text);
        assert.ok(request !== undefined);
        const decided = await strictnessOf(request);
        assert.ok(
          decided.every((each, index) => each >= (least[index] ?? 2)),
          `${text}: ${decided.join("")}`,
        );
      }
  });
}

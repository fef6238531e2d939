/** Google Cloud: one host an API. SQL of Cloud SQL, BigQuery and Spanner is not PostgreSQL's in general, and counts as code that runs. */
import { gcpLookups } from "./lookups/gcp.ts";
import { gcpEveryday } from "./gcp-everyday.ts";
import { gcpRpc } from "./gcp-rpc.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { googleRefusals } from "./refusals.ts";

const op = operationsAt("https://sqladmin.googleapis.com");
const sql = "sqladmin.googleapis.com/**/projects/{p}/instances/{i}";
const i = "/v1/projects/p/instances/db";
const compute = "compute.googleapis.com/compute/**";

export const gcp: Pack = {
  provider: "gcp",
  hosts: ["*.googleapis.com"],
  slashedNames: [
    "storage.googleapis.com/storage/{v}/b/{b}/o/{o%}",
    "storage.googleapis.com/storage/{v}/b/{b}/o/{o%}/**",
    "storage.googleapis.com/storage/{v}/b/{b}/o/{o%}/rewriteTo/b/{b}/o/{o%}",
    "storage.googleapis.com/storage/{v}/b/{b}/o/{o%}/copyTo/b/{b}/o/{o%}",
    "storage.googleapis.com/download/storage/{v}/b/{b}/o/{o%}",
    "artifactregistry.googleapis.com/{v}/projects/{p}/locations/{l}/repositories/{r}/packages/{n%}",
    "artifactregistry.googleapis.com/{v}/projects/{p}/locations/{l}/repositories/{r}/packages/{n%}/**",
    "artifactregistry.googleapis.com/{v}/projects/{p}/locations/{l}/repositories/{r}/dockerImages/{n%}",
  ],
  listed: ["resourceNames", "names", "permissions", "updateMask.paths", "readMask.paths", "mask.fieldPaths", "ranges", "assetTypes"],
  sameHosts: [
    [/\.mtls\.googleapis\.com$/, ".googleapis.com"],
    [/\.[a-z0-9-]+\.rep\.googleapis\.com$/, ".googleapis.com"],
    [/^[a-z0-9-]+-([a-z0-9]+\.googleapis\.com)$/, "$1"],
  ],
  authSlots: ["authorization", "x-goog-api-key"],
  refusals: googleRefusals,
  lookups: gcpLookups,
  tokenEndpoints: ["https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token"],
  operations: [
    op(
      ["project", "destroy", "project"],
      ["DELETE cloudresourcemanager.googleapis.com/*/projects/{p}"],
      {
        matches: ["DELETE https://cloudresourcemanager.googleapis.com/v3/projects/p"],
        misses: ["GET https://cloudresourcemanager.googleapis.com/v3/projects/p"],
      },
      { many: true, undo: "30 days" },
    ),
    op(["sql", "destroy", "instance"], [`DELETE ${sql}`], { matches: [`DELETE ${i}`], misses: [`GET ${i}`] }, { many: true }),
    op(
      ["sql-change", "outage", "instance"],
      [`PATCH+PUT ${sql}`],
      { matches: [`PATCH ${i} {"settings":{"deletionProtectionEnabled":false}}`], misses: [`GET ${i}`] },
      {
        look: [
          { at: "body settings.deletionProtectionEnabled", is: [false], class: "disarm", because: "deletion protection goes off" },
          { at: "body settings.backupConfiguration.enabled", is: [false], class: "disarm", because: "backups stop" },
          {
            at: "body settings.ipConfiguration.authorizedNetworks",
            is: "present",
            class: "publish",
            because: "it changes which networks get in",
          },
        ],
      },
    ),
    op(["sqldb", "destroy", "database"], [`DELETE ${sql}/databases/{d}`, `DELETE ${sql}/backupRuns/{b}`, `DELETE ${sql}/users`], {
      matches: [`DELETE ${i}/databases/shop`, `DELETE ${i}/backupRuns/7`, `DELETE ${i}/users?name=app`],
      misses: [`GET ${i}/databases`],
    }),
    op(
      ["sqlrestore", "restore", "instance"],
      ["restoreBackup", "demote", "demoteMaster", "promoteReplica", "failover", "switchover", "resetSslConfig", "truncateLog"].map(
        (act) => `POST ${sql}/${act}`,
      ),
      { matches: [`POST ${i}/restoreBackup {}`, `POST ${i}/failover {}`, `POST ${i}/truncateLog {}`], misses: [`GET ${i}`] },
    ),
    op(
      ["sqlexec-cloud-sql", "exec", "instance"],
      [`POST ${sql}/executeSql`],
      { matches: [`POST ${i}/executeSql {"sqlStatement":"DROP TABLE t"}`], misses: [`GET ${i}`] },
      { sql: { at: ["sqlStatement"], project: "{i}", database: "database", engine: "several", rows: ["results.rows"] } },
    ),
    op(
      ["sqlexec", "exec", "instance"],
      [
        "POST bigquery.googleapis.com/bigquery/*/projects/{p}/queries",
        "POST bigquery.googleapis.com/bigquery/*/projects/{p}/jobs",
        "POST spanner.googleapis.com/**/{session}:executeSql",
        "POST spanner.googleapis.com/**/{session}:executeStreamingSql",
      ],
      {
        matches: ['POST https://bigquery.googleapis.com/bigquery/v2/projects/p/queries {"query":"DROP TABLE d.t"}'],
        misses: [`GET ${i}`],
      },
    ),
    op(
      ["disk", "destroy", "disk"],
      ["disks", "instances", "snapshots", "images"].map((kind) => `DELETE ${compute}/${kind}/{name}`),
      {
        matches: [
          "DELETE https://compute.googleapis.com/compute/v1/projects/p/zones/z/disks/d",
          "DELETE https://compute.googleapis.com/compute/v1/projects/p/global/snapshots/s",
        ],
        misses: ["GET https://compute.googleapis.com/compute/v1/projects/p/zones/z/disks/d"],
      },
    ),
    op(
      ["gcs", "destroy", "bucket"],
      ["DELETE storage.googleapis.com/storage/*/b/{b}", "DELETE storage.googleapis.com/storage/*/b/{b}/o/{o*}"],
      {
        matches: [
          "DELETE https://storage.googleapis.com/storage/v1/b/shop",
          "DELETE https://storage.googleapis.com/storage/v1/b/shop/o/a.txt",
        ],
        misses: ["GET https://storage.googleapis.com/storage/v1/b/shop"],
      },
      { undo: "soft delete, where it is set" },
    ),
    op(["gcs-change", "disarm", "bucket"], ["PATCH+PUT storage.googleapis.com/storage/*/b/{b}"], {
      matches: ['PATCH https://storage.googleapis.com/storage/v1/b/shop {"versioning":{"enabled":false}}'],
      misses: ["GET https://storage.googleapis.com/storage/v1/b/shop"],
    }),
    op(
      ["bq", "destroy", "dataset"],
      [
        "DELETE bigquery.googleapis.com/bigquery/*/projects/{p}/datasets/{d}",
        "DELETE bigquery.googleapis.com/bigquery/*/projects/{p}/datasets/{d}/tables/{t}",
      ],
      {
        matches: ["DELETE https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d?deleteContents=true"],
        misses: ["GET https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d"],
      },
      { many: true, undo: "time travel" },
    ),
    op(
      ["gke", "destroy", "cluster"],
      ["DELETE container.googleapis.com/**/clusters/{c}", "DELETE container.googleapis.com/**/nodePools/{n}"],
      {
        matches: ["DELETE https://container.googleapis.com/v1/projects/p/locations/l/clusters/c"],
        misses: ["GET https://container.googleapis.com/v1/projects/p/locations/l/clusters/c"],
      },
      { many: true },
    ),
    op(
      ["kms", "destroy", "key"],
      [
        "POST cloudkms.googleapis.com/**/cryptoKeyVersions/{v}:destroy",
        "POST secretmanager.googleapis.com/**/versions/{v}:destroy",
        "DELETE secretmanager.googleapis.com/**/secrets/{s}",
      ],
      {
        matches: [
          "POST https://cloudkms.googleapis.com/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1:destroy",
          "POST https://secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/1:destroy",
        ],
        misses: ["GET https://secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/1"],
      },
    ),
    op(
      ["secret", "credential", "secret"],
      [
        "GET+HEAD secretmanager.googleapis.com/**/versions/{v}:access",
        "POST iamcredentials.googleapis.com/**",
        "POST iam.googleapis.com/**/keys",
        "GET+HEAD apikeys.googleapis.com/**/keys/{k}/keyString",
        "POST apikeys.googleapis.com/**/keys",
        "POST storage.googleapis.com/storage/*/projects/{p}/hmacKeys",
      ],
      {
        matches: [
          "GET https://secretmanager.googleapis.com/v1/projects/p/secrets/s/versions/latest:access",
          "GET https://secretmanager.europe-west1.rep.googleapis.com/v1/projects/p/locations/l/secrets/s/versions/1%3Aaccess",
          "GET https://apikeys.mtls.googleapis.com/v2/projects/p/locations/global/keys/k/keyString",
        ],
        misses: ["GET https://secretmanager.googleapis.com/v1/projects/p/secrets"],
      },
    ),
    op(
      ["firestore", "destroy", "database"],
      [
        "DELETE firestore.googleapis.com/*/projects/{p}/databases/{d}",
        "POST firestore.googleapis.com/**/databases/{d}:bulkDeleteDocuments",
        "DELETE spanner.googleapis.com/**/databases/{d}",
        "POST bigtableadmin.googleapis.com/**/tables/{t}:dropRowRange",
        "DELETE alloydb.googleapis.com/**/clusters/{c}",
      ],
      {
        matches: [
          "DELETE https://firestore.googleapis.com/v1/projects/p/databases/d",
          "POST https://bigtableadmin.googleapis.com/v2/projects/p/instances/i/tables/t:dropRowRange {}",
          "DELETE https://alloydb.googleapis.com/v1/projects/p/locations/l/clusters/c",
        ],
        misses: ["GET https://firestore.googleapis.com/v1/projects/p/databases/d"],
      },
    ),
    op(
      ["iam", "credential", "rights"],
      ["POST /**/{resource}:setIamPolicy", "PUT /**/iam", "POST compute.googleapis.com/**/setIamPolicy"],
      {
        matches: [
          "POST https://cloudresourcemanager.googleapis.com/v3/projects/p:setIamPolicy {}",
          "PUT https://storage.googleapis.com/storage/v1/b/shop/iam {}",
        ],
        misses: ["GET https://cloudresourcemanager.googleapis.com/v3/projects/p"],
      },
    ),
    op(["disable", "disarm", "api"], ["POST serviceusage.googleapis.com/**/{name}:disable", "DELETE logging.googleapis.com/**/sinks/{s}"], {
      matches: [
        "POST https://serviceusage.googleapis.com/v1/projects/p/services/x:disable {}",
        "DELETE https://logging.googleapis.com/v2/projects/p/sinks/s",
      ],
      misses: ["GET https://logging.googleapis.com/v2/projects/p/sinks"],
    }),
    ...gcpEveryday,
    ...gcpRpc,
  ],
};

/**
 * Google Cloud's operations by their gRPC methods: of the same class as the same call by its route, where a route is known.
 * What a method is not named for here or by a family is unknown. It looks into no message.
 */
import { rpcOperations } from "./rpc.ts";

export const gcpRpc = rpcOperations("https://spanner.googleapis.com", [
  {
    class: "read",
    thing: "question",
    methods: `
      google.* Get* List* Search* BatchGet* AggregatedList* TestIamPermissions
      google.firestore.v1.Firestore BatchGetDocuments RunQuery RunAggregationQuery PartitionQuery Listen
      google.datastore.v1.Datastore Lookup RunQuery RunAggregationQuery
      google.spanner.v1.Spanner Read StreamingRead PartitionRead PartitionQuery
      google.bigtable.v2.Bigtable ReadRows SampleRowKeys
      google.storage.v2.Storage ReadObject BidiReadObject QueryWriteStatus
      google.cloud.bigquery.storage.v1.BigQueryRead CreateReadSession ReadRows SplitReadStream
      google.logging.v2.LoggingServiceV2 TailLogEntries
      google.monitoring.v3.QueryService QueryTimeSeries
      google.longrunning.Operations WaitOperation`,
  },
  {
    class: "read",
    thing: "model",
    methods: `
      google.cloud.aiplatform.* Predict RawPredict StreamRawPredict ServerStreamingPredict GenerateContent StreamGenerateContent CountTokens
      google.cloud.aiplatform.* ComputeTokens EmbedContent
      google.ai.generativelanguage.* GenerateContent StreamGenerateContent CountTokens EmbedContent BatchEmbedContents`,
  },
  {
    class: "write",
    thing: "message",
    methods: `
      google.pubsub.v1.Publisher Publish
      google.logging.v2.LoggingServiceV2 WriteLogEntries
      google.monitoring.v3.MetricService CreateTimeSeries CreateServiceTimeSeries
      google.devtools.cloudtrace.v2.TraceService BatchWriteSpans CreateSpan
      google.devtools.clouderrorreporting.v1beta1.ReportErrorsService ReportErrorEvent
      opentelemetry.proto.collector.* Export`,
  },
  {
    class: "write",
    thing: "session",
    methods: `
      google.firestore.v1.Firestore BeginTransaction Rollback
      google.datastore.v1.Datastore BeginTransaction Rollback AllocateIds
      google.spanner.v1.Spanner CreateSession BatchCreateSessions DeleteSession BeginTransaction Rollback
      google.bigtable.v2.Bigtable PingAndWarm`,
  },
  {
    class: "exec",
    thing: "database",
    methods: `
      google.spanner.v1.Spanner ExecuteSql ExecuteStreamingSql ExecuteBatchDml
      google.spanner.admin.database.v1.DatabaseAdmin UpdateDatabaseDdl
      google.bigtable.v2.Bigtable ExecuteQuery
      google.cloud.bigquery.v2.JobService Query InsertJob
      google.cloud.sql.* ExecuteSql`,
  },
  {
    class: "destroy",
    thing: "resource",
    methods: `
      google.* Delete* BatchDelete* BulkDelete* Purge* Destroy*
      google.spanner.admin.database.v1.DatabaseAdmin DropDatabase
      google.bigtable.admin.v2.BigtableTableAdmin DropRowRange`,
  },
  {
    class: "restore",
    thing: "instance",
    methods: `
      google.cloud.sql.* RestoreBackup Demote DemoteMaster PromoteReplica Failover Switchover ResetSslConfig TruncateLog
      google.cloud.redis.* ImportInstance FailoverInstance`,
  },
  {
    class: "disarm",
    thing: "safeguard",
    methods: `
      google.api.serviceusage.* DisableService BatchDisableServices
      google.logging.v2.ConfigServiceV2 DeleteSink DeleteBucket DeleteExclusion UpdateSink UpdateBucket CreateExclusion
      google.storage.v2.Storage UpdateBucket`,
  },
  {
    class: "credential",
    thing: "secret",
    methods: `
      google.* SetIamPolicy
      google.cloud.secretmanager.* AccessSecretVersion
      google.iam.credentials.v1.IAMCredentials GenerateAccessToken GenerateIdToken SignBlob SignJwt
      google.iam.admin.v1.IAM CreateServiceAccountKey UploadServiceAccountKey DeleteServiceAccountKey SignBlob SignJwt
      google.api.apikeys.v2.ApiKeys GetKeyString CreateKey DeleteKey UpdateKey
      google.cloud.redis.* GetInstanceAuthString
      google.cloud.alloydb.* GenerateClientCertificate
      google.storage.v2.Storage CreateHmacKey`,
  },
]);

/**
 * What deleting a resource of an infrastructure tool takes along, by its type: Terraform's, OpenTofu's and Pulumi's own names.
 * A type that stands in no list is not taken for harmless: what it holds is unknown.
 */

/** What is gone with the thing. */
export type Holds =
  /** Rows, files, messages, keys without which files cannot be read. */
  | "data"
  /** Everything that lies in it: an account, a project, a namespace. */
  | "everything"
  /** Rights and secrets. */
  | "rights"
  /** Nothing that a second apply would not make again. */
  | "nothing";

/** Patterns of types, `*` any characters; the first list that has one tells. */
export const infraTypes: readonly (readonly [holds: Holds, patterns: readonly string[]])[] = [
  [
    "everything",
    [
      ...["aws_organizations_account", "google_project", "azurerm_resource_group", "azurerm_subscription", "kubernetes_namespace*"],
      ...["digitalocean_project", "railway_project", "railway_environment", "render_project", "neon_project", "supabase_project"],
      ...["heroku_app", "fly_app", "vercel_project", "netlify_site", "mongodbatlas_project", "helm_release", "github_repository"],
      ...["gcp:organizations/project:*", "azure-native:resources:ResourceGroup", "azure:core/resourceGroup:*"],
      ...["kubernetes:core/v1:Namespace", "kubernetes:helm.sh/*", "github:index/repository:*", "docker_volume", "docker:index/volume:*"],
    ],
  ],
  [
    "data",
    [
      ...["aws_db_instance", "aws_db_snapshot", "aws_db_cluster_snapshot", "aws_rds_cluster", "aws_rds_global_cluster", "aws_dynamodb_*"],
      ...["aws_s3_bucket", "aws_s3_object*", "aws_s3_directory_bucket", "aws_ebs_volume", "aws_ebs_snapshot*", "aws_efs_file_system"],
      ...[
        "aws_fsx_*",
        "aws_elasticache_cluster",
        "aws_elasticache_replication_group",
        "aws_elasticache_serverless_cache",
        "aws_memorydb_*",
      ],
      ...["aws_opensearch_domain", "aws_elasticsearch_domain", "aws_redshift_cluster", "aws_redshiftserverless_namespace", "aws_docdb_*"],
      ...[
        "aws_neptune_cluster*",
        "aws_timestreamwrite_*",
        "aws_keyspaces_*",
        "aws_kms_key",
        "aws_secretsmanager_secret*",
        "aws_ssm_parameter",
      ],
      ...["aws_backup_vault", "aws_glacier_vault", "aws_kinesis_stream", "aws_msk_cluster", "aws_mq_broker", "aws_sqs_queue"],
      ...["aws_cognito_user_pool", "aws_ecr_repository", "aws_lightsail_database", "aws_lightsail_disk", "aws_codecommit_repository"],
      ...["aws_cloudwatch_log_group", "aws_workspaces_workspace", "aws_instance", "aws_ami", "aws_lightsail_instance"],
      ...["google_sql_*", "google_storage_bucket*", "google_bigquery_dataset", "google_bigquery_table", "google_spanner_*"],
      ...["google_bigtable_*", "google_firestore_*", "google_compute_disk", "google_compute_region_disk", "google_compute_snapshot"],
      ...["google_compute_instance", "google_filestore_*", "google_redis_*", "google_alloydb_*", "google_pubsub_*", "google_kms_*"],
      ...["google_secret_manager_*", "google_artifact_registry_repository", "google_logging_project_bucket_config"],
      ...["azurerm_postgresql_*", "azurerm_mysql_*", "azurerm_mariadb_*", "azurerm_mssql_*", "azurerm_cosmosdb_*", "azurerm_storage_*"],
      ...["azurerm_managed_disk", "azurerm_snapshot", "azurerm_redis_*", "azurerm_key_vault*", "azurerm_recovery_services_vault"],
      ...[
        "azurerm_data_protection_backup_*",
        "azurerm_kusto_*",
        "azurerm_synapse_*",
        "azurerm_*virtual_machine",
        "azurerm_container_registry",
      ],
      ...["azurerm_eventhub*", "azurerm_servicebus_*", "azurerm_log_analytics_workspace"],
      ...["kubernetes_persistent_volume*", "kubernetes_stateful_set*", "kubernetes_secret*", "kubernetes_config_map*"],
      ...["digitalocean_database_*", "digitalocean_volume*", "digitalocean_spaces_bucket*", "digitalocean_droplet*"],
      ...["heroku_addon", "neon_branch", "neon_database", "supabase_branch", "planetscale_*", "railway_volume", "railway_service"],
      ...["render_postgres", "render_redis", "render_keyvalue", "fly_volume", "cloudflare_r2_bucket", "cloudflare_d1_database"],
      ...["cloudflare_workers_kv*", "cloudflare_zone", "vercel_*store*", "mongodbatlas_*cluster", "snowflake_database", "snowflake_schema"],
      ...[
        "snowflake_table",
        "databricks_*",
        "postgresql_database",
        "postgresql_schema",
        "mysql_database",
        "hcloud_volume",
        "hcloud_server",
      ],
      ...["linode_volume", "linode_instance", "linode_database*", "scaleway_rdb_*", "scaleway_object_bucket", "scaleway_instance_volume"],
      ...["ovh_cloud_project_database", "aiven_pg", "aiven_mysql", "aiven_kafka", "elasticstack_elasticsearch_index", "minio_s3_bucket"],
      ...["aws:rds/*", "aws:dynamodb/*", "aws:s3/bucket*", "aws:s3/object*", "aws:ebs/*", "aws:efs/fileSystem:*", "aws:fsx/*"],
      ...["aws:elasticache/*", "aws:memorydb/*", "aws:opensearch/domain:*", "aws:redshift/cluster:*", "aws:docdb/*", "aws:neptune/*"],
      ...[
        "aws:kms/key:*",
        "aws:secretsmanager/secret:*",
        "aws:ec2/instance:*",
        "aws:sqs/queue:*",
        "aws:kinesis/stream:*",
        "aws:ecr/repository:*",
      ],
      ...["aws:backup/vault:*", "aws:cognito/userPool:*", "aws-native:rds:*", "aws-native:s3:Bucket", "aws-native:dynamodb:*"],
      ...["gcp:sql/*", "gcp:storage/bucket*", "gcp:bigquery/*", "gcp:spanner/*", "gcp:bigtable/*", "gcp:firestore/*", "gcp:compute/disk:*"],
      ...["gcp:compute/instance:*", "gcp:filestore/*", "gcp:redis/*", "gcp:alloydb/*", "gcp:pubsub/*", "gcp:kms/*", "gcp:secretmanager/*"],
      ...["azure-native:dbfor*", "azure-native:sql:*", "azure-native:storage:*", "azure-native:documentdb:*", "azure-native:keyvault:*"],
      ...["azure-native:compute:Disk", "azure-native:compute:VirtualMachine", "azure-native:recoveryservices:*", "azure-native:cache:*"],
      ...["azure:postgresql/*", "azure:mysql/*", "azure:mssql/*", "azure:cosmosdb/*", "azure:storage/*", "azure:keyvault/*"],
      ...[
        "kubernetes:core/v1:PersistentVolume*",
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:core/v1:Secret",
        "kubernetes:core/v1:ConfigMap",
      ],
      ...["digitalocean:index/database*", "digitalocean:index/volume*", "digitalocean:index/droplet:*", "digitalocean:index/spacesBucket*"],
      ...["postgresql:index/database:*", "postgresql:index/schema:*", "neon:*", "hcloud:index/volume:*", "hcloud:index/server:*"],
    ],
  ],
  [
    "rights",
    [
      ...["aws_iam_*", "aws_ssoadmin_*", "google_*_iam_*", "google_service_account*", "azurerm_role_*", "azurerm_user_assigned_identity"],
      ...["azuread_*", "kubernetes_role*", "kubernetes_cluster_role*", "kubernetes_service_account*", "vault_*", "github_actions_secret"],
      ...["*_api_key", "*_api_token", "*_access_key", "*_deploy_key", "*_ssh_key", "random_password", "tls_private_key", "postgresql_role"],
      ...["postgresql_grant*", "aws:iam/*", "gcp:*iam*", "gcp:serviceaccount/*", "azure-native:authorization:*", "azuread:*"],
      ...["kubernetes:rbac.authorization.k8s.io/*", "kubernetes:core/v1:ServiceAccount", "random:index/randomPassword:*", "tls:*"],
    ],
  ],
  [
    "nothing",
    [
      ...["null_resource", "terraform_data", "random_id", "random_pet", "random_integer", "random_string", "random_uuid", "time_*"],
      ...["aws_route53_record", "aws_security_group*", "aws_vpc_security_group_*", "aws_route*", "aws_subnet", "aws_vpc", "aws_eip*"],
      ...["aws_internet_gateway", "aws_nat_gateway", "aws_lb*", "aws_alb*", "aws_lambda_function", "aws_lambda_permission", "aws_ecs_*"],
      ...["aws_cloudwatch_metric_alarm", "aws_cloudwatch_event_*", "aws_launch_template", "aws_autoscaling_*", "aws_acm_certificate*"],
      ...["google_compute_firewall", "google_compute_network", "google_compute_subnetwork", "google_dns_record_set", "google_cloud_run_*"],
      ...["azurerm_network_*", "azurerm_subnet*", "azurerm_virtual_network*", "azurerm_dns_*_record", "azurerm_public_ip"],
      ...["kubernetes_deployment*", "kubernetes_service", "kubernetes_service_v1", "kubernetes_ingress*", "kubernetes_cron_job*"],
      ...["kubernetes_job*", "cloudflare_record", "cloudflare_dns_record", "digitalocean_record", "digitalocean_firewall"],
      ...["pulumi:pulumi:Stack", "pulumi:providers:*", "aws:route53/record:*", "aws:ec2/securityGroup*", "aws:ec2/subnet:*"],
      ...["aws:lb/*", "aws:lambda/function:*", "aws:ecs/*", "gcp:dns/recordSet:*", "gcp:cloudrun/*", "kubernetes:apps/v1:Deployment"],
      ...["kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/*", "random:index/randomId:*", "random:index/randomPet:*"],
    ],
  ],
];

/** A setting that keeps a thing or its copies: `to` is the value that ends it. */
export interface Safeguard {
  /** Of an attribute's name, whatever its case and underscores. */
  readonly name: RegExp;
  readonly to: boolean | "less";
  readonly because: string;
}

export const safeguards: readonly Safeguard[] = [
  {
    name: /(deletion|termination|delete|purge)protection(enabled)?$|^disableapitermination$|^preventdeletion$/,
    to: false,
    because: "deletion protection is switched off",
  },
  { name: /^(pointintimerecovery|continuousbackups|backup)enabled$|^storageautobackup$/, to: false, because: "backups are switched off" },
  { name: /retention(period|days|indays|inhours|count)?$|^retainedbackups$/, to: "less", because: "copies are kept for a shorter time" },
  { name: /^skipfinalsnapshot$/, to: true, because: "no final snapshot would be taken any more" },
  { name: /^deleteautomatedbackups$/, to: true, because: "its backups would go with it" },
  { name: /^forcedestroy$|^forcedelete$|^allowdestroy$/, to: true, because: "it could be deleted with all that is in it" },
];
